"""What the payment process does when its deadlines come. Late or repeated, each does no harm."""

from __future__ import annotations

from uuid import UUID

from commands.payment_books import book_payouts
from commands.payment_process import hear, ledger, resume
from commands.payment_provider import ProviderAway
from commands.ports import Answer, Unavailable
from commands.registry import Command
from commands.wire import Id, Message
from commands.work import Work
from domain.access import Nobody
from domain.payment import Payment
from domain.payment_attempt import PaymentAttempt
from domain.reservation import Reservation


class Due(Message):
    """A deadline has come."""

    subject: Id


async def resume_payment(work: Work, m: Due) -> Answer:
    """A question to the provider has had no answer for too long: ask it again, with the same key."""
    attempt = await work.load(PaymentAttempt, m.subject, fresh=True)
    if attempt.asked is not None:
        await resume(work, await _reservation(work, attempt.charge.reservation))
    return Answer()


async def check_payment(work: Work, m: Due) -> Answer:
    """A payment should have settled by now: look."""
    attempt = await work.load(PaymentAttempt, m.subject, fresh=True)
    if not attempt.open or attempt.intent is None:
        return Answer()
    reservation = await _reservation(work, attempt.charge.reservation)
    try:
        told = await work.services.payments.retrieve(attempt.intent, work.at)
    except ProviderAway as away:
        raise Unavailable("The payment provider does not answer; it will be asked again.") from away
    if not await hear(work, reservation, await ledger(work, reservation.id), attempt, told.report):
        attempt.look_again(work.at)
    await resume(work, reservation)
    return Answer()


async def resume_refund(work: Work, m: Due) -> Answer:
    """A refund has had no answer for too long, or was refused a while ago: ask for it again."""
    payment = await work.load(Payment, m.subject, fresh=True)
    if payment.attempts:
        await resume(work, await _reservation(work, payment.bill.reservation))
    return Answer()


async def pay_out(work: Work, m: Due) -> Answer:
    """The host's part has fallen due."""
    payment = await work.load(Payment, m.subject, fresh=True)
    payment.fall_due()
    await book_payouts(work, payment)
    return Answer()


async def _reservation(work: Work, id: UUID) -> Reservation:
    return await work.load(Reservation, id, fresh=True)


COMMANDS: tuple[Command, ...] = (
    Command(
        "resumePayment",
        "Asks the provider again what it has not answered, with the same idempotency key.",
        Due,
        resume_payment,
        who=Nobody(),
    ),
    Command("checkPayment", "Looks how a payment stands that should have settled.", Due, check_payment, who=Nobody()),
    Command("resumeRefund", "Asks again for a refund that the guest waits for.", Due, resume_refund, who=Nobody()),
    Command("payOut", "Pays the host what is due, unless a dispute is open.", Due, pay_out, who=Nobody()),
)
