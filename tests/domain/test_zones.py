"""Local time at the listing: a time that does not exist moves forward, one that comes twice is the first."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.zones import checked_zone, clock_time, days_before, end_of_day, instant, known_zone, local_date

ZONES = (
    "Europe/Paris", "America/New_York", "America/Sao_Paulo", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia",
    "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "Africa/Cairo", "UTC",
)  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Europe/Paris", "2026-07-01 15:00", "2026-07-01 13:00"),
        ("Europe/Paris", "2026-12-01 15:00", "2026-12-01 14:00"),
        # 02:30 does not exist: it is 03:30 summer time.
        ("Europe/Paris", "2026-03-29 02:30", "2026-03-29 01:30"),
        # 02:30 comes twice: it is the first, in summer time.
        ("Europe/Paris", "2026-10-25 02:30", "2026-10-25 00:30"),
        ("America/New_York", "2026-03-08 02:30", "2026-03-08 07:30"),
        ("America/New_York", "2026-11-01 01:30", "2026-11-01 05:30"),
        # Half an hour of change: 02:15 does not exist, it is 02:45; 01:45 comes twice.
        ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:45"),
        ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45"),
        # A day that was left out: all of it moves forward by its 24 hours.
        ("Pacific/Apia", "2011-12-29 15:00", "2011-12-30 01:00"),
        ("Pacific/Apia", "2011-12-30 15:00", "2011-12-31 01:00"),
        ("Pacific/Apia", "2011-12-31 15:00", "2011-12-31 01:00"),
        # Both sides of the date line: the same local time is 25 hours apart.
        ("Pacific/Kiritimati", "2026-06-01 15:00", "2026-06-01 01:00"),
        ("Pacific/Pago_Pago", "2026-06-01 15:00", "2026-06-02 02:00"),
        # Midnight itself may not exist.
        ("America/Sao_Paulo", "2018-11-04 00:00", "2018-11-04 03:00"),
    ],
)
def test_a_local_time_is_one_instant(zone: str, local: str, utc: str) -> None:
    wall = datetime.fromisoformat(local)
    assert instant(zone, wall.date(), wall.time()) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_the_mark_of_the_second_of_two_is_of_no_account() -> None:
    day = date(2026, 10, 25)
    assert instant("Europe/Paris", day, time(2, 30, fold=1)) == instant("Europe/Paris", day, time(2, 30))


@pytest.mark.parametrize(
    ("zone", "utc", "day"),
    [
        ("Pacific/Kiritimati", "2026-06-01 10:00", date(2026, 6, 2)),
        ("Pacific/Pago_Pago", "2026-06-01 10:59", date(2026, 5, 31)),
        ("Pacific/Pago_Pago", "2026-06-01 11:00", date(2026, 6, 1)),
        ("Pacific/Apia", "2011-12-30 09:59", date(2011, 12, 29)),
        ("Pacific/Apia", "2011-12-30 10:00", date(2011, 12, 31)),
    ],
)
def test_today_is_the_listings_date(zone: str, utc: str, day: date) -> None:
    assert local_date(zone, datetime.fromisoformat(utc).replace(tzinfo=UTC)) == day


@pytest.mark.parametrize(
    ("zone", "day", "utc"),
    [
        ("Europe/Paris", date(2026, 3, 29), "2026-03-29 22:00"),
        ("Pacific/Apia", date(2011, 12, 29), "2011-12-30 10:00"),
        ("America/Sao_Paulo", date(2018, 11, 3), "2018-11-04 03:00"),
        ("America/Havana", date(2026, 10, 31), "2026-11-01 04:00"),
    ],
)
def test_a_day_ends_when_the_next_begins(zone: str, day: date, utc: str) -> None:
    end = end_of_day(zone, day)
    assert end == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert local_date(zone, end - timedelta(microseconds=1)) == day
    assert local_date(zone, end) > day


@given(st.sampled_from(ZONES), st.dates(date(1990, 1, 1), date(2037, 12, 1)), st.times(), st.integers(1, 40))
def test_later_local_times_are_never_earlier_instants(zone: str, day: date, at: time, days: int) -> None:
    assert instant(zone, days_before(day, days), at) <= instant(zone, day, at)


@given(st.sampled_from(ZONES), st.dates(date(1990, 1, 1), date(2037, 12, 1)), st.times())
def test_a_local_time_that_exists_is_shown_again_by_the_listings_clock(zone: str, day: date, at: time) -> None:
    shown = instant(zone, day, at).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    wanted = datetime.combine(day, at)
    moved = shown - wanted
    assert moved == timedelta() or timedelta() < moved <= timedelta(hours=24)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_ends_of_the_calendar_are_no_error(zone: str) -> None:
    assert instant(zone, date.max, time(23, 59, 59)).year == 9999
    assert instant(zone, date.min, time()).year == 1
    assert local_date(zone, datetime(9999, 12, 31, 23, 59, tzinfo=UTC)).year == 9999
    assert local_date(zone, datetime(1, 1, 1, tzinfo=UTC)).year == 1
    assert days_before(date.min, 1) == date.min
    assert days_before(date.max, -1) == date.max


@pytest.mark.parametrize("name", ["Europe/Paris", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_an_iana_zone_is_known(name: str) -> None:
    assert known_zone(name)
    assert checked_zone(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "Europe", "Europe/Nowhere", "../../etc/passwd", "/etc/passwd", "a\0b", "x" * 5000, "right/Europe/Paris",
     "localtime", "\udc80", "Zürich", "Factory"],
)  # fmt: skip
def test_what_is_no_zone_is_refused(name: str) -> None:
    assert not known_zone(name)
    with pytest.raises(Invalid):
        checked_zone(name)


def test_a_time_of_day_is_written_with_hours_and_minutes() -> None:
    assert clock_time("15:00") == time(15)
    assert clock_time("00:05") == time(0, 5)


@pytest.mark.parametrize("text", ["", "15", "24:00", "12:60", "9:00", "15:00:00", "15:00\n", "٠٩:00", " 15:00"])
def test_any_other_writing_of_a_time_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        clock_time(text, "checkInTime")
    assert list(refusal.value.detail["fields"]) == ["checkInTime"]
