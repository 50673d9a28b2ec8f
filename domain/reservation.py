"""A stay asked for by a guest: held, paid or accepted, stayed or called off.

    none → pending → confirmed → complete      pending → declined      pending, confirmed → cancelled

Nothing leaves complete, declined or cancelled, save that a late payment revives what expired.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.agreement import Agreement, Links
from domain.errors import Refused
from domain.kernel import Aggregate, event
from domain.listing import ApprovalType
from domain.pricing import Price
from domain.refunds import LATE_PAYMENT, NEVER_CONFIRMED, Refund, in_full, refund
from domain.stay import Stay
from domain.terms import Terms
from domain.zones import end_of_day

Status = Literal["none", "pending", "confirmed", "complete", "cancelled", "declined"]
PaymentConfirmation = Literal["pending", "processing", "paid", "canceled"]
DisputeStatus = Literal["none", "requested", "active", "resolved"]
CancelledBy = Literal["guest", "host", "admin", "expired"]


class Reservation(Aggregate):
    """What was agreed, how far it has come, and until when its nights are held."""

    TOPIC = "reservation"

    def __init__(self) -> None:
        self.status: Status = "none"
        self.agreement: Agreement
        self.links = Links()
        self.hold_expires_at: datetime
        """Until then its nights are held while it is pending (UTC)."""
        self.acceptable_until: datetime
        """How far an authorised payment extends the hold (UTC)."""
        self.payment_confirmation: PaymentConfirmation = "pending"
        self.confirmed_at: datetime | None = None
        self.completes_at: datetime
        """Check-out, or when it was confirmed if that came after it (UTC)."""
        self.cancelled_by: CancelledBy | None = None
        self.refund: Refund | None = None
        self.dispute_status: DisputeStatus = "none"
        self.deleted = False

    @property
    def exists(self) -> bool:
        """Asked for; it stays readable for ever."""
        return self.status != "none"

    @property
    def listing(self) -> UUID:
        """Where."""
        return self.agreement.listing

    @property
    def guest(self) -> UUID:
        """Who asked."""
        return self.agreement.guest

    @property
    def host(self) -> UUID:
        """Whose listing it is."""
        return self.agreement.host

    @property
    def stay(self) -> Stay:
        """When, on the listing's own clock."""
        return self.agreement.stay

    @property
    def price(self) -> Price:
        """What was agreed to be paid."""
        return self.agreement.price

    @property
    def approval(self) -> ApprovalType:
        """Whether payment confirms it, or the host."""
        return self.agreement.approval

    @property
    def check_in_at(self) -> datetime:
        """The instant of check-in (UTC)."""
        return self.stay.check_in

    @property
    def check_out_at(self) -> datetime:
        """The instant of check-out (UTC)."""
        return self.stay.check_out

    def held_at(self, at: datetime) -> bool:
        """Whether it is pending and its hold lasts at that instant."""
        return self.status == "pending" and at < self.hold_expires_at

    def lapsed_at(self, at: datetime) -> bool:
        """Whether its hold is over, acted on or not yet."""
        return self.status == "pending" and at >= self.hold_expires_at

    def over_at(self, at: datetime) -> bool:
        """Whether the guests have checked out, acted on or not yet."""
        return self.status == "confirmed" and at >= self.completes_at

    def check_held(self, at: datetime) -> None:
        """It waits for an answer, and may still have one. Raises WRONG_STATE, HOLD_EXPIRED."""
        self._expect("pending")
        if self.lapsed_at(at):
            raise Refused("HOLD_EXPIRED", "The hold on its nights is over.", holdExpiresAt=self.hold_expires_at)

    def check_cancellable(self, at: datetime) -> None:
        """It can be called off. Raises WRONG_STATE."""
        self._expect("pending", "confirmed")
        if self.over_at(at):
            raise Refused("WRONG_STATE", "This stay is over.", bookingStatus="complete")

    def refund_for(self, by: CancelledBy, at: datetime) -> Refund:
        """What a cancellation by guest, host or admin gives back, and what it leaves. Raises WRONG_STATE."""
        self.check_cancellable(at)
        policy = self.agreement.cancellation
        return refund(self.price, policy, self.stay, confirmed_at=self.confirmed_at, cancelled_at=at, by=by)

    def request(self, agreement: Agreement, links: Links, *, at: datetime, terms: Terms) -> None:
        """Ask for the stay, and hold its nights for a while. What may speak against it: `domain.booking_rules`."""
        if self.exists:
            return
        last_day = end_of_day(agreement.stay.zone, agreement.stay.nights.start)
        self._requested(
            agreement=agreement,
            links=links,
            hold_expires_at=at + terms.hold,
            acceptable_until=min(at + terms.manual_hold, last_day),
        )

    def authorised(self) -> None:
        """A payment is authorised, and waits for the host until the hold's end, which is never moved forward.

        Recorded though it may change nothing: else an end of the reservation at the same time would not be noticed, and
        nobody would let go of the payment.
        """
        self._expect("pending")
        self._authorised(hold_expires_at=max(self.hold_expires_at, self.acceptable_until))

    def capture_failed(self, *, at: datetime, retry: timedelta) -> None:
        """The host accepted, but the money did not come: for a while the guest may pay in another way."""
        self._expect("pending")
        self._capture_failed(hold_expires_at=at + retry)

    def confirm(self, *, at: datetime) -> None:
        """It is paid for, and nobody's leave is needed any more."""
        if self.status != "confirmed":
            self._expect("pending")
            self._confirmed(at=at, completes_at=max(self.check_out_at, at))

    def revive(self, *, at: datetime) -> None:
        """A late payment came for an expired one, and its nights were still free."""
        if self.status != "cancelled" or self.cancelled_by != "expired" or self.approval != "instant":
            raise Refused("WRONG_STATE", "Only an instant reservation that has expired can be revived.")
        self._revived(at=at, completes_at=max(self.check_out_at, at))

    def decline(self, *, at: datetime, payment_confirmation: PaymentConfirmation) -> None:
        """The host does not want it; what was paid already goes back."""
        if self.status != "declined":
            self._expect("pending")
            self._declined(payment_confirmation=payment_confirmation)
            if payment_confirmation == "paid":
                self._paid_in_vain(refund=in_full(self.price, NEVER_CONFIRMED, at))

    def cancel(
        self,
        *,
        by: CancelledBy,
        at: datetime,
        refund: Refund | None,
        payment_confirmation: PaymentConfirmation,
        deleted: bool = False,
    ) -> None:
        """Call it off. `refund` is what the policy gives back, if it was asked. Raises WRONG_STATE."""
        if self.status == "cancelled":
            return
        self.check_cancellable(at)
        in_vain = self.status == "pending" and payment_confirmation == "paid"
        refund = in_full(self.price, NEVER_CONFIRMED, at) if in_vain else refund
        self._cancelled(by=by, refund=refund, payment_confirmation=payment_confirmation, deleted=deleted)

    def complete(self, *, at: datetime) -> None:
        """The guests have checked out; before that, and for what never was confirmed, nothing happens."""
        if self.over_at(at):
            self._completed()

    def note_payment(self, confirmation: PaymentConfirmation) -> None:
        """How far the payment has come, where nothing else changes."""
        if self.payment_confirmation != confirmation:
            self._payment_noted(payment_confirmation=confirmation)

    def paid_in_vain(self, *, at: datetime) -> None:
        """Money came after it had ended, and all of it goes back."""
        if self.status in {"cancelled", "declined"} and self.payment_confirmation != "paid":
            ended = self.hold_expires_at if self.cancelled_by == "expired" else at  # unknown where the host declined
            ended = self.refund.trace.cancelled_at if self.refund is not None else ended
            self._paid_in_vain(refund=in_full(self.price, LATE_PAYMENT, ended))

    def note_dispute(self, status: DisputeStatus) -> None:
        """What there is of disputes about it."""
        if self.dispute_status != status:
            self._dispute_noted(dispute_status=status)

    def link(self, links: Links) -> None:
        """Name calendars kept elsewhere."""
        if self.links != links:
            self._linked(links=links)

    @event("Requested", topic="reservation.requested.v1")
    def _requested(
        self, agreement: Agreement, links: Links, hold_expires_at: datetime, acceptable_until: datetime
    ) -> None:
        self.status = "pending"
        self.agreement, self.links = agreement, links
        self.hold_expires_at, self.acceptable_until = hold_expires_at, acceptable_until

    @event("Authorised", topic="reservation.authorised.v1")
    def _authorised(self, hold_expires_at: datetime) -> None:
        self.payment_confirmation, self.hold_expires_at = "processing", hold_expires_at

    @event("CaptureFailed", topic="reservation.capture_failed.v1")
    def _capture_failed(self, hold_expires_at: datetime) -> None:
        self.payment_confirmation, self.hold_expires_at = "pending", hold_expires_at

    @event("Confirmed", topic="reservation.confirmed.v1")
    def _confirmed(self, at: datetime, completes_at: datetime) -> None:
        self.status, self.payment_confirmation = "confirmed", "paid"
        self.confirmed_at, self.completes_at = at, completes_at

    @event("Revived", topic="reservation.revived.v1")
    def _revived(self, at: datetime, completes_at: datetime) -> None:
        self.status, self.payment_confirmation = "confirmed", "paid"
        self.confirmed_at, self.completes_at = at, completes_at
        self.cancelled_by = self.refund = None

    @event("Declined", topic="reservation.declined.v1")
    def _declined(self, payment_confirmation: PaymentConfirmation) -> None:
        self.status, self.payment_confirmation = "declined", payment_confirmation

    @event("Cancelled", topic="reservation.cancelled.v1")
    def _cancelled(
        self, by: CancelledBy, refund: Refund | None, payment_confirmation: PaymentConfirmation, deleted: bool
    ) -> None:
        self.status, self.payment_confirmation = "cancelled", payment_confirmation
        self.cancelled_by, self.refund, self.deleted = by, refund, deleted

    @event("Completed", topic="reservation.completed.v1")
    def _completed(self) -> None:
        self.status = "complete"

    @event("PaymentNoted", topic="reservation.payment_noted.v1")
    def _payment_noted(self, payment_confirmation: PaymentConfirmation) -> None:
        self.payment_confirmation = payment_confirmation

    @event("PaidInVain", topic="reservation.paid_in_vain.v1")
    def _paid_in_vain(self, refund: Refund) -> None:
        self.payment_confirmation, self.refund = "paid", refund

    @event("DisputeNoted", topic="reservation.dispute_noted.v1")
    def _dispute_noted(self, dispute_status: DisputeStatus) -> None:
        self.dispute_status = dispute_status

    @event("Linked", topic="reservation.linked.v1")
    def _linked(self, links: Links) -> None:
        self.links = links

    def _expect(self, *statuses: Status) -> None:
        if self.status not in statuses:
            message = f"This reservation is {self.status}; that needs one that is {' or '.join(statuses)}."
            raise Refused("WRONG_STATE", message, bookingStatus=self.status)
