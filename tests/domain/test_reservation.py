"""pending → confirmed → complete, pending → declined, pending|confirmed → cancelled; and holds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from domain.reservation import Reservation
from domain.stay import Nights, Stay
from tests.domain.cancellations import amounts
from tests.domain.stays import (
    AGREEMENT,
    ASKED,
    CHECK_OUT,
    HOUR,
    MANUAL,
    MINUTE,
    TERMS,
    authorised,
    cancelled,
    completed,
    confirmed,
    declined,
    expired,
    requested,
    requested_by_hand,
)
from tests.specs import given

Do = Callable[[Reservation], None]
TICK = timedelta(microseconds=1)


def test_every_hold_starts_at_15_minutes() -> None:
    for by in (requested, requested_by_hand):
        given(Reservation).when(by).then("reservation.requested.v1", hold_expires_at=ASKED + 15 * MINUTE)


def test_a_request_is_pending_and_unpaid() -> None:
    made = given(Reservation).when(requested).then("reservation.requested.v1", agreement=AGREEMENT)
    assert (made.status, made.payment_confirmation, made.dispute_status) == ("pending", "pending", "none")


def test_asking_twice_asks_once() -> None:
    given(Reservation).having(requested).when(requested).nothing()


def test_payment_confirms() -> None:
    made = given(Reservation).having(requested).when(confirmed).then("reservation.confirmed.v1", completes_at=CHECK_OUT)
    assert (made.status, made.payment_confirmation, made.confirmed_at) == ("confirmed", "paid", ASKED + MINUTE)


def test_confirming_twice_confirms_once() -> None:
    given(Reservation).having(requested, confirmed).when(confirmed).nothing()


def test_an_authorised_payment_extends_the_hold_to_24_hours_after_the_request() -> None:
    made = (
        given(Reservation)
        .having(requested_by_hand)
        .when(authorised)
        .then("reservation.authorised.v1", hold_expires_at=ASKED + 24 * HOUR)
    )
    assert made.payment_confirmation == "processing"


def for_tonight(zone: str, at: datetime, day: date) -> Do:
    stay = Stay(Nights(day, day + timedelta(days=8)), zone, time(15), time(11))
    return lambda r: requested(r, replace(MANUAL, stay=stay), at)


@pytest.mark.parametrize(
    ("zone", "asked", "check_in", "ends"),
    [
        # Both sides of the date line, at one instant: the day ends 25 hours apart.
        (
            "Pacific/Kiritimati",
            datetime(2026, 6, 1, 5, tzinfo=UTC),
            date(2026, 6, 1),
            datetime(2026, 6, 1, 10, tzinfo=UTC),
        ),
        (
            "Pacific/Pago_Pago",
            datetime(2026, 6, 1, 5, tzinfo=UTC),
            date(2026, 5, 31),
            datetime(2026, 6, 1, 11, tzinfo=UTC),
        ),
        # A day of 23 hours, and one of 25.
        (
            "Europe/Paris",
            datetime(2026, 3, 28, 23, 30, tzinfo=UTC),
            date(2026, 3, 29),
            datetime(2026, 3, 29, 22, tzinfo=UTC),
        ),
        (
            "Europe/Paris",
            datetime(2026, 10, 24, 22, 30, tzinfo=UTC),
            date(2026, 10, 25),
            datetime(2026, 10, 25, 22, 30, tzinfo=UTC),
        ),
        (
            "America/New_York",
            datetime(2026, 11, 1, 4, 10, tzinfo=UTC),
            date(2026, 11, 1),
            datetime(2026, 11, 2, 4, 10, tzinfo=UTC),
        ),
    ],
)
def test_but_never_past_the_end_of_the_check_in_date_at_the_listing(
    zone: str, asked: datetime, check_in: date, ends: datetime
) -> None:
    given(Reservation).having(for_tonight(zone, asked, check_in)).when(authorised).then(
        "reservation.authorised.v1", hold_expires_at=ends
    )


def test_and_it_never_shortens_the_hold() -> None:
    late = datetime(2026, 6, 1, 21, 55, tzinfo=UTC)
    given(Reservation).having(for_tonight("Europe/Paris", late, date(2026, 6, 1))).when(authorised).then(
        "reservation.authorised.v1", hold_expires_at=late + 15 * MINUTE
    )


def test_a_second_authorisation_is_recorded_though_the_hold_is_the_same() -> None:
    """What is not appended to is not guarded against an end of the reservation at the same time."""
    given(Reservation).having(requested_by_hand, authorised).when(authorised).then(
        "reservation.authorised.v1", hold_expires_at=ASKED + 24 * HOUR
    )


def test_if_the_capture_fails_the_hold_lasts_15_more_minutes() -> None:
    at = ASKED + 20 * HOUR
    made = (
        given(Reservation)
        .having(requested_by_hand, authorised)
        .when(lambda r: r.capture_failed(at=at, retry=TERMS.capture_retry))
        .then("reservation.capture_failed.v1", hold_expires_at=at + 15 * MINUTE)
    )
    assert (made.status, made.payment_confirmation) == ("pending", "pending")


def test_a_pending_one_is_held_until_its_hold_ends() -> None:
    made = given(Reservation).when(requested).then("reservation.requested.v1")
    assert made.held_at(made.hold_expires_at - TICK)
    assert not made.held_at(made.hold_expires_at)
    assert made.lapsed_at(made.hold_expires_at)


def test_after_the_hold_the_host_can_no_longer_answer() -> None:
    given(Reservation).having(requested_by_hand).when(lambda r: r.check_held(ASKED + 15 * MINUTE)).refused(
        "HOLD_EXPIRED"
    )


def test_the_host_declines_a_request() -> None:
    made = given(Reservation).having(requested_by_hand).when(declined).then("reservation.declined.v1")
    assert made.status == "declined"
    given(Reservation).having(requested_by_hand, declined).when(declined).nothing()


@pytest.mark.parametrize("history", [(requested,), (requested, confirmed)])
def test_a_pending_or_confirmed_one_can_be_cancelled(history: tuple[Do, ...]) -> None:
    made = given(Reservation).having(*history).when(cancelled).then("reservation.cancelled.v1", by="guest")
    assert (made.status, made.cancelled_by) == ("cancelled", "guest")


def test_cancelling_twice_cancels_once_whoever_asks() -> None:
    given(Reservation).having(requested, cancelled).when(
        lambda r: r.cancel(by="host", at=ASKED, refund=None, payment_confirmation="paid")
    ).nothing()


def test_a_cancelled_request_that_was_not_paid_refunds_nothing() -> None:
    made = given(Reservation).having(requested).when(cancelled).then("reservation.cancelled.v1")
    assert made.refund is not None
    assert made.refund.amount == 0


def test_a_guest_who_cancels_late_is_refunded_by_the_policy() -> None:
    late = CHECK_OUT - timedelta(days=8, hours=10)
    made = (
        given(Reservation)
        .having(requested, lambda r: confirmed(r, late - HOUR))
        .when(lambda r: cancelled(r, "guest", late))
        .then("reservation.cancelled.v1")
    )
    assert made.refund is not None
    assert amounts(made.refund) == {"night": 79678, "cleaningFee": 4500, "cityTax": 4382}


def test_a_host_who_cancels_then_refunds_everything() -> None:
    late = CHECK_OUT - timedelta(days=8, hours=10)
    made = (
        given(Reservation)
        .having(requested, confirmed)
        .when(lambda r: cancelled(r, "host", late))
        .then("reservation.cancelled.v1", by="host")
    )
    assert made.refund is not None
    assert made.refund.amount == 110768


def test_it_completes_at_check_out_at_the_listing() -> None:
    given(Reservation).having(requested, confirmed).when(lambda r: completed(r, CHECK_OUT - TICK)).nothing()
    made = given(Reservation).having(requested, confirmed).when(completed).then("reservation.completed.v1")
    assert made.status == "complete"


def test_it_completes_no_earlier_than_it_is_confirmed() -> None:
    late = CHECK_OUT + TICK
    given(Reservation).having(requested).when(lambda r: confirmed(r, late)).then(
        "reservation.confirmed.v1", completes_at=late
    )


@pytest.mark.parametrize(
    ("zone", "check_out"),
    [
        ("Pacific/Kiritimati", datetime(2026, 6, 8, 21, tzinfo=UTC)),
        ("Pacific/Pago_Pago", datetime(2026, 6, 9, 22, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2026, 6, 9, 5, 15, tzinfo=UTC)),
    ],
)
def test_wherever_the_listing_is(zone: str, check_out: datetime) -> None:
    agreement = replace(AGREEMENT, stay=replace(AGREEMENT.stay, zone=zone))
    given(Reservation).having(lambda r: requested(r, agreement)).when(confirmed).then(
        "reservation.confirmed.v1", completes_at=check_out
    )


@pytest.mark.parametrize(
    ("nights", "check_out"),
    [
        (Nights(date(2026, 3, 27), date(2026, 3, 29)), datetime(2026, 3, 29, 9, tzinfo=UTC)),
        (Nights(date(2026, 10, 23), date(2026, 10, 25)), datetime(2026, 10, 25, 10, tzinfo=UTC)),
    ],
)
def test_also_when_the_clocks_change_on_the_last_morning(nights: Nights, check_out: datetime) -> None:
    agreement = replace(AGREEMENT, stay=replace(AGREEMENT.stay, nights=nights))
    asked = datetime(2026, 2, 1, tzinfo=UTC)
    given(Reservation).having(lambda r: requested(r, agreement, asked)).when(lambda r: confirmed(r, asked)).then(
        "reservation.confirmed.v1", completes_at=check_out
    )


@pytest.mark.parametrize(
    "history", [(requested,), (requested, expired), (requested, confirmed, completed), (requested, declined)]
)
def test_nothing_else_completes(history: tuple[Do, ...]) -> None:
    given(Reservation).having(*history).when(completed).nothing()


def test_a_stay_that_is_over_cannot_be_cancelled_even_if_nobody_has_noticed_yet() -> None:
    refusal = given(Reservation).having(requested, confirmed).when(lambda r: cancelled(r, at=CHECK_OUT))
    refusal.refused("WRONG_STATE")
