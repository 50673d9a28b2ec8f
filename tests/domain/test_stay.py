"""Nights are half-open ranges of dates; a stay makes instants of them by the listing's clock."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.stay import Nights, Stay, checked_nights, months

ranges = st.builds(
    lambda start, length: Nights(start, start + timedelta(days=length)),
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 100),
)


def test_the_check_out_day_is_no_night() -> None:
    nights = Nights(date(2026, 12, 30), date(2027, 1, 2))
    assert list(nights) == [date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1)]
    assert len(nights) == 3
    assert nights.end not in nights
    assert nights.start in nights


def test_back_to_back_ranges_share_no_night() -> None:
    first, next_one = Nights(date(2026, 5, 1), date(2026, 5, 4)), Nights(date(2026, 5, 4), date(2026, 5, 6))
    assert not first.overlaps(next_one)
    assert len(first.common(next_one)) == 0


@given(ranges, ranges)
def test_overlap_common_and_holds_agree_with_the_sets_of_dates(one: Nights, other: Nights) -> None:
    assert one.overlaps(other) == bool(set(one) & set(other)) == other.overlaps(one)
    assert set(one.common(other)) == set(one) & set(other)
    assert one.holds(other) == (set(other) <= set(one))


def test_a_range_is_cut_at_month_ends() -> None:
    assert months(Nights(date(2026, 11, 29), date(2027, 1, 2))) == (
        (date(2026, 11, 1), Nights(date(2026, 11, 29), date(2026, 12, 1))),
        (date(2026, 12, 1), Nights(date(2026, 12, 1), date(2027, 1, 1))),
        (date(2027, 1, 1), Nights(date(2027, 1, 1), date(2027, 1, 2))),
    )


def test_a_check_out_on_the_first_touches_no_second_month() -> None:
    assert [month for month, _ in months(Nights(date(2026, 2, 27), date(2026, 3, 1)))] == [date(2026, 2, 1)]


def test_the_last_month_of_the_calendar_can_be_cut_too() -> None:
    assert len(months(Nights(date(9999, 11, 30), date.max))) == 2


@given(ranges)
def test_the_pieces_of_a_cut_are_the_range(nights: Nights) -> None:
    pieces = months(nights)
    assert [night for _, piece in pieces for night in piece] == list(nights)
    assert all(night.replace(day=1) == month for month, piece in pieces for night in piece)
    assert len({month for month, _ in pieces}) == len(pieces)


@pytest.mark.parametrize("end", [date(2026, 5, 1), date(2026, 4, 30)])
def test_a_stay_of_no_night_is_refused(end: date) -> None:
    with pytest.raises(Invalid) as refusal:
        checked_nights(date(2026, 5, 1), end)
    assert list(refusal.value.detail["fields"]) == ["checkOut"]
    assert len(checked_nights(date(2026, 5, 1), date(2026, 5, 2))) == 1


def test_days_before_check_in_count_on_the_listings_calendar_across_a_change_of_the_clocks() -> None:
    stay = Stay(Nights(date(2026, 3, 30), date(2026, 4, 2)), "Europe/Paris", time(15), time(11))
    assert stay.check_in == datetime(2026, 3, 30, 13, tzinfo=UTC)
    assert stay.days_before_check_in(2) == datetime(2026, 3, 28, 14, tzinfo=UTC)
    assert stay.check_out == datetime(2026, 4, 2, 9, tzinfo=UTC)


def test_a_night_is_stayed_from_the_check_in_time_on_its_date() -> None:
    stay = Stay(Nights(date(2026, 10, 24), date(2026, 10, 27)), "Europe/Paris", time(15), time(11))
    tick = timedelta(microseconds=1)
    second_night = datetime(2026, 10, 25, 14, tzinfo=UTC)  # winter time began that morning
    assert stay.nights_stayed(stay.check_in - tick) == 0
    assert stay.nights_stayed(stay.check_in) == 1
    assert stay.nights_stayed(second_night - tick) == 1
    assert stay.nights_stayed(second_night) == 2
    assert stay.nights_stayed(stay.check_out) == 3
