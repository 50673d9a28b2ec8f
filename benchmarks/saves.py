"""Small commands to record: one to three events each, and the journal row of a command with an idempotency key."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import uuid4

from commands.ports import Cause, Key
from domain.actor import Actor
from domain.calendar_month import CalendarMonth
from domain.calendar_night import Place
from domain.stay import Nights
from infra.event_store import Codec
from infra.event_store.codec import Stored
from infra.ids import new_id

SIZES = (1, 2, 3)
"""Events of a save, in turns: nights are claimed in so many months."""
ACTORS = 33
"""The first save of each comes before what is measured: it makes their keys."""
ANSWER = b'{"status":"OK","reservation":{}}'.ljust(500)


class Save(NamedTuple):
    """What is recorded at once."""

    months: tuple[CalendarMonth, ...]
    cause: Cause

    def stored(self, codec: Codec) -> list[Stored]:
        """The events, as bytes."""
        return [codec.encode(fact) for month in self.months for fact in month.pending_events]  # type: ignore[arg-type]


def saves(number: int) -> Iterator[Save]:
    """So many, none of which is in another's way."""
    actors = [Actor(new_id(), "user", new_id()) for _ in range(ACTORS)]
    first, now = date(2027, 1, 4), datetime.now(UTC)
    nights = [Nights(day, day + timedelta(days=2)) for day in (first + timedelta(days=2 * n) for n in range(10))]
    for turn in range(number):
        actor = actors[turn % ACTORS]
        assert actor.id
        place, claim = Place(uuid4(), actor.id, "Europe/Paris"), new_id()
        months = tuple(CalendarMonth.at(uuid4()) for _ in range(SIZES[turn % len(SIZES)]))
        for month in months:
            month.claim(place, claim, nights[turn % len(nights)], "hold")
        key = Key(f"{actor.id} {claim}", sha256(claim.bytes).digest())
        yield Save(months, Cause(claim, "createReservation", actor, now, claim.hex, "127.0.0.1", key, ANSWER))


def rounded(number: float) -> int:
    """About so many saves: as many of each size."""
    return len(SIZES) * max(1, round(number / len(SIZES)))


def events_of(number: int) -> int:
    """How many events so many saves come to, if there are as many of each size."""
    return number // len(SIZES) * sum(SIZES)
