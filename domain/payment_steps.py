"""What the payment process does next: a pure function of what is recorded, so that it resumes where it was cut off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.payment import Payment
from domain.payment_attempt import PaymentAttempt


@dataclass(frozen=True, slots=True)
class Start:
    """Ask the provider for the money."""

    attempt: PaymentAttempt

    @property
    def key(self) -> str:
        """The idempotency key: one attempt is started once."""
        return str(self.attempt.id)


@dataclass(frozen=True, slots=True)
class Capture:
    """Take what is authorised."""

    attempt: PaymentAttempt

    @property
    def key(self) -> str:
        """The idempotency key: one attempt is captured once."""
        return f"{self.attempt.id}:capture"


@dataclass(frozen=True, slots=True)
class Void:
    """Let go of it."""

    attempt: PaymentAttempt

    @property
    def key(self) -> str:
        """The idempotency key: one attempt is voided once. What was refused is asked for under a new key."""
        again = self.attempt.voids - 1
        return f"{self.attempt.id}:void:{again}" if again > 0 else f"{self.attempt.id}:void"


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Give the guest back what is due."""

    refund: UUID
    attempt: UUID
    amount: int
    tries: int

    @property
    def key(self) -> str:
        """The idempotency key: one refund is given once. What was refused is asked for under a new key."""
        return key_of(self.refund, self.tries)


Step = Start | Capture | Void | GiveBack


def key_of(refund: UUID, tries: int) -> str:
    """The idempotency key of that try."""
    return f"{refund}:{tries}"


def next_step(payment: Payment, attempts: Iterable[PaymentAttempt], at: datetime) -> Step | None:
    """The next thing to ask of the provider; None if there is nothing to ask now.

    `attempts` are the open ones of that payment. A refund that was refused waits for its next try.
    """
    for attempt in attempts:
        match attempt.asked:
            case "start":
                return Start(attempt)
            case "capture":
                return Capture(attempt)
            case "void":
                return Void(attempt)
    for id, refund in payment.refunds.items():
        if refund.open and not refund.waits(at):
            return GiveBack(id, refund.attempt, refund.amount, refund.tries)
    return None
