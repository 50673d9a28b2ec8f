"""The money of one stay: in = out + held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from domain.giving_back import RESUME_AFTER, RETRY_AFTER
from domain.money import major
from domain.payment import NOTHING, Bill, Payment
from domain.refunds import Kept, Payout
from tests.specs import STREAM, given

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=3)
PARTS = Kept(net_nights=88_927, cleaning_fee=4_500, service_fee=12_450, city_tax=4_891)
TOTAL = PARTS.total
BILL = Bill(UUID(int=1), UUID(int=2), UUID(int=3), "EUR", PARTS, 300, NOON + timedelta(days=30))
FIRST, SECOND, REFUND, DISPUTE = (UUID(int=n) for n in (11, 12, 21, 31))
STRICT_HALF = Kept(net_nights=44_463, cleaning_fee=0, service_fee=12_450, city_tax=2_445)

Step = Callable[[Payment], object]


def opened(payment: Payment) -> None:
    payment.open_attempt(FIRST, BILL)


def paid(payment: Payment) -> None:
    opened(payment)
    payment.capture(FIRST, TOTAL, NOON, pays=True)


def refunded(amount: int, kept: Kept | None = None, refund: UUID = REFUND) -> Step:
    return lambda payment: payment.refund(refund, FIRST, amount, "cancellation", NOON, kept)


def fell_due(payment: Payment) -> None:
    payment.fall_due()


def disputed(status: str) -> Step:
    return lambda payment: payment.note_dispute(DISPUTE, status)


def test_a_payment_is_refused_while_one_is_open_or_paid() -> None:
    again = lambda p: p.open_attempt(SECOND, BILL)  # noqa: E731
    given(Payment).having(opened).when(again).refused("PAYMENT_OPEN")
    given(Payment).having(paid).when(again).refused("PAYMENT_OPEN")


def test_after_a_decline_it_may_be_tried_again() -> None:
    given(Payment).having(opened, lambda p: p.end_attempt(FIRST)).when(lambda p: p.open_attempt(SECOND, BILL)).then(
        "payment.attempt_opened.v1"
    )


def test_what_an_attempt_that_had_failed_brings_in_after_all_leaves_the_next_one_open() -> None:
    failed = (opened, lambda p: p.end_attempt(FIRST))
    again = lambda p: p.reopen_attempt(FIRST)  # noqa: E731
    given(Payment).having(*failed).when(again).then("payment.attempt_reopened.v1", attempt=FIRST)
    for history in ((), (opened,), (paid,)):
        given(Payment).having(*history).when(again).nothing()
    both = given(Payment).having(*failed, lambda p: p.open_attempt(SECOND, BILL), again)
    payment = both.when(lambda p: p.capture(FIRST, TOTAL, NOON, pays=True)).then("payment.captured.v1")
    assert payment.open_attempts == (SECOND,)


def test_what_came_twice_goes_back_and_leaves_what_pays() -> None:
    twice = given(Payment).having(paid, lambda p: p.capture(SECOND, TOTAL, NOON, pays=False))
    payment = twice.when(lambda p: p.refund(REFUND, SECOND, TOTAL, "duplicate", NOON)).then("payment.refund_asked.v1")
    assert (payment.left, payment.held) == (TOTAL, 2 * TOTAL)


def test_the_same_attempt_again_is_none() -> None:
    given(Payment).having(opened, lambda p: p.end_attempt(FIRST)).when(lambda p: p.end_attempt(FIRST)).nothing()
    given(Payment).having(opened).when(opened).nothing()
    given(Payment).having(paid).when(lambda p: p.capture(FIRST, TOTAL, NOON, pays=True)).nothing()


def test_captured_money_is_held_and_falls_due_to_the_host_later() -> None:
    payment = (
        given(Payment)
        .having(opened)
        .when(lambda p: p.capture(FIRST, TOTAL, NOON, pays=True))
        .then("payment.captured.v1", amount=TOTAL, payout_at=BILL.payout_at)
    )
    assert (payment.money_in, payment.held, payment.left) == (TOTAL, TOTAL, TOTAL)


def test_nothing_falls_due_before_it_has_come() -> None:
    late = BILL.payout_at + timedelta(minutes=2)
    given(Payment).having(opened).when(lambda p: p.capture(FIRST, TOTAL, late, pays=True)).then(
        "payment.captured.v1", payout_at=late
    )


def test_a_refund_is_asked_for_first_and_given_after() -> None:
    asked = (
        given(Payment)
        .having(paid)
        .when(refunded(51_410, STRICT_HALF))
        .then("payment.refund_asked.v1", amount=51_410, resume_at=NOON + RESUME_AFTER, wake_at=NOON + RESUME_AFTER)
    )
    assert (asked.held, asked.left) == (TOTAL, TOTAL - 51_410)
    done = (
        given(Payment)
        .having(paid, refunded(51_410, STRICT_HALF))
        .when(lambda p: p.refund_done(REFUND))
        .then("payment.refunded.v1", amount=51_410, wake_at=None)
    )
    assert (done.refunded, done.held) == (51_410, TOTAL - 51_410)


def test_a_refund_of_nothing_is_none_and_one_refund_is_given_once() -> None:
    given(Payment).having(paid).when(refunded(0)).nothing()
    given(Payment).having(paid).when(refunded(1)).then("payment.refund_asked.v1", amount=1)
    given(Payment).having(paid, refunded(100)).when(refunded(100)).nothing()
    given(Payment).having(paid, refunded(100), lambda p: p.refund_done(REFUND)).when(
        lambda p: p.refund_done(REFUND)
    ).nothing()


def test_a_refund_that_the_provider_refuses_is_tried_again_a_day_later() -> None:
    payment = (
        given(Payment)
        .having(paid, refunded(100))
        .when(lambda p: p.refund_refused(REFUND, "away", LATER))
        .then("payment.refund_refused.v1", resume_at=LATER + RETRY_AFTER, wake_at=LATER + RETRY_AFTER)
    )
    assert payment.refunds[REFUND].tries == 2
    assert payment.held == TOTAL


def test_the_next_refund_without_an_answer_is_not_forgotten_when_another_has_one() -> None:
    other = UUID(int=22)
    given(Payment).having(paid, refunded(100), refunded(200, refund=other)).when(lambda p: p.refund_done(REFUND)).then(
        "payment.refunded.v1", wake_at=NOON + RESUME_AFTER
    )


def test_of_several_refunds_the_first_to_be_asked_for_again_says_when() -> None:
    other, third = UUID(int=22), UUID(int=23)
    later = lambda p: p.refund(third, FIRST, 300, "dispute", LATER)  # noqa: E731
    two = given(Payment).having(paid, refunded(100), refunded(200, refund=other))
    two.when(later).then("payment.refund_asked.v1", wake_at=NOON + RESUME_AFTER)
    two.when(lambda p: p.refund_refused(REFUND, "away", LATER)).then(
        "payment.refund_refused.v1", wake_at=NOON + RESUME_AFTER
    )
    two.having(later).when(gave).then("payment.refunded.v1", wake_at=NOON + RESUME_AFTER)


def gave(payment: Payment) -> None:
    payment.refund_done(REFUND)


def came_back(tries: int) -> Step:
    return lambda payment: payment.refund_failed(REFUND, tries, "expired_or_canceled_card", LATER)


def test_a_refund_that_comes_back_is_held_again_and_given_anew_a_day_later() -> None:
    payment = (
        given(Payment)
        .having(paid, refunded(100), gave)
        .when(came_back(1))
        .then("payment.refund_failed.v1", amount=100, resume_at=LATER + RETRY_AFTER, wake_at=LATER + RETRY_AFTER)
    )
    assert (payment.refunded, payment.held, payment.left) == (0, TOTAL, TOTAL - 100)
    assert payment.refunds[REFUND].tries == 2


def test_each_time_it_comes_back_it_is_given_anew_after_twice_as_long() -> None:
    spec = given(Payment).having(paid, refunded(100))
    for tries, days in ((1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 32)):
        spec.having(gave).when(came_back(tries)).then("payment.refund_failed.v1", resume_at=LATER + days * RETRY_AFTER)
        spec.having(came_back(tries))


def test_another_refund_that_waits_is_not_forgotten_when_one_comes_back() -> None:
    other = UUID(int=22)
    given(Payment).having(paid, refunded(100), refunded(200, refund=other), gave).when(came_back(1)).then(
        "payment.refund_failed.v1", wake_at=NOON + RESUME_AFTER
    )


def test_what_comes_back_before_its_answer_was_refused() -> None:
    given(Payment).having(paid, refunded(100)).when(came_back(1)).then("payment.refund_refused.v1")


def test_that_it_came_back_is_news_once() -> None:
    given(Payment).having(paid, refunded(100), gave, came_back(1)).when(came_back(1)).nothing()
    given(Payment).having(paid, refunded(100), gave, came_back(1), gave).when(came_back(1)).nothing()
    given(Payment).having(paid, refunded(100), gave).when(came_back(2)).nothing()
    given(Payment).having(paid).when(came_back(1)).nothing()


def test_the_host_is_paid_what_strict_at_half_leaves() -> None:
    """Kept 444.63, host fee 13.34, payout 431.29."""
    payment = (
        given(Payment)
        .having(paid, refunded(51_410, STRICT_HALF))
        .when(fell_due)
        .then("payment.payout_fell_due.v1", "payment.paid_out.v1", amount=43_129)
    )
    assert payment.due == Payout(net_nights=44_463, cleaning_fee=0, host_fee=1_334, dispute_refunds=0)


def test_the_host_is_paid_once() -> None:
    given(Payment).having(paid, fell_due).when(fell_due).nothing()


def test_what_leaves_the_host_nothing_is_no_payout() -> None:
    given(Payment).having(paid, refunded(TOTAL, NOTHING)).when(fell_due).then("payment.payout_fell_due.v1")


def test_nothing_falls_due_of_what_was_never_paid() -> None:
    given(Payment).having(opened).when(fell_due).nothing()


def test_an_open_dispute_holds_the_payout_back_until_it_is_closed() -> None:
    given(Payment).having(paid, disputed("pending")).when(fell_due).then("payment.payout_fell_due.v1")
    given(Payment).having(paid, disputed("pending"), fell_due).when(disputed("reviewing")).then(
        "payment.dispute_noted.v1"
    )
    given(Payment).having(paid, disputed("pending"), fell_due).when(disputed("rejected")).then(
        "payment.dispute_noted.v1", "payment.paid_out.v1", amount=88_927 - 2_668 + 4_500
    )


def test_a_refund_after_the_payout_takes_the_difference_back() -> None:
    payment = (
        given(Payment)
        .having(paid, fell_due)
        .when(lambda p: p.refund_for_dispute(DISPUTE, 10_000, LATER))
        .then("payment.refund_asked.v1", "payment.paid_out.v1", amount=-10_000)
    )
    assert len(payment.payouts) == 2
    assert payment.held == TOTAL - (88_927 - 2_668 + 4_500 - 10_000)


def test_it_is_taken_back_though_a_dispute_is_open() -> None:
    given(Payment).having(paid, fell_due, disputed("reviewing")).when(
        lambda p: p.refund_for_dispute(DISPUTE, 10_000, LATER)
    ).then("payment.refund_asked.v1", "payment.paid_out.v1", amount=-10_000)


def test_the_host_is_not_asked_for_more_than_was_paid_out() -> None:
    payment = (
        given(Payment)
        .having(paid, fell_due)
        .when(lambda p: p.refund_for_dispute(DISPUTE, None, LATER))
        .then("payment.refund_asked.v1", "payment.paid_out.v1", amount=-(88_927 - 2_668 + 4_500))
    )
    payment.refund_done(uuid5(STREAM, f"dispute {DISPUTE}"))
    assert (payment.paid_out, payment.held) == (0, 0)


def test_a_dispute_gives_back_the_amount_named_or_all_that_is_left() -> None:
    given(Payment).having(paid, refunded(51_410, STRICT_HALF)).when(
        lambda p: p.refund_for_dispute(DISPUTE, None, LATER)
    ).then("payment.refund_asked.v1", amount=TOTAL - 51_410, cause="dispute")
    given(Payment).having(paid).when(lambda p: p.refund_for_dispute(DISPUTE, 5_000, LATER)).then(
        "payment.refund_asked.v1", amount=5_000
    )


def test_a_dispute_gives_back_all_that_is_left_and_no_more() -> None:
    given(Payment).having(paid, refunded(51_410, STRICT_HALF)).when(
        lambda p: p.refund_for_dispute(DISPUTE, TOTAL - 51_410, LATER)
    ).then("payment.refund_asked.v1", amount=TOTAL - 51_410)
    refused = (
        given(Payment)
        .having(paid, refunded(51_410, STRICT_HALF))
        .when(lambda p: p.refund_for_dispute(DISPUTE, TOTAL - 51_410 + 1, LATER))
        .refused("REFUND_TOO_LARGE")
    )
    assert refused.detail == {"left": major(TOTAL - 51_410, "EUR")}


def test_a_dispute_is_refunded_once() -> None:
    ask = lambda p: p.refund_for_dispute(DISPUTE, 5_000, LATER)  # noqa: E731
    given(Payment).having(paid, ask).when(ask).nothing()


def test_a_dispute_that_was_refunded_answers_the_same_amount_again() -> None:
    def rest(payment: Payment) -> int:
        return payment.refund_for_dispute(DISPUTE, None, LATER)

    assert rest(given(Payment).having(paid, rest).when(rest).nothing()) == TOTAL


def test_the_disputes_of_a_stay_together_say_what_it_shows() -> None:
    payment = Payment.at(STREAM)
    assert payment.dispute_status == "none"
    for dispute, status, shown in (
        (1, "pending", "requested"),
        (2, "pending", "requested"),
        (2, "reviewing", "active"),
        (2, "resolved", "requested"),
        (1, "reviewing", "active"),
        (1, "rejected", "resolved"),
    ):
        payment.note_dispute(UUID(int=dispute), status)
        assert payment.dispute_status == shown


def test_money_that_does_not_pay_for_the_stay_leaves_nothing_to_dispute() -> None:
    payment = (
        given(Payment)
        .having(opened)
        .when(lambda p: p.capture(FIRST, TOTAL, NOON, pays=False))
        .then("payment.captured.v1")
    )
    assert (payment.left, payment.held, payment.due.amount) == (0, TOTAL, 0)
