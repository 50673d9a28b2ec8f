"""Refunds that the provider cannot give, and that an admin has given by other means."""

from __future__ import annotations

from datetime import timedelta

from commands.payment_books import book_refund
from commands.payment_process import ledger
from commands.ports import Answer
from commands.registry import Command, Route
from commands.wire import Id, Message
from commands.work import Work
from domain.access import Admin
from domain.errors import NotThere, Refused
from domain.payment_attempt import PaymentAttempt
from domain.reservation import Reservation
from domain.resources.bookings import SERVICE

CLOCKS_APART = timedelta(minutes=1)
"""Another process, whose clock is ahead by less, may be asking for the next try already."""


class SettleReservationRefund(Message):
    """The guest has the money, if not by the provider."""

    reservation_id: Id


async def settle_refund(work: Work, m: SettleReservationRefund) -> Answer:
    """What waits for its next try is given. Raises NotThere, WRONG_STATE where nothing waits."""
    if not (await work.load(Reservation, m.reservation_id, fresh=True)).exists:
        raise NotThere("reservation")
    payment = await ledger(work, m.reservation_id)
    waiting = payment.refunds_waiting(work.at + CLOCKS_APART)
    if not waiting:
        raise Refused("WRONG_STATE", "No refund of this reservation waits for another try after it failed.")
    for refund in waiting:
        payment.refund_done(refund)
        attempt = await work.load(PaymentAttempt, payment.refunds[refund].attempt, fresh=True)
        await book_refund(work, payment, attempt, refund)
    return Answer("reservation", m.reservation_id)


COMMANDS: tuple[Command, ...] = (
    Command(
        "settleReservationRefund",
        "Says that the guest was given by other means, a bank transfer for example, what the provider refused to give "
        "back or what came back from the guest's bank. It is in the books then, and not asked for again.",
        SettleReservationRefund,
        settle_refund,
        Route("PATCH", "/v1/settlereservationrefund/{reservationId}", SERVICE, data_name="reservation"),
        who=Admin(),
        refuses=("WRONG_STATE",),
    ),
)
