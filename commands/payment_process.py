"""The payment process: what is intended is recorded, then asked of the provider, then what came of it is recorded.

Whoever is cut off in between is resumed by a deadline, with the same idempotency key. What an outcome means for the
reservation is decided in the transaction that records the outcome, so that a stay is never confirmed and refunded both.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from commands import stays
from commands.payment_books import book_charge, book_failure, book_payouts, book_refund
from commands.payment_provider import Answered, ProviderAway
from commands.ports import Unavailable
from commands.work import Work
from domain.errors import Refused
from domain.payment import NOTHING, Bill, Payment
from domain.payment_attempt import PaymentAttempt, Report
from domain.payment_steps import Capture, GiveBack, Start, Step, Void, next_step
from domain.refunds import Refund, all_kept
from domain.reservation import PaymentConfirmation, Reservation
from domain.zones import local_date

MOST_STEPS = 20
"""More than any payment takes at once; a process that goes on and on would be a mistake."""


async def ledger(work: Work, reservation: UUID) -> Payment:
    """The money of a reservation, as the log has it now."""
    return await work.load(Payment, Payment.id_of(reservation), fresh=True)


async def open_attempts(work: Work, payment: Payment) -> list[PaymentAttempt]:
    """Those that money may still come of."""
    loads = (work.load(PaymentAttempt, id, fresh=True) for id in payment.open_attempts)
    return list(await asyncio.gather(*loads))


def bill_of(work: Work, reservation: Reservation) -> Bill:
    """What the stay costs, by who is to have it."""
    return Bill(
        reservation=reservation.id,
        guest=reservation.guest,
        host=reservation.host,
        currency=reservation.price.currency,
        parts=all_kept(reservation.price),
        host_fee_rate=reservation.price.host_fee_rate,
        payout_at=reservation.check_in_at + work.services.terms.payout_delay,
    )


async def accept(work: Work, reservation: Reservation) -> bool:
    """The host accepts: capture what is authorised, and confirm. False if the capture failed: it stays pending.

    Raises PAYMENT_NOT_AUTHORISED; Unavailable if the provider does not answer: it is asked again.
    """
    payment = await ledger(work, reservation.id)
    if payment.paying is not None:
        await stays.confirm(work, reservation)
        return True
    attempts = await open_attempts(work, payment)
    authorised = next((a for a in attempts if a.status == "authorised" and a.wanted), None)
    if authorised is None:
        raise Refused("PAYMENT_NOT_AUTHORISED", "The guest's payment is not authorised; nothing can be captured.")
    authorised.ask_capture(work.at)
    await resume(work, reservation)
    return reservation.status == "confirmed"


async def unwind(
    work: Work, reservation: Reservation, refund: Refund | None = None, *, expired: bool = False
) -> PaymentConfirmation:
    """The reservation ends: intend to void what is open and to refund what the policy gives back.

    Calls nobody: `carry_out` does. At expiry only an authorisation is voided: what is under way may still come late.
    Answers what the reservation shows of its payment from now on.
    """
    payment = await ledger(work, reservation.id)
    attempts = await open_attempts(work, payment)
    for attempt in attempts:
        if not expired or attempt.status == "authorised":
            attempt.unwant(work.at)
    if payment.paying is not None:
        await _give_back(work, payment, reservation, refund)
        return "paid"
    under_way = not expired and any(attempt.status == "processing" for attempt in attempts)
    return "processing" if under_way else "canceled"


async def carry_out(work: Work, reservation: Reservation) -> Answered | None:
    """Record what is intended and have the provider do it, one thing after another; answers its last word.

    If the provider is away the rest is resumed by its deadline.
    """
    try:
        return await _go_on(work, reservation)
    except ProviderAway:
        return None


async def resume(work: Work, reservation: Reservation) -> Answered | None:
    """As `carry_out`, but raises Unavailable if the provider is away."""
    try:
        return await _go_on(work, reservation)
    except ProviderAway as away:
        raise Unavailable("The payment provider does not answer; it will be asked again.") from away


async def _go_on(work: Work, reservation: Reservation) -> Answered | None:
    """Raises ProviderAway, when nothing is decided that is not saved. Unavailable, from the store, comes when something
    may be half decided: nobody may go on then.
    """
    payment, told = await ledger(work, reservation.id), None
    for _ in range(MOST_STEPS):
        step = next_step(payment, await open_attempts(work, payment), work.at)
        if step is None:
            return told
        await work.save()
        told = await _take(work, reservation, payment, step) or told
    raise AssertionError(f"the payment of {reservation.id} comes to no end")  # pragma: no cover


async def hear(work: Work, reservation: Reservation, payment: Payment, attempt: PaymentAttempt, report: Report) -> bool:
    """Take down what the provider says and draw the conclusions; answers whether it was news."""
    told = attempt.report(report)
    if told:
        await _conclude(work, reservation, payment, attempt)
        if report.check_at is None and attempt.status in {"requires_action", "processing"}:
            attempt.look_again(work.at)
    return told


async def _take(work: Work, reservation: Reservation, payment: Payment, step: Step) -> Answered | None:
    provider = work.services.payments
    if isinstance(step, GiveBack):
        await _refund(work, payment, step)
        return None
    attempt = step.attempt
    match step:
        case Start():
            answered = await _started(work, attempt)
        case Capture():
            answered = await provider.capture(str(attempt.intent), step.key, work.at)
        case Void():
            answered = await provider.void(str(attempt.intent), step.key, work.at)
    if isinstance(step, Capture) and answered.report.status != "captured":
        await _not_captured(work, reservation, payment, attempt, answered.report)
    elif not await hear(work, reservation, payment, attempt, answered.report):
        attempt.stands()
    return answered


async def _started(work: Work, attempt: PaymentAttempt) -> Answered:
    """For what nobody wants any more no money is taken now: it is only looked whether some was."""
    provider, age = work.services.payments, _age(work, attempt.since)
    if not attempt.wanted:
        return await provider.find(attempt.id, attempt.charge, work.at, age)
    return await provider.start(attempt.id, attempt.charge, work.at, age)


async def _refund(work: Work, payment: Payment, step: GiveBack) -> None:
    attempt = await work.load(PaymentAttempt, step.attempt, fresh=True)
    given = await work.services.payments.refund(str(attempt.intent), attempt.charge, step, work.at)
    if given.done:
        payment.refund_done(step.refund)
        await book_refund(work, payment, attempt, step.refund)
    else:
        payment.refund_refused(step.refund, given.reason, work.at)


def _age(work: Work, since: datetime) -> timedelta:
    """How long ago that was, by the later clock: a deadline is acted on as of its own instant, however late."""
    return max(work.at, work.real_now) - since


async def _not_captured(
    work: Work, reservation: Reservation, payment: Payment, attempt: PaymentAttempt, report: Report
) -> None:
    """The money did not come: the reservation stays pending for a while, so that the guest may pay otherwise."""
    attempt.capture_failed(report.reason)
    payment.end_attempt(attempt.id)
    await book_failure(work, payment, attempt)
    if reservation.status == "pending":
        reservation.capture_failed(at=work.at, retry=work.services.terms.capture_retry)


async def _conclude(work: Work, reservation: Reservation, payment: Payment, attempt: PaymentAttempt) -> None:
    match attempt.status:
        case "captured":
            await _money_came(work, reservation, payment, attempt)
        case "authorised":
            _money_waits(work, reservation, payment, attempt)
        case "failed" | "voided":
            payment.end_attempt(attempt.id)
            if attempt.status == "failed":
                await book_failure(work, payment, attempt)
            _show_end(reservation, payment, attempt)
        case _ if not attempt.wanted:
            attempt.unwant(work.at)
        case _ if reservation.status == "pending":
            reservation.note_payment("processing")


async def _money_came(work: Work, reservation: Reservation, payment: Payment, attempt: PaymentAttempt) -> None:
    """It pays for the stay, or all of it goes back: never both, never neither."""
    first, amount = payment.paying is None, attempt.charge.amount
    pays = first and await _confirmed(work, reservation, attempt)
    payment.capture(attempt.id, amount, work.at, pays=pays)
    await book_charge(work, payment, attempt)
    if not pays:
        payment.refund(uuid5(attempt.id, "refund"), attempt.id, amount, "late" if first else "duplicate", work.at)
        reservation.paid_in_vain(at=work.at)
        return
    for other in await open_attempts(work, payment):
        other.unwant(work.at)


async def _confirmed(work: Work, reservation: Reservation, attempt: PaymentAttempt) -> bool:
    """Let the money have its effect, if it still can: the stay is confirmed, or may be by its host."""
    if reservation.status != "pending":
        return await stays.revive(work, reservation)
    if attempt.accepted:
        await stays.confirm(work, reservation)
        return True
    stay = reservation.stay
    past = stay.nights.start < local_date(stay.zone, work.at)
    if reservation.lapsed_at(work.at) and (past or reservation.approval == "manual"):
        await stays.expire(work, reservation)
        return False
    if reservation.approval == "manual":
        reservation.note_payment("paid")
    else:
        await stays.confirm(work, reservation)
    return True


def _money_waits(work: Work, reservation: Reservation, payment: Payment, attempt: PaymentAttempt) -> None:
    """An authorisation extends the hold until the host decides; one that comes too late, or second, is let go."""
    payment.reopen_attempt(attempt.id)
    alone = payment.paying is None and payment.open_attempts == (attempt.id,)
    if not (attempt.wanted and alone and reservation.held_at(work.at)):
        attempt.unwant(work.at)
    elif reservation.approval == "manual":
        reservation.authorised()
    else:
        attempt.ask_capture(work.at)


def _show_end(reservation: Reservation, payment: Payment, attempt: PaymentAttempt) -> None:
    if payment.captured or payment.open_attempts:
        return
    again = reservation.status == "pending" and attempt.status == "failed"
    reservation.note_payment("pending" if again else "canceled")


async def _give_back(work: Work, payment: Payment, reservation: Reservation, refund: Refund | None) -> None:
    """What the policy says, of what disputes have left; all of it if the stay was never confirmed."""
    if payment.paying is None:  # pragma: no cover - asked only of what is paid
        return
    amount, kept = (refund.amount, refund.kept) if refund is not None else (0, payment.kept)
    if reservation.status == "pending":
        amount, kept = payment.left, NOTHING
    id = uuid5(payment.id, "cancellation")
    payment.refund(id, payment.paying, min(amount, payment.left), "cancellation", work.at, kept)
    await book_payouts(work, payment)
