"""What the payment process needs of whoever moves the money. Each adapter is held to one contract suite.

Every call that moves money carries an idempotency key: the same key again does nothing again and answers the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.payment_attempt import Charge, Report


class ProviderAway(Exception):
    """No answer, or none that says what became of it: whoever asked asks again with the same key."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the provider says of a payment, and what the guest's browser needs to go on with it."""

    report: Report
    client_secret: str | None = None
    """Told to the guest, never stored."""
    invalid: str | None = None
    """What is wrong with the request itself, such as an unknown payment method; absent: nothing."""


@dataclass(frozen=True, slots=True)
class Refunding:
    """What the provider says of a refund."""

    done: bool
    id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What a signed callback says. Nothing in it is believed before the signature was verified."""

    id: str
    """The provider's id of the event."""
    report: Report | None
    """Absent: a kind of event that concerns nobody here."""
    reservation: UUID | None = None
    """From the metadata that we gave the payment."""
    attempt: UUID | None = None


class PaymentProvider(Protocol):
    """Moves money. `at` is the product's time. All but `check` raise ProviderAway."""

    def check(self, method: str, params: Mapping[str, str]) -> None:
        """Raise Invalid for a method, or parameters, that this provider can never take."""
        ...

    async def start(self, attempt: UUID, charge: Charge, at: datetime) -> Answered:
        """Take the money, or authorise it; the attempt's id is the key and stands in the payment's metadata."""
        ...

    async def retrieve(self, intent: str, at: datetime) -> Answered:
        """How a payment stands. Changes nothing."""
        ...

    async def refresh(self, intent: str, at: datetime) -> Answered:
        """How it stands after the guest says that their part, such as an authentication, is done."""
        ...

    async def capture(self, intent: str, key: str, at: datetime) -> Answered:
        """Take what is authorised: captured, or failed and the authorisation gone."""
        ...

    async def void(self, intent: str, key: str, at: datetime) -> Answered:
        """Let go of it: voided, or as it stands if it cannot be voided."""
        ...

    async def refund(self, intent: str, amount: int, currency: str, key: str, at: datetime) -> Refunding:
        """Give so much back."""
        ...

    async def believe(self, attempt: UUID, charge: Charge, report: Report, at: datetime) -> None:
        """A verified callback said so. A provider outside knows that already; the simulator takes it on."""
        ...


class Callbacks(Protocol):
    """Reads what providers call back with."""

    def read(self, body: bytes, signature: str) -> Notice:
        """What the callback says. Raises Invalid if the signature, or what it signs, is not right."""
        ...
