"""The books of the payment process: an entry for each charge, failure, refund and payout, in the same transaction."""

from __future__ import annotations

from uuid import UUID, uuid5

from commands.work import Work
from domain.money import part
from domain.payment import Payment
from domain.payment_attempt import PaymentAttempt
from domain.payment_record import Entry, PaymentRecord, RecordStatus


async def book_charge(work: Work, payment: Payment, attempt: PaymentAttempt) -> None:
    """Money came in."""
    bill = payment.bill
    fee = bill.parts.service_fee + part(bill.parts.net_nights, bill.host_fee_rate)
    entry = Entry(
        "charge",
        bill.reservation,
        bill.guest,
        bill.currency,
        "paid",
        attempt.intent,
        attempt.charge_id,
        amount_paid=attempt.charge.amount,
        city_tax=bill.parts.city_tax,
        platform_fee=fee,
    )
    await _file(work, uuid5(attempt.id, "charge"), entry)


async def book_failure(work: Work, payment: Payment, attempt: PaymentAttempt) -> None:
    """No money came."""
    bill = payment.bill
    entry = Entry("failed", bill.reservation, bill.guest, bill.currency, "failed", attempt.intent, attempt.charge_id)
    await _file(work, uuid5(attempt.id, "failed"), entry)


async def book_refund(work: Work, payment: Payment, attempt: PaymentAttempt, refund: UUID) -> None:
    """The guest has money back: an entry each time it is given."""
    given = payment.refunds[refund]
    record = uuid5(refund, f"given {given.returns}") if given.returns else refund
    await _file(work, record, _of_refund(payment, attempt, "refunded", given.amount))


async def book_return(work: Work, payment: Payment, attempt: PaymentAttempt, refund: UUID) -> None:
    """What the guest was given came back: the entries of a refund add up to what the guest has."""
    came = payment.refunds[refund]
    record = uuid5(refund, f"returned {came.returns}")
    await _file(work, record, _of_refund(payment, attempt, "failed", -came.amount))


def _of_refund(payment: Payment, attempt: PaymentAttempt, status: RecordStatus, amount: int) -> Entry:
    bill = payment.bill
    return Entry(
        "refund",
        bill.reservation,
        bill.guest,
        bill.currency,
        status,
        attempt.intent,
        attempt.charge_id,
        refund_amount=amount,
    )


async def book_payouts(work: Work, payment: Payment) -> None:
    """The host has money, or gives some back: an entry for each payout that has none yet."""
    for id, amount in payment.payouts:
        bill = payment.bill
        entry = Entry("payout", bill.reservation, bill.host, bill.currency, "paid", payout_amount=amount)
        await _file(work, id, entry)


async def _file(work: Work, id: UUID, entry: Entry) -> None:
    (await work.load(PaymentRecord, id)).file(entry)
