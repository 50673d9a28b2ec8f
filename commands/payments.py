"""Paying for a stay: start, refresh, hear from the provider."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from commands.payment_answers import declined, told_of
from commands.payment_process import bill_of, carry_out, hear, ledger, open_attempts
from commands.payment_provider import Notice, ProviderAway
from commands.payment_records import WebAddress
from commands.ports import Answer, Unavailable
from commands.refund_returns import came_back
from commands.registry import Command, Route
from commands.wire import Id, Message, NonEmpty, RecordVersion, Whole
from commands.work import Work
from domain.access import Everyone
from domain.actor import SYSTEM
from domain.claim import Claim
from domain.errors import NotAllowed, NotThere, Refused
from domain.payment import Payment
from domain.payment_attempt import Charge, PaymentAttempt
from domain.reservation import Reservation
from domain.resources.bookings import RESERVATION, SERVICE
from domain.resources.payments import RESERVATION_PAYMENT


class PaymentUserParams(Message):
    """How the guest pays. `settleAfterSeconds` and `outcome` are the simulator's."""

    payment_method_id: NonEmpty
    settle_after_seconds: Whole | None = None
    outcome: Literal["succeeded", "failed"] | None = None
    redirect_url: WebAddress | None = None

    @property
    def kept(self) -> tuple[tuple[str, str], ...]:
        """What the provider is told beside the method."""
        said = (("settleAfterSeconds", self.settle_after_seconds), ("outcome", self.outcome))
        return tuple((name, str(value)) for name, value in said if value is not None)


class StartReservationPayment(Message):
    """Pay for a reservation."""

    reservation_id: Id
    payment_user_params: PaymentUserParams
    record_version: RecordVersion | None = None


class RefreshReservationPayment(Message):
    """Ask the provider how the payment stands."""

    reservation_id: Id
    payment_user_params: dict[str, Any] | None = None
    record_version: RecordVersion | None = None


class CallbackReservationPayment(Message):
    """A provider's event, as it came."""

    raw: bytes
    signature: str


async def start_payment(work: Work, m: StartReservationPayment) -> Answer:
    """The attempt is the command's own: who retries the command resumes its attempt."""
    reservation = await _paid_by_caller(work, m.reservation_id)
    payment = await ledger(work, reservation.id)
    attempt = await work.load(PaymentAttempt, work.cause.id, fresh=True)
    if attempt.version == 0:
        work.expect(reservation, m.record_version)
        _check_payable(work, reservation, payment)
        params = m.payment_user_params
        work.services.payments.check(params.payment_method_id, dict(params.kept))
        payment.open_attempt(attempt.id, bill_of(work, reservation))
        attempt.start(_charge(reservation, params), work.at)
    told = await carry_out(work, reservation)
    if attempt.status == "opened" and reservation.status == "pending":
        reservation.note_payment("processing")
    if attempt.status == "failed":
        return declined(attempt, told)
    return told_of(reservation.id, attempt, told)


async def refresh_payment(work: Work, m: RefreshReservationPayment) -> Answer:
    """Ask about the attempt that is open, else show the newest as it is."""
    reservation = await _paid_by_caller(work, m.reservation_id, admins=True)
    work.expect(reservation, m.record_version)
    payment = await ledger(work, reservation.id)
    told = await carry_out(work, reservation)
    attempt = await _newest(work, payment)
    if attempt.open and attempt.intent is not None:
        try:
            told = await work.services.payments.refresh(attempt.intent, work.at)
        except ProviderAway as away:
            raise Unavailable("The payment provider does not answer; try again.") from away
        await hear(work, reservation, payment, attempt, told.report)
        told = await carry_out(work, reservation) or told
    return told_of(reservation.id, attempt, told if work.actor.id == reservation.guest else None)


async def callback(work: Work, m: CallbackReservationPayment) -> Answer:
    """Believe what is signed, once. What concerns nobody here is answered too, so that it is not sent again."""
    notice = work.services.callbacks.read(m.raw, m.signature)
    work.cause = work.cause._replace(actor=SYSTEM)
    known = await work.load(Claim, Claim.id_of("callback", notice.id.encode().hex()))
    if notice.returned is not None:
        return await came_back(work, notice, notice.returned, known)
    reservation = await _reservation_of(work, notice)
    if reservation is None or notice.report is None:
        return Answer()
    payment = await ledger(work, reservation.id)
    attempt = await _attempt_of(work, payment, notice)
    if attempt is None:
        return Answer()
    if known.holder is None:
        known.take(payment.id, "ENTRY_EXISTS", "This event is known.")
        await _believe(work, reservation, payment, attempt, notice)
    return told_of(reservation.id, attempt, None)


