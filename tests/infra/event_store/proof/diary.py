"""What writers asked for and what they were told, held against what is recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID, uuid4

import psycopg

from infra.event_store import PostgresEventStore
from tests.contracts.event_store import caused
from tests.contracts.parcel import Parcel

EVENTS = "SELECT position, stream, version, command FROM event ORDER BY position"
JOURNAL = "SELECT id, position FROM command"


class Event(NamedTuple):
    """An event by all that tells it from others."""

    position: int
    stream: UUID
    version: int
    command: UUID


@dataclass
class Diary:
    """Of any number of writers."""

    asked: dict[UUID, int] = field(default_factory=dict)
    """How many events each command was to record."""
    told: dict[UUID, int] = field(default_factory=dict)
    """The position that each command was told when it was acknowledged."""

    @property
    def open(self) -> set[UUID]:
        """Those that nobody was told the end of."""
        return self.asked.keys() - self.told.keys()


async def save(store: PostgresEventStore, diary: Diary, number: int) -> None:
    """Record one to six events of one or two streams. Raises Unavailable."""
    parcels = [Parcel.at(uuid4()) for _ in range(1 + number % 2)]
    places = [f"place {n}" for n in range(1 + number % 3)]
    for parcel in parcels:
        for place in places:
            parcel.move(place)
    cause = caused()
    diary.asked[cause.id] = len(parcels) * len(places)
    diary.told[cause.id] = await store.save(parcels, cause)


def recorded(conninfo: str) -> tuple[list[Event], dict[UUID, int]]:
    """The log, and the position of each command in the journal."""
    with psycopg.connect(conninfo) as connection:
        events = [Event(*row) for row in connection.execute(EVENTS)]
        return events, dict(connection.execute(JOURNAL).fetchall())


def faults(diary: Diary, events: list[Event], journal: dict[UUID, int]) -> Iterator[str]:
    """What is acknowledged and not there, half there, or there and never asked for."""
    reached: defaultdict[UUID, list[int]] = defaultdict(list)
    for event in events:
        reached[event.command].append(event.position)
    for command, position in diary.told.items():
        if not reached[command] or max(reached[command]) != position:
            yield f"{command} was acknowledged at {position}, and stands at {reached[command]}"
    for command in reached.keys() | journal.keys():
        positions = reached[command]
        if command not in diary.asked:
            yield f"{command} was never asked for"
        elif positions and len(positions) != diary.asked[command]:
            yield f"{command} has {len(positions)} of {diary.asked[command]} events"
        if positions and journal.get(command) != max(positions):
            yield f"{command} has events up to {max(positions)}, and a row up to {journal.get(command)}"
        if not positions and command in journal:
            yield f"{command} has a row and no events"
