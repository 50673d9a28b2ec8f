"""Nights and stays. A night is one listing-local calendar date; a stay is `[check-in, check-out)`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from domain.errors import Invalid
from domain.zones import days_before, instant


@dataclass(frozen=True, slots=True)
class Nights:
    """The nights `[start, end)`. Back-to-back ranges share no night."""

    start: date
    end: date

    def __iter__(self) -> Iterator[date]:
        return map(date.fromordinal, range(self.start.toordinal(), self.end.toordinal()))

    def __len__(self) -> int:
        return max(0, (self.end - self.start).days)

    def __contains__(self, night: object) -> bool:
        return isinstance(night, date) and self.start <= night < self.end

    def overlaps(self, other: Nights) -> bool:
        """Whether some night is in both."""
        return max(self.start, other.start) < min(self.end, other.end)

    def common(self, other: Nights) -> Nights:
        """The nights that are in both; an empty range where there are none."""
        start = max(self.start, other.start)
        return Nights(start, max(start, min(self.end, other.end)))

    def holds(self, other: Nights) -> bool:
        """Whether every night of the other is in this one."""
        return len(other) == 0 or (self.start <= other.start and other.end <= self.end)


@dataclass(frozen=True, slots=True)
class Stay:
    """Nights at a listing, with its zone and its times of day: what makes instants of them."""

    nights: Nights
    zone: str
    check_in_time: time
    check_out_time: time

    @property
    def check_in(self) -> datetime:
        """The instant of check-in, in UTC."""
        return instant(self.zone, self.nights.start, self.check_in_time)

    @property
    def check_out(self) -> datetime:
        """The instant of check-out, in UTC."""
        return instant(self.zone, self.nights.end, self.check_out_time)

    def days_before_check_in(self, days: int) -> datetime:
        """So many days before check-in on the listing's calendar, at the same local time."""
        return instant(self.zone, days_before(self.nights.start, days), self.check_in_time)

    def nights_stayed(self, at: datetime) -> int:
        """How many nights are stayed at an instant: each is from the check-in time on its own date."""
        return sum(instant(self.zone, night, self.check_in_time) <= at for night in self.nights)


def checked_nights(start: date, end: date, field: str = "checkOut") -> Nights:
    """The nights from start to end. Raises Invalid, naming `field`, if there are none."""
    if end <= start:
        raise Invalid({field: "must be after the first night"})
    return Nights(start, end)


def months(nights: Nights) -> tuple[tuple[date, Nights], ...]:
    """The range cut at month ends: the first day of each month, with the nights that fall in it, in order."""
    pieces = []
    start = nights.start
    while start < nights.end:
        end = min(nights.end, _next_month(start))
        pieces.append((start.replace(day=1), Nights(start, end)))
        start = end
    return tuple(pieces)


def _next_month(day: date) -> date:
    if day.month < 12:
        return date(day.year, day.month + 1, 1)
    return date(day.year + 1, 1, 1) if day.year < date.max.year else date.max
