"""The books of the payment process: an entry for each charge, failure, refund and payout, in the same transaction."""

from __future__ import annotations

from uuid import UUID, uuid5

from commands.work import Work
from domain.money import part
from domain.payment import Payment
from domain.payment_attempt import PaymentAttempt
from domain.payment_record import Entry, PaymentRecord
from domain.payment_steps import GiveBack


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


async def book_refund(work: Work, payment: Payment, attempt: PaymentAttempt, step: GiveBack) -> None:
    """The guest has money back."""
    bill = payment.bill
    entry = Entry(
        "refund",
        bill.reservation,
        bill.guest,
        bill.currency,
        "refunded",
        attempt.intent,
        attempt.charge_id,
        refund_amount=step.amount,
    )
    await _file(work, step.refund, entry)


async def book_payouts(work: Work, payment: Payment) -> None:
    """The host has money, or gives some back: an entry for each payout that has none yet."""
    for id, amount in payment.payouts:
        bill = payment.bill
        entry = Entry("payout", bill.reservation, bill.host, bill.currency, "paid", payout_amount=amount)
        await _file(work, id, entry)


async def _file(work: Work, id: UUID, entry: Entry) -> None:
    (await work.load(PaymentRecord, id)).file(entry)
