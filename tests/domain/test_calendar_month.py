"""The calendar: nights are never sold twice."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import pytest

from domain.calendar_month import CalendarMonth
from domain.calendar_night import Claimed, Entry, Place
from domain.errors import NotThere
from domain.money import Money
from domain.stay import Nights
from tests.specs import STREAM, given

LISTING, HOST = UUID(int=1), UUID(int=2)
PLACE = Place(LISTING, HOST, "Europe/Paris")
ANNA, BEN = UUID(int=3), UUID(int=4)
PRICED = Entry(price=Money(12_000, "EUR"), min_stay=2)

Decision = Callable[[CalendarMonth], object]


def june(first: int, last: int) -> Nights:
    """From the first night to the last, that one included."""
    return Nights(date(2026, 6, first), date(2026, 6, last + 1) if last < 30 else date(2026, 7, 1))


def night(day: int) -> date:
    return date(2026, 6, day)


def claims(claim: UUID, nights: Nights, kind: Any = "hold") -> Decision:
    return lambda month: month.claim(PLACE, claim, nights, kind)


def says(nights: Nights, entry: Entry = Entry(), *, available: bool = True) -> Decision:  # noqa: B008 - a value
    return lambda month: month.enter(PLACE, nights, entry, available=available)


def changes(day: int, entry: Entry, available: bool | None = None, version: int | None = None) -> Decision:
    return lambda month: month.change(night(day), entry, available, version)


BLOCKS = says(june(10, 12), available=False)


def test_a_listing_and_a_month_have_one_stream() -> None:
    assert CalendarMonth.id_of(LISTING, night(1)) == CalendarMonth.id_of(LISTING, night(30))
    assert CalendarMonth.id_of(LISTING, night(1)) == uuid5(LISTING, "calendar 2026-06")
    assert CalendarMonth.night_id(LISTING, night(1)) == uuid5(LISTING, "night 2026-06-01")


def test_free_nights_can_be_had() -> None:
    month = (
        given(CalendarMonth)
        .when(claims(ANNA, june(10, 12)))
        .then("calendar.claimed.v1", place=PLACE, claim=ANNA, nights=june(10, 12), kind="hold")
    )
    assert month.taken(june(1, 30)) == (night(10), night(11), night(12))


def test_no_night_is_had_twice() -> None:
    refusal = (
        given(CalendarMonth).having(claims(ANNA, june(10, 12))).when(claims(BEN, june(12, 14))).refused("NIGHTS_TAKEN")
    )
    assert refusal.detail == {"nights": ["2026-06-12"]}


def test_more_nights_under_a_claim_that_has_some_of_them_are_had_too() -> None:
    month = given(CalendarMonth).having(claims(ANNA, june(10, 11))).when(claims(ANNA, june(10, 12)))
    assert month.then("calendar.claimed.v1").taken(june(1, 30)) == (night(10), night(11), night(12))


def test_the_night_before_a_stay_can_be_blocked() -> None:
    month = given(CalendarMonth).having(says(june(9, 9)), claims(ANNA, june(10, 12)))
    month.when(changes(9, Entry(), available=False)).then("calendar.changed.v1", available=False)


def test_nights_are_had_all_or_none() -> None:
    spec = given(CalendarMonth).having(claims(ANNA, june(12, 12))).when(claims(BEN, june(10, 14)))
    spec.refused("NIGHTS_TAKEN")


def test_back_to_back_stays_share_no_night() -> None:
    given(CalendarMonth).having(claims(ANNA, june(10, 12))).when(claims(BEN, june(13, 14))).then("calendar.claimed.v1")


def test_the_same_claim_twice_is_one_claim() -> None:
    given(CalendarMonth).having(claims(ANNA, june(10, 12))).when(claims(ANNA, june(10, 12))).nothing()


def test_a_hold_becomes_a_booking_and_stays_one() -> None:
    held = given(CalendarMonth).having(claims(ANNA, june(10, 12)))
    booked = held.when(lambda m: m.settle(ANNA)).then("calendar.settled.v1")
    assert booked.nights[night(10)].claim == Claimed(ANNA, "booking")
    given(CalendarMonth).having(claims(ANNA, june(10, 12)), lambda m: m.settle(ANNA)).when(
        lambda m: m.settle(ANNA)
    ).nothing()
    given(CalendarMonth).when(lambda m: m.settle(ANNA)).nothing()


def test_settling_makes_bookings_of_holds_alone() -> None:
    month = (
        given(CalendarMonth)
        .having(claims(ANNA, june(10, 12)), claims(ANNA, june(20, 21), "ical"))
        .when(lambda m: m.settle(ANNA))
        .then("calendar.settled.v1")
    )
    assert month.nights[night(10)].claim == Claimed(ANNA, "booking")
    assert month.nights[night(20)].claim == Claimed(ANNA, "ical")


def test_what_is_released_is_free_again() -> None:
    month = (
        given(CalendarMonth)
        .having(claims(ANNA, june(10, 12)))
        .when(lambda m: m.release(ANNA))
        .then("calendar.released.v1", listing=LISTING, claim=ANNA, nights=(night(10), night(11), night(12)))
    )
    assert month.taken(june(1, 30)) == ()
    month.claim(PLACE, BEN, june(11, 11), "booking")


def test_only_the_nights_not_stayed_are_released() -> None:
    month = (
        given(CalendarMonth)
        .having(claims(ANNA, june(10, 14)))
        .when(lambda m: m.release(ANNA, june(12, 20)))
        .then("calendar.released.v1", nights=(night(12), night(13), night(14)))
    )
    assert month.taken(june(1, 30)) == (night(10), night(11))


def test_releasing_what_one_does_not_have_is_nothing() -> None:
    given(CalendarMonth).having(claims(ANNA, june(10, 12))).when(lambda m: m.release(BEN)).nothing()
    given(CalendarMonth).having(claims(ANNA, june(10, 12))).when(lambda m: m.release(ANNA, june(20, 21))).nothing()
    given(CalendarMonth).having(BLOCKS).when(lambda m: m.release(HOST)).nothing()


def test_a_released_claim_can_have_its_nights_again() -> None:
    given(CalendarMonth).having(claims(ANNA, june(10, 12)), lambda m: m.release(ANNA)).when(
        claims(ANNA, june(10, 12), "booking")
    ).then("calendar.claimed.v1")


def test_a_host_block_is_a_claim() -> None:
    given(CalendarMonth).having(BLOCKS).when(claims(ANNA, june(12, 13))).refused("NIGHTS_TAKEN")
    refusal = given(CalendarMonth).having(claims(ANNA, june(12, 12))).when(BLOCKS).refused("NIGHTS_TAKEN")
    assert refusal.detail == {"nights": ["2026-06-12"]}


def test_a_host_sees_one_entry_a_night() -> None:
    refusal = given(CalendarMonth).having(says(june(12, 12))).when(BLOCKS).refused("ENTRY_EXISTS")
    assert refusal.detail == {"dates": ["2026-06-12"]}


def test_a_booked_night_takes_an_entry_for_its_price_but_no_block() -> None:
    month = (
        given(CalendarMonth)
        .having(claims(ANNA, june(12, 12)))
        .when(says(june(12, 12), PRICED))
        .then("calendar.entered.v1", entry=PRICED, available=True)
    )
    assert month.nights[night(12)].claim == Claimed(ANNA, "hold")
    assert month.prices(june(1, 30), "EUR") == {night(12): 12_000}


def test_prices_and_minimum_stays_change_on_booked_nights() -> None:
    month = (
        given(CalendarMonth)
        .having(claims(ANNA, june(12, 12)))
        .when(changes(12, PRICED))
        .then("calendar.changed.v1", night=night(12), available=True)
    )
    assert (month.min_stay(night(12)), month.min_stay(night(13))) == (2, None)
    assert month.taken(june(12, 12)) == (night(12),)


def test_making_a_night_available_frees_a_block_never_a_stay() -> None:
    freed = given(CalendarMonth).having(BLOCKS).when(changes(11, Entry(), available=True)).then("calendar.changed.v1")
    assert freed.taken(june(1, 30)) == (night(10), night(12))
    given(CalendarMonth).having(claims(ANNA, june(11, 11))).when(changes(11, Entry(), available=True)).nothing()


def test_making_a_night_unavailable_is_refused_where_someone_stays() -> None:
    given(CalendarMonth).having(claims(ANNA, june(11, 11))).when(changes(11, Entry(), available=False)).refused(
        "NIGHTS_TAKEN"
    )
    given(CalendarMonth).having(BLOCKS).when(changes(11, Entry(), available=False)).nothing()
    blocked = given(CalendarMonth).having(says(june(11, 11))).when(changes(11, Entry(), available=False))
    assert blocked.then("calendar.changed.v1").taken(june(1, 30)) == (night(11),)


def test_a_price_changes_on_a_blocked_night_and_the_block_stays() -> None:
    month = given(CalendarMonth).having(BLOCKS).when(changes(11, PRICED)).then("calendar.changed.v1", available=False)
    assert month.taken(june(11, 11)) == (night(11),)


def test_deleting_an_entry_frees_a_block_never_a_stay() -> None:
    freed = given(CalendarMonth).having(BLOCKS).when(lambda m: m.drop(night(11))).then("calendar.dropped.v1")
    assert night(11) not in freed.nights
    both = given(CalendarMonth).having(claims(ANNA, june(11, 11)), changes(11, PRICED))
    kept = both.when(lambda m: m.drop(night(11))).then("calendar.dropped.v1")
    assert (kept.taken(june(11, 11)), kept.prices(june(11, 11), "EUR")) == ((night(11),), {})
    given(CalendarMonth).having(claims(ANNA, june(11, 11))).when(lambda m: m.drop(night(11))).nothing()


def test_a_host_entry_stays_when_a_stay_is_released() -> None:
    month = (
        given(CalendarMonth)
        .having(says(june(11, 11), PRICED), claims(ANNA, june(11, 11)))
        .when(lambda m: m.release(ANNA))
        .then("calendar.released.v1")
    )
    assert (month.entry(night(11)), month.taken(june(11, 11))) == (PRICED, ())


def test_a_night_that_is_not_listed_has_no_entry() -> None:
    for look in (lambda m: m.entry(night(9)), changes(9, PRICED), lambda m: m.drop(night(9))):
        with pytest.raises(NotThere):
            look(CalendarMonth.at(UUID(int=9)))


def test_each_entry_counts_its_own_changes() -> None:
    month = (
        given(CalendarMonth).having(says(june(10, 11))).when(changes(10, PRICED, version=1)).then("calendar.changed.v1")
    )
    assert (month.nights[night(10)].version, month.nights[night(11)].version) == (2, 1)
    given(CalendarMonth).having(says(june(10, 11)), changes(10, PRICED)).when(changes(10, Entry(), version=1)).refused(
        "STALE_VERSION"
    )


def test_a_settled_hold_looks_the_same_and_is_no_new_version() -> None:
    month = (
        given(CalendarMonth)
        .having(claims(ANNA, june(10, 10)))
        .when(lambda m: m.settle(ANNA))
        .then("calendar.settled.v1")
    )
    assert month.nights[night(10)].version == 1


def test_stays_are_known_by_their_last_night() -> None:
    month = given(CalendarMonth).having(
        claims(ANNA, june(10, 12)), claims(UUID(int=8), june(1, 2), "ical"), says(june(20, 21), available=False)
    )
    assert month.when(claims(BEN, june(13, 13))).then("calendar.claimed.v1").stays() == {
        ANNA: night(12),
        BEN: night(13),
    }


def test_a_closed_calendar_takes_nothing_more_and_gives_back() -> None:
    closed = given(CalendarMonth).having(claims(ANNA, june(10, 12)), CalendarMonth.close)
    closed.when(lambda m: m.release(ANNA)).then("calendar.released.v1")
    closed.when(CalendarMonth.close).nothing()
    for attempt in (claims(BEN, june(20, 21)), says(june(20, 21)), changes(10, PRICED)):
        month = CalendarMonth.at(STREAM, closed.history)
        with pytest.raises(NotThere):
            attempt(month)
        assert not month.pending_events


def test_an_untouched_month_can_be_closed() -> None:
    given(CalendarMonth).when(CalendarMonth.close).then("calendar.closed.v1")


def test_a_currency_does_not_change_while_the_calendar_has_prices() -> None:
    given(CalendarMonth).having(says(june(1, 2), PRICED)).when(lambda m: m.denominate("JPY")).refused("WRONG_STATE")
    given(CalendarMonth).having(says(june(1, 2), Entry(min_stay=2))).when(lambda m: m.denominate("JPY")).then(
        "calendar.denominated.v1", currency="JPY"
    )
    given(CalendarMonth).having(says(june(1, 2), PRICED)).when(lambda m: m.denominate("EUR")).then(
        "calendar.denominated.v1", currency="EUR"
    )


def test_a_price_in_a_currency_that_was_left_is_refused() -> None:
    left = given(CalendarMonth).having(lambda m: m.denominate("JPY"))
    left.when(says(june(1, 2), PRICED)).refused("WRONG_STATE")
    left.having(says(june(3, 4), Entry(min_stay=2))).when(changes(3, PRICED)).refused("WRONG_STATE")
    left.when(says(june(1, 2), Entry(price=Money(9_000, "JPY")))).then("calendar.entered.v1")
    left.when(lambda m: m.denominate("JPY")).nothing()
