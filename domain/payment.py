"""The money of one stay: what came in, what went back to the guest or out to the host, what is held.

In = out + held, at every moment. Amounts are minor units of the reservation's currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from domain.errors import Refused
from domain.giving_back import RESUME_AFTER, RETRY_AFTER, GivingBack, RefundCause
from domain.kernel import Aggregate, event
from domain.money import major
from domain.refunds import Kept, Payout, payout

DisputeStatus = Literal["none", "requested", "active", "resolved"]

NOTHING = Kept(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Bill:
    """What a stay costs and what becomes of it: fixed with the first attempt to pay."""

    reservation: UUID
    guest: UUID
    host: UUID
    currency: str
    parts: Kept
    """The total by who is to have it: nights and cleaning, service fee, city tax."""
    host_fee_rate: int
    payout_at: datetime
    """When the host's part falls due (UTC)."""


class Payment(Aggregate):
    """The ledger of one reservation, and what keeps its attempts, refunds and payouts apart."""

    TOPIC = "payment"

    def __init__(self) -> None:
        self.bill: Bill
        self.attempts: tuple[UUID, ...] = ()
        self.open_attempts: tuple[UUID, ...] = ()
        self.captured: Mapping[UUID, int] = {}
        """What each attempt brought in."""
        self.paying: UUID | None = None
        """The attempt whose money pays for the stay."""
        self.kept = NOTHING
        """What of it is not the guest's any more."""
        self.refunds: Mapping[UUID, GivingBack] = {}
        self.payouts: tuple[tuple[UUID, int], ...] = ()
        """What the host was paid; what was taken back is below 0."""
        self.payout_due = False
        self.disputes: Mapping[UUID, str] = {}

    @staticmethod
    def id_of(reservation: UUID) -> UUID:
        """The ledger of that reservation."""
        return uuid5(reservation, "payment")

    @property
    def money_in(self) -> int:
        """All that was captured."""
        return sum(self.captured.values())

    @property
    def refunded(self) -> int:
        """All that the guest has back."""
        return sum(r.amount for r in self.refunds.values() if not r.open)

    @property
    def paid_out(self) -> int:
        """All that the host has."""
        return sum(amount for _, amount in self.payouts)

    @property
    def held(self) -> int:
        """What came in and did not go out; never below 0."""
        return self.money_in - self.refunded - self.paid_out

    @property
    def left(self) -> int:
        """What can still be given back of what pays for the stay: refunds under way count as given."""
        if self.paying is None:
            return 0
        back = sum(r.amount for r in self.refunds.values() if r.attempt == self.paying)
        return self.captured[self.paying] - back

    @property
    def due(self) -> Payout:
        """What the host is to have, all in all."""
        back = sum(r.amount for r in self.refunds.values() if r.cause == "dispute")
        return payout(self.kept, self.bill.host_fee_rate if self.attempts else 0, back)

    @property
    def disputed(self) -> bool:
        """Whether a dispute is open: the payout waits for it."""
        return any(status in {"pending", "reviewing"} for status in self.disputes.values())

    @property
    def dispute_status(self) -> DisputeStatus:
        """What the reservation shows of all its disputes together."""
        statuses = set(self.disputes.values())
        if "reviewing" in statuses:
            return "active"
        return "requested" if "pending" in statuses else "resolved" if statuses else "none"

    @property
    def payable(self) -> bool:
        """Whether no attempt is open, authorised or paid."""
        return not self.open_attempts and self.paying is None

    def open_attempt(self, attempt: UUID, bill: Bill) -> None:
        """Begin to pay. Raises PAYMENT_OPEN while an attempt is open, authorised or paid."""
        if attempt in self.attempts:
            return
        if not self.payable:
            raise Refused("PAYMENT_OPEN", "A payment of this reservation is open, authorised or paid already.")
        self._attempt_opened(attempt=attempt, bill=bill)

    def end_attempt(self, attempt: UUID) -> None:
        """It failed, or was voided."""
        if attempt in self.open_attempts:
            self._attempt_ended(attempt=attempt)

    def reopen_attempt(self, attempt: UUID) -> None:
        """Money may come of it after all, though it had failed: the guest has paid it with another card."""
        if attempt in self.attempts and attempt not in self.open_attempts and attempt not in self.captured:
            self._attempt_reopened(attempt=attempt)

    def capture(self, attempt: UUID, amount: int, at: datetime, *, pays: bool) -> None:
        """Money came in. Unless it `pays` for the stay, all of it is to be given back. The host has none before it."""
        if attempt not in self.captured:
            self._captured(attempt=attempt, amount=amount, pays=pays, payout_at=max(self.bill.payout_at, at))

    def refund(
        self, refund: UUID, attempt: UUID, amount: int, cause: RefundCause, at: datetime, kept: Kept | None = None
    ) -> None:
        """Give the guest back so much of what an attempt brought in; `kept` is what of the stay's money stays."""
        if amount > 0 and refund not in self.refunds:
            self._refund_asked(
                refund=refund,
                attempt=attempt,
                amount=amount,
                cause=cause,
                kept=kept,
                resume_at=at + RESUME_AFTER,
                wake_at=min([at + RESUME_AFTER, *self._waiting()]),
            )
            self._settle()

    def refund_for_dispute(self, dispute: UUID, amount: int | None, at: datetime) -> int:
        """Give the guest back the amount named, else all that is left; answers how much that is, once and for all.

        Raises REFUND_TOO_LARGE if there is less left.
        """
        refund = uuid5(self.id, f"dispute {dispute}")
        if refund in self.refunds:
            return self.refunds[refund].amount
        if amount is not None and amount > self.left:
            left = self.left and major(self.left, self.bill.currency)  # of what nobody paid there is no bill
            raise Refused("REFUND_TOO_LARGE", "There is less left of this payment.", left=left)
        amount = self.left if amount is None else amount
        if self.paying is not None:
            self.refund(refund, self.paying, amount, "dispute", at)
        return amount

    def refund_done(self, refund: UUID) -> None:
        """The guest has it."""
        if self.refunds[refund].open:
            wake_at = min(self._waiting(but=refund), default=None)
            self._refunded(refund=refund, amount=self.refunds[refund].amount, wake_at=wake_at)

    def refunds_waiting(self, at: datetime) -> tuple[UUID, ...]:
        """Those that were refused or came back and wait for another try: nobody has asked the provider for that yet."""
        return tuple(id for id, refund in self.refunds.items() if refund.waits(at))

    def refund_refused(self, refund: UUID, reason: str | None, at: datetime) -> None:
        """The provider would not give it back now; the money stays held, and it is tried again."""
        if self.refunds[refund].open:
            wake_at = min([at + RETRY_AFTER, *self._waiting(but=refund)])
            self._refund_refused(refund=refund, reason=reason, resume_at=at + RETRY_AFTER, wake_at=wake_at)

    def refund_failed(self, refund: UUID, tries: int, reason: str | None, at: datetime) -> None:
        """What the provider had taken on came back: the money is held again, and given anew after a while.

        `tries` says which try that was, as it may be told late, or more than once. Told before the answer to that try,
        it is the answer.
        """
        tried = self.refunds.get(refund)
        if tried is None or tried.tries != tries:
            return
        if tried.open:
            self.refund_refused(refund, reason, at)
            return
        again = tried.again_at(at)
        wake_at = min([again, *self._waiting()])
        self._refund_failed(refund=refund, amount=tried.amount, reason=reason, resume_at=again, wake_at=wake_at)

    def fall_due(self) -> None:
        """The time has come for the host's part."""
        if self.captured and not self.payout_due:
            self._payout_fell_due()
        self._settle()

    def note_dispute(self, dispute: UUID, status: str) -> None:
        """A dispute about this stay was opened or moved. When the last one is closed, a payout that waited is made."""
        if self.disputes.get(dispute) != status:
            self._dispute_noted(dispute=dispute, status=status)
        self._settle()

    def _settle(self) -> None:
        """Pay the host what is due and was not paid yet; what was paid too much is taken back, disputed or not."""
        due = self.due
        difference = due.amount - self.paid_out
        if self.payout_due and difference and (difference < 0 or not self.disputed):
            id = uuid5(self.id, f"payout {len(self.payouts) + 1}")
            self._paid_out(payout=id, amount=difference, due=due)

    def _waiting(self, but: UUID | None = None) -> list[datetime]:
        return [r.resume_at for id, r in self.refunds.items() if r.resume_at is not None and id != but]

    @event("AttemptOpened", topic="payment.attempt_opened.v1")
    def _attempt_opened(self, attempt: UUID, bill: Bill) -> None:
        self.bill = bill
        self.attempts = (*self.attempts, attempt)
        self.open_attempts = (*self.open_attempts, attempt)

    @event("AttemptEnded", topic="payment.attempt_ended.v1")
    def _attempt_ended(self, attempt: UUID) -> None:
        self.open_attempts = tuple(a for a in self.open_attempts if a != attempt)

    @event("AttemptReopened", topic="payment.attempt_reopened.v1")
    def _attempt_reopened(self, attempt: UUID) -> None:
        self.open_attempts = (*self.open_attempts, attempt)

    @event("Captured", topic="payment.captured.v1")
    def _captured(self, attempt: UUID, amount: int, pays: bool, payout_at: datetime) -> None:
        self.captured = {**self.captured, attempt: amount}
        self.open_attempts = tuple(a for a in self.open_attempts if a != attempt)
        if pays:
            self.paying, self.kept = attempt, self.bill.parts

    @event("RefundAsked", topic="payment.refund_asked.v1")
    def _refund_asked(
        self,
        refund: UUID,
        attempt: UUID,
        amount: int,
        cause: RefundCause,
        kept: Kept | None,
        resume_at: datetime,
        wake_at: datetime,
    ) -> None:
        self.refunds = {**self.refunds, refund: GivingBack(attempt, amount, cause, resume_at)}
        self.kept = kept or self.kept

    @event("Refunded", topic="payment.refunded.v1")
    def _refunded(self, refund: UUID, amount: int, wake_at: datetime | None) -> None:
        self.refunds = {**self.refunds, refund: self.refunds[refund].given()}

    @event("RefundRefused", topic="payment.refund_refused.v1")
    def _refund_refused(self, refund: UUID, reason: str | None, resume_at: datetime, wake_at: datetime) -> None:
        self.refunds = {**self.refunds, refund: self.refunds[refund].refused(resume_at)}

    @event("RefundFailed", topic="payment.refund_failed.v1")
    def _refund_failed(
        self, refund: UUID, amount: int, reason: str | None, resume_at: datetime, wake_at: datetime
    ) -> None:
        self.refunds = {**self.refunds, refund: self.refunds[refund].returned(resume_at)}

    @event("PayoutFellDue", topic="payment.payout_fell_due.v1")
    def _payout_fell_due(self) -> None:
        self.payout_due = True

    @event("PaidOut", topic="payment.paid_out.v1")
    def _paid_out(self, payout: UUID, amount: int, due: Payout) -> None:
        self.payouts = (*self.payouts, (payout, amount))

    @event("DisputeNoted", topic="payment.dispute_noted.v1")
    def _dispute_noted(self, dispute: UUID, status: str) -> None:
        self.disputes = {**self.disputes, dispute: status}
