"""Saves on their way into the log, and the columns that a batch of them makes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from infra.event_store.codec import Stored
from infra.event_store.journal import Row
from infra.postgres.arrays import Byteas, Column, Instants, Ints, Texts, Uuids

# The columns of events with their commands, and of the journal's rows, as `append_events` takes them.
EVENT = (Uuids, Ints, Texts, Byteas, Uuids)
ROW = (Uuids, Texts, Uuids, Texts, Uuids, Texts, Texts, Byteas, Instants, Texts, Byteas, Byteas)


class Save(NamedTuple):
    """What one save appends: events of its command, and the command's row."""

    events: Sequence[Stored]
    row: Row

    @property
    def size(self) -> int:
        """Bytes of what may be long."""
        return sum(len(event.state) for event in self.events) + len(self.row.answer or b"")

    @property
    def marks(self) -> set[object]:
        """What no other save of the same transaction may have in common with it."""
        marks: set[object] = {(event.stream.int, event.version) for event in self.events}
        marks.add(self.row.id.int)
        if self.row.key is not None:
            marks.add(self.row.key)
        return marks


@dataclass(eq=False, slots=True)
class Waiting:
    """A save on its way, and whom to tell how it ended."""

    save: Save
    position: asyncio.Future[int]
    trial: bool = False
    """Is it only to be seen whether it would be recorded?"""
    trace: str | None = None
    """The W3C traceparent of whoever waits."""

    @property
    def open(self) -> bool:
        """Nobody has been told yet, and somebody still wants to know."""
        return not self.position.done()

    def succeed(self, position: int) -> None:
        """It is recorded up to that position."""
        if self.open:
            self.position.set_result(position)

    def fail(self, error: Exception) -> None:
        """It is not recorded."""
        if self.open:
            self.position.set_exception(error)


def apart(batch: Sequence[Waiting]) -> tuple[list[Waiting], list[Waiting]]:
    """Those that can go into one transaction, and those that each exclude one of them (at most one can be recorded)."""
    first: list[Waiting] = []
    rivals: list[Waiting] = []
    seen: set[object] = set()
    for waiting in batch:
        marks = waiting.save.marks
        if seen.isdisjoint(marks):
            seen |= marks
            first.append(waiting)
        else:
            rivals.append(waiting)
    return first, rivals


def appended(batch: Sequence[Waiting]) -> list[Column]:
    """What `append_events` takes."""
    events = [(*event, waiting.save.row.id) for waiting in batch for event in waiting.save.events]
    return [*columns(EVENT, events), *columns(ROW, [waiting.save.row for waiting in batch])]


def columns(kinds: Sequence[type[Column]], rows: Sequence[Sequence[Any]]) -> list[Column]:
    """Rows as columns of these kinds."""
    return [kind(column) for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)]
