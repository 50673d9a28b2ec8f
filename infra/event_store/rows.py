"""Rows of the log as events: decoded, unless this process has just written them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC

from psycopg.rows import TupleRow

from commands.ports import Page
from domain.kernel import Fact, Recorded
from infra.event_store.codec import Codec, UnknownEvent
from infra.event_store.recent import Recent

AT_ONCE = 200
"""Rows decoded at a time."""


class Rows:
    """Makes events of rows: position, stream, version, name, state, instant, actor, role, command, its name."""

    def __init__(self, codec: Codec, recent: Recent) -> None:
        self._codec = codec
        self._recent = recent

    def page(self, rows: Sequence[TupleRow], position: int) -> Page:
        """The events of rows that are read up to that position; it ends before one that is not known. Raises
        UnknownEvent if that is the first.
        """
        events: list[Recorded] = []
        for row in rows:
            try:
                events.append(self.recorded(row, self._recent.take(row[1], row[2], row[8])))
            except UnknownEvent as unknown:
                unknown.position = row[0]
                if not events:
                    raise
                return Page(events, events[-1].position)
        return Page(events, position)

    async def all(self, rows: Sequence[TupleRow]) -> list[Recorded]:
        """All of them as events; others have their turn in between, as whoever writes much makes long histories.
        Raises as `recorded`.
        """
        events: list[Recorded] = []
        for first in range(0, len(rows), AT_ONCE):
            await asyncio.sleep(0)
            events += map(self.recorded, rows[first : first + AT_ONCE])
        return events

    @staticmethod
    def whole(rows: Sequence[TupleRow]) -> Sequence[TupleRow]:
        """The rows, if each has its command. Raises LookupError."""
        for row in rows:
            if row[-1] is None:
                raise _damaged(row)
        return rows

    def recorded(self, row: TupleRow, fact: Fact | None = None) -> Recorded:
        """One event. Raises UnknownEvent; LookupError if its command is missing."""
        position, stream, version, name, state, at, actor, role, command, command_name = row
        if command_name is None:
            raise _damaged(row)
        if fact is None:
            fact = self._codec.decode(stream, version, name, state)
        return Recorded(position, fact, at.astimezone(UTC), actor, role, command, command_name)


def _damaged(row: TupleRow) -> LookupError:
    return LookupError(f"event {row[0]} has no command in the journal: the log is damaged")
