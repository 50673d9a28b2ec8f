"""The ports that handlers reach through their work, in one bundle that the composition root fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commands.credentials import Identity
    from commands.listings import Zones
    from commands.payment_provider import Callbacks, PaymentProvider
    from commands.ports import Documents, Ids
    from commands.quotes import QuoteSigner
    from commands.saved_filters import Filters
    from domain.terms import Terms


@dataclass(frozen=True, slots=True)
class Services:
    """What a handler may use of the world."""

    new_id: Ids
    terms: Terms
    documents: Documents
    identity: Identity
    zones: Zones
    quotes: QuoteSigner
    payments: PaymentProvider
    callbacks: Callbacks
    filters: Filters
