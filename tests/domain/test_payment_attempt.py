"""An attempt to pay: asked first, answered after, in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest

from domain.payment_attempt import RESUME_AFTER, STATUSES, Charge, PaymentAttempt, Report
from domain.payment_steps import Void
from tests.specs import STREAM, given

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
CHARGE = Charge(UUID(int=1), UUID(int=2), 110_768, "EUR", "pm_card_visa", manual=True)

Step = Callable[[PaymentAttempt], object]


def started(attempt: PaymentAttempt) -> None:
    attempt.start(CHARGE, NOON)


def told(status: str, intent: str = "pi_1") -> Step:
    return lambda attempt: attempt.report(Report(status, intent))  # type: ignore[arg-type]


def test_what_is_to_be_asked_is_recorded_first_with_the_time_to_ask_again() -> None:
    attempt = (
        given(PaymentAttempt)
        .when(started)
        .then("payment_attempt.opened.v1", charge=CHARGE, resume_at=NOON + RESUME_AFTER)
    )
    assert attempt.asked == "start"
    assert attempt.open


def test_a_start_resumed_by_its_own_command_is_the_same_start() -> None:
    given(PaymentAttempt).having(started).when(started).nothing()


def test_an_answer_ends_the_question() -> None:
    attempt = given(PaymentAttempt).having(started).when(told("authorised")).then("payment_attempt.reported.v1")
    assert (attempt.asked, attempt.status, attempt.intent) == (None, "authorised", "pi_1")
    assert not attempt.accepted


def test_what_an_answer_leaves_out_is_still_known() -> None:
    charged = lambda a: a.report(Report("authorised", "pi_1", "ch_1"))  # noqa: E731
    spec = given(PaymentAttempt).having(started, charged).when(lambda a: a.report(Report("captured")))
    attempt = spec.then("payment_attempt.reported.v1")
    assert (attempt.intent, attempt.charge_id) == ("pi_1", "ch_1")


@pytest.mark.parametrize(
    ("before", "after"),
    [("captured", s) for s in STATUSES if s != "captured"]
    + [("voided", s) for s in STATUSES if s not in {"voided", "captured"}]
    + [("authorised", "processing"), ("authorised", "failed"), ("failed", "processing"), ("failed", "requires_action")],
)
def test_news_that_was_overtaken_is_none(before: str, after: str) -> None:
    given(PaymentAttempt).having(started, told(before)).when(told(after)).nothing()


def test_the_same_news_twice_is_told_once() -> None:
    for status in STATUSES[1:]:
        given(PaymentAttempt).having(started, told(status)).when(told(status)).nothing()


def test_money_that_did_move_counts_whatever_was_heard_before() -> None:
    for before in ("failed", "voided", "authorised", "requires_action"):
        attempt = (
            given(PaymentAttempt)
            .having(started, told(before))
            .when(told("captured"))
            .then("payment_attempt.reported.v1")
        )
        assert attempt.status == "captured"


def test_callbacks_in_any_order_end_alike() -> None:
    for order in permutations(("processing", "requires_action", "authorised", "captured")):
        attempt = PaymentAttempt.at(STREAM)
        started(attempt)
        for status in order:
            told(status)(attempt)
        assert attempt.status == "captured"


def test_what_is_still_open_is_looked_up_again_each_time_after_twice_as_long() -> None:
    def looked(minutes: int) -> Step:
        return lambda attempt: attempt.look_again(NOON + timedelta(minutes=minutes))

    for passed, next_check in ((1, 16), (15, 30), (30, 60), (600, 1200)):
        given(PaymentAttempt).having(started, told("processing")).when(looked(passed)).then(
            "payment_attempt.check_postponed.v1", check_at=NOON + timedelta(minutes=next_check)
        )
    given(PaymentAttempt).having(started, told("processing"), looked(15)).when(looked(15)).nothing()
    given(PaymentAttempt).having(started, told("captured")).when(lambda a: a.look_again(NOON)).nothing()


def test_a_host_who_accepts_has_the_authorised_money_captured() -> None:
    attempt = (
        given(PaymentAttempt)
        .having(started, told("authorised"))
        .when(lambda a: a.ask_capture(NOON))
        .then("payment_attempt.capture_asked.v1", resume_at=NOON + RESUME_AFTER)
    )
    assert attempt.accepted
    given(PaymentAttempt).having(started).when(lambda a: a.ask_capture(NOON)).nothing()
    given(PaymentAttempt).having(started, told("authorised"), lambda a: a.ask_capture(NOON)).when(
        lambda a: a.ask_capture(NOON)
    ).nothing()


def test_a_capture_that_failed_ends_the_attempt() -> None:
    attempt = (
        given(PaymentAttempt)
        .having(started, told("authorised"), lambda a: a.ask_capture(NOON))
        .when(lambda a: a.capture_failed("expired"))
        .then("payment_attempt.reported.v1")
    )
    assert (attempt.status, attempt.reason, attempt.open) == ("failed", "expired", False)
    assert attempt.intent == "pi_1"
    given(PaymentAttempt).having(started, told("captured")).when(lambda a: a.capture_failed("expired")).nothing()


def test_an_unwanted_attempt_is_voided() -> None:
    for status in ("requires_action", "processing", "authorised"):
        attempt = (
            given(PaymentAttempt)
            .having(started, told(status))
            .when(lambda a: a.unwant(NOON))
            .then("payment_attempt.void_asked.v1", resume_at=NOON + RESUME_AFTER)
        )
        assert not attempt.wanted


def test_an_unwanted_capture_becomes_a_void() -> None:
    attempt = (
        given(PaymentAttempt)
        .having(started, told("authorised"), lambda a: a.ask_capture(NOON))
        .when(lambda a: a.unwant(NOON))
        .then("payment_attempt.void_asked.v1")
    )
    assert attempt.asked == "void"


def test_a_start_without_an_answer_is_answered_before_it_is_voided() -> None:
    unwanted = given(PaymentAttempt).having(started).when(lambda a: a.unwant(NOON)).then("payment_attempt.given_up.v1")
    assert (unwanted.asked, unwanted.wanted) == ("start", False)
    given(PaymentAttempt).having(started, lambda a: a.unwant(NOON)).when(lambda a: a.unwant(NOON)).nothing()


def test_what_has_ended_is_not_voided() -> None:
    for status in ("captured", "failed", "voided"):
        given(PaymentAttempt).having(started, told(status)).when(lambda a: a.unwant(NOON)).nothing()


def test_what_cannot_be_voided_stands_until_it_settles() -> None:
    attempt = (
        given(PaymentAttempt)
        .having(started, told("processing"), lambda a: a.unwant(NOON))
        .when(lambda a: a.stands())
        .then("payment_attempt.void_refused.v1")
    )
    assert (attempt.asked, attempt.open, attempt.wanted) == (None, True, False)
    given(PaymentAttempt).having(started, told("processing")).when(lambda a: a.stands()).nothing()


def test_a_second_void_is_asked_under_a_key_of_its_own() -> None:
    """The provider would answer the first's key as it answered the first."""
    unwanted = (started, told("processing"), lambda a: a.unwant(NOON))
    first = given(PaymentAttempt).having(*unwanted[:-1]).when(unwanted[-1]).then("payment_attempt.void_asked.v1")
    second = (
        given(PaymentAttempt)
        .having(*unwanted, lambda a: a.stands(), told("authorised"))
        .when(lambda a: a.unwant(NOON))
        .then("payment_attempt.void_asked.v1")
    )
    assert Void(first).key == f"{first.id}:void" != Void(second).key


def test_where_the_browser_goes_afterwards_can_be_said_once_more() -> None:
    url = "https://example.org/done"
    given(PaymentAttempt).having(started).when(lambda a: a.redirect(url)).then(
        "payment_attempt.redirected.v1", redirect_url=url
    )
    given(PaymentAttempt).having(started, lambda a: a.redirect(url)).when(lambda a: a.redirect(url)).nothing()
    given(PaymentAttempt).having(started).when(lambda a: a.redirect("")).invalid("redirectUrl")
