"""What becomes of a refund that the provider had taken on and that came back, as a callback tells."""

from __future__ import annotations

from uuid import UUID

from commands.payment_books import book_return
from commands.payment_process import ledger
from commands.payment_provider import Notice, ProviderAway, Returned
from commands.ports import Answer, Unavailable
from commands.work import Work
from domain.claim import Claim
from domain.payment import Payment
from domain.payment_attempt import PaymentAttempt
from domain.reservation import Reservation


async def came_back(work: Work, notice: Notice, returned: Returned, known: Claim) -> Answer:
    """The guest does not have it after all: it is held again, and given anew after a while.

    A refund that was not asked for here is nobody's; what is told of an earlier try, or again, is no news.
    """
    payment = await _ledger_of(work, notice.reservation, returned)
    if payment is None:
        return Answer()
    if known.holder is None:
        known.take(payment.id, "ENTRY_EXISTS", "This event is known.")
        await _take_back(work, payment, returned)
    return Answer("reservation", payment.bill.reservation)


async def _ledger_of(work: Work, reservation: UUID | None, returned: Returned) -> Payment | None:
    """The ledger, if that refund is one of its."""
    if reservation is None or not (await work.load(Reservation, reservation, fresh=True)).exists:
        return None
    payment = await ledger(work, reservation)
    return payment if returned.refund in payment.refunds else None


async def _take_back(work: Work, payment: Payment, returned: Returned) -> None:
    given = payment.refunds[returned.refund]
    attempt = await work.load(PaymentAttempt, given.attempt, fresh=True)
    payment.refund_failed(returned.refund, returned.tries, returned.reason, work.at)
    if payment.refunds[returned.refund].returns > given.returns:
        await book_return(work, payment, attempt, returned.refund)
    if given.tries == returned.tries:
        try:
            await work.services.payments.returned(str(attempt.intent), returned)
        except ProviderAway as away:
            raise Unavailable("The payment provider does not answer; send it again.") from away
