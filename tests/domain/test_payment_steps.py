"""What is asked of the payment provider next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.giving_back import RETRY_AFTER
from domain.payment import Bill, Payment
from domain.payment_steps import GiveBack, next_step
from domain.refunds import Kept
from tests.specs import STREAM

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
ATTEMPT, REFUND = UUID(int=11), UUID(int=21)
BILL = Bill(UUID(int=1), UUID(int=2), UUID(int=3), "EUR", Kept(9_000, 0, 900, 100), 300, NOON)


def test_a_refund_is_asked_for_at_once_and_what_was_refused_when_its_time_has_come() -> None:
    payment = Payment.at(STREAM)
    payment.open_attempt(ATTEMPT, BILL)
    payment.capture(ATTEMPT, 10_000, NOON, pays=True)
    assert next_step(payment, (), NOON) is None

    payment.refund(REFUND, ATTEMPT, 500, "cancellation", NOON)
    first = next_step(payment, (), NOON)
    assert first == GiveBack(REFUND, ATTEMPT, 500, tries=1)

    payment.refund_refused(REFUND, "away", NOON)
    assert payment.refunds_waiting(NOON) == (REFUND,)
    assert next_step(payment, (), NOON + RETRY_AFTER - MOMENT) is None
    second = next_step(payment, (), NOON + RETRY_AFTER)
    assert second == GiveBack(REFUND, ATTEMPT, 500, tries=2)
    assert isinstance(first, GiveBack)
    assert isinstance(second, GiveBack)
    assert (first.key, second.key) == (f"{REFUND}:1", f"{REFUND}:2")

    payment.refund_done(REFUND)
    assert payment.refunds_waiting(NOON) == ()
    assert next_step(payment, (), NOON + RETRY_AFTER) is None