async def _paid_by_caller(work: Work, id: UUID, *, admins: bool = False) -> Reservation:
    """The reservation, if the caller is its guest. Raises NotThere, NotAllowed."""
    reservation = await work.load(Reservation, id, fresh=True)
    if not reservation.exists:
        raise NotThere("reservation")
    facts = {"guestId": str(reservation.guest), "hostId": str(reservation.host)}
    work.admit(RESERVATION, facts, to="see")
    if work.actor.id != reservation.guest and not (admins and work.actor.admin):
        raise NotAllowed("Only its guest pays for a reservation.")
    return reservation


def _check_payable(work: Work, reservation: Reservation, payment: Payment) -> None:
    """Raises WRONG_STATE, PAYMENT_OPEN, HOLD_EXPIRED."""
    expired = reservation.status == "cancelled" and reservation.cancelled_by == "expired"
    if reservation.status in {"cancelled", "declined"} and not expired:
        raise Refused("WRONG_STATE", f"This reservation is {reservation.status}.", bookingStatus=reservation.status)
    if not payment.payable:
        raise Refused("PAYMENT_OPEN", "A payment of this reservation is open, authorised or paid already.")
    if not reservation.held_at(work.at):
        raise Refused("HOLD_EXPIRED", "The hold on these nights is over.")


def _charge(reservation: Reservation, params: PaymentUserParams) -> Charge:
    return Charge(
        reservation=reservation.id,
        guest=reservation.guest,
        amount=reservation.price.total,
        currency=reservation.price.currency,
        method=params.payment_method_id,
        manual=reservation.approval == "manual",
        params=params.kept,
        redirect_url=params.redirect_url,
    )


async def _newest(work: Work, payment: Payment) -> PaymentAttempt:
    """The attempt that is open, else the last. Raises WRONG_STATE if there is none."""
    if not payment.attempts:
        raise Refused("WRONG_STATE", "No payment of this reservation has been started.")
    attempts = await open_attempts(work, payment)
    return attempts[-1] if attempts else await work.load(PaymentAttempt, payment.attempts[-1], fresh=True)


async def _reservation_of(work: Work, notice: Notice) -> Reservation | None:
    """From what is signed: the metadata, else the payment's id if it is one of ours."""
    if notice.report is None:
        return None
    id = notice.reservation
    if id is None and notice.report.intent is not None:
        found = await work.services.documents.select(RESERVATION_PAYMENT.name, paymentId=notice.report.intent)
        id = UUID(found[-1]["orderId"]) if found else None
    reservation = await work.load(Reservation, id, fresh=True) if id is not None else None
    return reservation if reservation is not None and reservation.exists else None


async def _attempt_of(work: Work, payment: Payment, notice: Notice) -> PaymentAttempt | None:
    """The attempt that the event is about. A payment that was not started here is nobody's."""
    attempts = [await work.load(PaymentAttempt, id, fresh=True) for id in payment.attempts]
    intent = notice.report.intent if notice.report is not None else None
    known = [attempt for attempt in attempts if attempt.id == notice.attempt or attempt.intent == intent]
    # The provider may be faster with the event than with its answer.
    return next(iter(known), None) or next((attempt for attempt in attempts if attempt.intent is None), None)


async def _believe(
    work: Work, reservation: Reservation, payment: Payment, attempt: PaymentAttempt, notice: Notice
) -> None:
    report = notice.report
    if report is not None and await hear(work, reservation, payment, attempt, report):
        try:
            await work.services.payments.believe(attempt.id, attempt.charge, report, work.at)
        except ProviderAway as away:
            raise Unavailable("The payment provider does not answer; send it again.") from away
        await carry_out(work, reservation)


COMMANDS: tuple[Command, ...] = (
    Command(
        "startReservationPayment",
        "Pays for a reservation: at once, or, where the host has to accept, by an authorisation that is captured then. "
        "A declined payment is answered 402 and recorded; another may be tried while the hold lasts.",
        StartReservationPayment,
        start_payment,
        Route("PATCH", "/v1/startreservationpayment/{reservationId}", SERVICE, data_name="reservation"),
        refuses=("STALE_VERSION", "WRONG_STATE", "PAYMENT_OPEN", "HOLD_EXPIRED"),
    ),
    Command(
        "refreshReservationPayment",
        "Asks the provider how the payment of a reservation stands, after an authentication for example.",
        RefreshReservationPayment,
        refresh_payment,
        Route(
            "PATCH",
            "/v1/refreshreservationpayment/{reservationId}",
            SERVICE,
            data_name="reservation",
            may_be_silent=True,
        ),
        refuses=("STALE_VERSION", "WRONG_STATE"),
    ),
    Command(
        "callbackReservationPayment",
        "Takes an event of the payment provider, in Stripe's form and signed as Stripe signs. Each event counts once, "
        "in whatever order they come.",
        CallbackReservationPayment,
        callback,
        Route("POST", "/v1/callbackreservationpayment", SERVICE, data_name="reservation", raw=True),
        who=Everyone(),
        idempotent=False,
    ),
)
