"""The listing's own clock: local dates and times of an IANA zone, and the instants they mean.

A local time that does not exist moves forward by the gap; one that comes twice is the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from domain.errors import Invalid

_NOT_PLACES = ("localtime", "posixrules", "Factory")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def known_zone(name: str) -> bool:
    """Whether this names an IANA time zone."""
    if name in _NOT_PLACES or name.startswith(("posix/", "right/")):
        return False
    try:
        _zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, or a name too long for a file
        return False
    return True


def checked_zone(name: str, field: str = "timeZone") -> str:
    """The name, if it is a zone's. Raises Invalid."""
    if not known_zone(name):
        raise Invalid({field: "is not an IANA time zone"})
    return name


def clock_time(text: str, field: str = "time") -> time:
    """A time of day written `15:00`. Raises Invalid."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise Invalid({field: "must be a time of day such as 15:00"})
    return time(int(found[1]), int(found[2]))


def instant(zone: str, day: date, at: time) -> datetime:
    """When it is `at` on `day` there, in UTC. Past either end of the calendar the end itself stands."""
    # fold=0 is both rules at once: of two it is the first, and in a gap it reads the clock as it went before the gap.
    local = datetime.combine(day, at.replace(fold=0), _zone(zone))
    try:
        return local.astimezone(UTC)
    except OverflowError:
        return _end_of_time(day)


def end_of_day(zone: str, day: date) -> datetime:
    """The instant at which `day` is over there, in UTC."""
    return instant(zone, days_before(day, -1), time())


def local_date(zone: str, at: datetime) -> date:
    """The calendar date there at an instant."""
    try:
        return at.astimezone(_zone(zone)).date()
    except OverflowError:
        return at.date()


def dates_at(at: datetime) -> Iterator[tuple[date, tuple[str, ...]]]:
    """The dates that it is somewhere on earth at an instant, in order, each with all zones where it is that date."""
    found: dict[date, list[str]] = {}
    for zone in _all_zones():
        found.setdefault(local_date(zone, at), []).append(zone)
    return ((day, tuple(found[day])) for day in sorted(found))


def days_before(day: date, days: int) -> date:
    """The date so many days earlier on the calendar, within its ends."""
    try:
        return day - timedelta(days=days)
    except OverflowError:
        return date.min if days > 0 else date.max


@lru_cache(maxsize=1)
def _all_zones() -> tuple[str, ...]:
    return tuple(filter(known_zone, sorted(available_timezones())))


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    """The library keeps only the last few of its own; a marketplace has more zones than that."""
    return ZoneInfo(name)


def _end_of_time(day: date) -> datetime:
    """The calendar's end that the day is nearer to."""
    if day.year == date.min.year:
        return datetime(1, 1, 1, tzinfo=UTC)
    return datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
