"""The log in lanes, for projectors that share the work: one partition of one topic each.

A read model belongs to one lane, which has all events that may make a difference to it, in the log's order: so each
model has one writer and one position, as when it follows the log itself (docs/adr/0020). What the relay takes from the
log in one piece ends in every lane with a mark that says from where to where that piece goes, even if there is nothing
in it for the lane: it tells the lane that it missed nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zlib import crc32

import msgspec

from infra.event_store.codec import Codec, aggregate_of
from infra.kafka.messages import UNTOLD, LogRow, Outgoing, kind_of
from infra.kafka.wire import PARTITIONS
from infra.read_models.model import Model

LANES = PARTITIONS
"""Partitions of the topic: so many processes can share the work. It never changes: events would change their lanes."""
HEAVY = ("reservation", "listingCalendar", "paymentRecord", "deadline")
"""Models that most of the work goes into: each has a lane of its own. Of two processes one is given the even lanes, the
other the odd ones.
"""


class Mark(msgspec.Struct, frozen=True):
    """The end of a piece of the log."""

    start: int
    """All of the log past this position ..."""
    end: int
    """... up to this one that concerns the lane ..."""
    count: int
    """... are the so many events before the mark."""
    routes: str
    """By which they were put into lanes, see `Routes.digest`."""


class LaneRow(NamedTuple):
    """An event as a projector finds it in its lane: as a row of the log that it has read itself."""

    position: int
    stream: UUID
    version: int
    name: str
    state: bytes
    at: datetime
    actor: UUID | None
    role: str
    command: UUID
    command_name: str


_encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(LaneRow | Mark).decode
"""What a message says. Raises msgspec.DecodeError."""


def lane_of(model: str) -> int:
    """The lane of a read model."""
    return HEAVY.index(model) if model in HEAVY else len(HEAVY) + crc32(model.encode()) % (LANES - len(HEAVY))


def topic_of(prefix: str) -> str:
    """The topic of the lanes. It has whole events: to be guarded as the database is."""
    return f"{prefix}.lanes"


class Routes:
    """Into which lanes an event goes.

    Args:
        models: that may be fed from lanes, by name.
        codec: the events that there are.

    Raises ValueError if a model looks at events that no topic may have.
    """

    def __init__(self, models: Mapping[str, Model], codec: Codec) -> None:
        self._everywhere = tuple(range(LANES))
        names = {*codec.facts, *codec.retired}
        lanes: dict[str, set[int]] = {name: set() for name in names}
        for model in models.values():
            for name in _concern(model, codec, names):
                if kind_of(name) in UNTOLD:
                    raise ValueError(f"{model.name} looks at {name}, which no topic may have")
                lanes[name].add(lane_of(model.name))
        self._lanes = {name: tuple(sorted(found)) for name, found in lanes.items()}
        told = repr((LANES, sorted(self._lanes.items()))).encode()
        self.digest = hashlib.sha256(told).hexdigest()[:16]
        """Whoever put events into lanes by other routes may have left out some that are looked for here."""

    def of(self, name: str) -> tuple[int, ...]:
        """The lanes of an event of that name; of one that is not known: all."""
        return self._lanes.get(name, () if kind_of(name) in UNTOLD else self._everywhere)


class Told(NamedTuple):
    """What the relay puts onto the topic of the lanes."""

    topic: str
    routes: Routes

    def of(self, rows: Iterable[LogRow], start: int, end: int) -> list[Outgoing]:
        """The messages of a piece of the log."""
        made: list[Outgoing] = []
        counts = [0] * LANES
        for row in rows:
            lanes = self.routes.of(row.name)
            value = _encode(row) if lanes else b""
            for lane in lanes:
                counts[lane] += 1
                made.append(self._message(lane, value))
        for lane, count in enumerate(counts):
            made.append(self._message(lane, _encode(Mark(start, end, count, self.routes.digest))))
        return made

    def _message(self, lane: int, value: bytes) -> Outgoing:
        return Outgoing(self.topic, "", value, {}, lane)


def _concern(model: Model, codec: Codec, names: Iterable[str]) -> set[str]:
    """The stored names that may make a difference to the model."""
    if model.handles is not None:
        return {*names} - {*codec.others(model.handles)}
    return {name for name in names if model.aggregates is None or aggregate_of(name) in model.aggregates}
