"""What the payment process needs of whoever moves the money. Each adapter is held to one contract suite.

Every call that moves money carries an idempotency key: the same key again does nothing again and answers the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.payment_attempt import Charge, Report
from domain.payment_steps import GiveBack

JUST_NOW = timedelta()
"""The age of what is asked for the first time."""
NEVER_MADE = "never_made"
"""The reason of an attempt that no answer ever came to, and of which the provider has nothing."""


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
class Returned:
    """A refund that the provider had taken on and that came back: the guest's bank did not take it, for example."""

    refund: UUID
    tries: int
    """Which try it was."""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What a signed callback says. Nothing in it is believed before the signature was verified."""

    id: str
    """The provider's id of the event."""
    report: Report | None
    """Absent: it tells of no payment."""
    reservation: UUID | None = None
    """From the metadata that we gave the payment, or the refund."""
    attempt: UUID | None = None
    returned: Returned | None = None
    """Absent: it tells of no refund that came back. Without this and a report it concerns nobody here."""


class PaymentProvider(Protocol):
    """Moves money. `at` is the product's time. All but `check` raise ProviderAway.

    Providers do not remember keys for ever: what was asked long ago may be asked again all the same.
    """

    def check(self, method: str, params: Mapping[str, str]) -> None:
        """Raise Invalid for a method, or parameters, that this provider can never take."""
        ...

    async def start(self, attempt: UUID, charge: Charge, at: datetime, age: timedelta = JUST_NOW) -> Answered:
        """Take the money, or authorise it; the attempt's id is the key and stands in the payment's metadata.

        `age` says how long ago it was asked for first.
        """
        ...

    async def find(self, attempt: UUID, charge: Charge, at: datetime, age: timedelta) -> Answered:
        """What became of a start that had no answer, without taking the money now: failed if there is nothing.

        Raises ProviderAway as well while it may still come to light. After an answer no start of that attempt takes
        money without a callback that says so.
        """
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

    async def refund(self, intent: str, charge: Charge, back: GiveBack, at: datetime) -> Refunding:
        """Give so much of the charge back; what it is about stands in the refund's metadata."""
        ...

    async def believe(self, attempt: UUID, charge: Charge, report: Report, at: datetime) -> None:
        """A verified callback said so. A provider outside knows that already; the simulator takes it on."""
        ...

    async def returned(self, intent: str, back: Returned) -> None:
        """A verified callback said that a refund came back. As above."""
        ...


class Callbacks(Protocol):
    """Reads what providers call back with."""

    def read(self, body: bytes, signature: str) -> Notice:
        """What the callback says. Raises Invalid if the signature, or what it signs, is not right."""
        ...
