"""The settled log, looked at in pieces: what is wanted is picked by the database, and never past the watermark.

A position is settled once the store's own reader has passed its fence; every later look sees all there is up to it.
Names, actors and times have no index of their own, as each would cost every append: the log is gone through in its
order, a stretch at a time, so that no question takes long and what is found early is shown early.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, LiteralString, Protocol

from psycopg.rows import TupleRow

from infra.log_view.wanted import Wanted
from infra.postgres.line import Line

STRETCH = 20_000
"""Events looked through by one question, at most."""
AT_ONCE = 1_000
"""Events fetched by one question, at most."""
STALL = 120.0
"""Seconds that one question may take."""
LOOK = 0.2
"""Seconds between two looks at a quiet log, for whoever waits."""

ROWS: LiteralString = """SELECT e.position, e.stream, e.version, e.name, e.state, c.at, c.recorded_at, c.actor, c.role,
    e.command, c.name, c.request_id
  FROM event AS e LEFT JOIN command AS c ON c.id = e.command
  WHERE e.position > %b AND e.position <= %b"""
FORWARDS: LiteralString = " ORDER BY e.position LIMIT %b"
BACKWARDS: LiteralString = " ORDER BY e.position DESC LIMIT %b"
# A stream's own order is the log's; its index is that of the stream.
STREAM_FORWARDS: LiteralString = " ORDER BY e.version LIMIT %b"
STREAM_BACKWARDS: LiteralString = " ORDER BY e.version DESC LIMIT %b"
END: LiteralString = """SELECT max(position) FROM (SELECT position FROM event
  WHERE position > %b AND position <= %b ORDER BY position LIMIT %b) AS stretch"""
START: LiteralString = """SELECT min(position) FROM (SELECT position FROM event
  WHERE position > %b AND position <= %b ORDER BY position DESC LIMIT %b) AS stretch"""

PASSED: LiteralString = "SELECT coalesce(max(position), 0) FROM read_model"
"""What has been passed by a projector, which reads through a fence as well, is settled."""


class Watermark(Protocol):
    """The event store, as far as it says what is settled."""

    async def head(self) -> int:
        """The newest settled position, as far as it is known to be settled now."""
        ...

    async def end(self) -> int:
        """The newest position drawn, settled or not."""
        ...

    async def wait_for_events(self, after: int, timeout: float) -> bool:  # noqa: ASYNC109 - it answers, it does not raise
        """Is anything settled past that position, or will it be within so many seconds?"""
        ...


class NotSettled(Exception):
    """A transaction under way holds the watermark back; `head` is as far as the log can be read."""

    def __init__(self, head: int, end: int) -> None:
        super().__init__(
            f"a transaction under way holds the log back at position {head} of {end}; `innkeep doctor` names it"
        )
        self.head = head


class SettledLog:
    """Looks at the log that a store has settled.

    Args:
        store: says what is settled.
        line: a connection to the same database, for sole use.
    """

    def __init__(self, store: Watermark, line: Line) -> None:
        self._store = store
        self._line = line

    @staticmethod
    def line(conninfo: str) -> Line:
        """A connection as it is needed here."""
        return Line(conninfo, "innkeep events", patience=2.0, stall=STALL)

    async def settled(self, patience: float = 3.0) -> int:
        """The position up to which all that is recorded by now can be read.

        Raises NotSettled after so many seconds, and Unavailable.
        """
        end, head = await self._store.end(), await self._store.head()
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + patience
        while head < end:
            if clock() >= give_up_at:
                ((passed,),) = await self._line.ask(PASSED)
                raise NotSettled(max(head, min(passed, end)), end)
            await self._store.wait_for_events(head, LOOK)
            head = await self._store.head()
        return head

    async def follow(self, after: int) -> AsyncIterator[int]:
        """The watermark, again and again: when it rises, and every moment while it does not. Raises Unavailable."""
        head = after
        while True:
            await self._store.wait_for_events(head, LOOK)
            head = max(head, await self._store.head())
            yield head

    async def forwards(self, wanted: Wanted, after: int, upto: int, limit: int) -> AsyncIterator[TupleRow]:
        """The first `limit` of those that are wanted, in the log's order. Raises Unavailable."""
        left = limit
        while after < upto and left > 0:
            end = upto if wanted.stream else await self._edge(END, after, upto)
            if end is None:
                return
            rows = await self._rows(wanted, after, end, min(left, AT_ONCE), backwards=False)
            for row in rows:
                yield row
            left -= len(rows)
            after = rows[-1][0] if len(rows) == AT_ONCE else end

    async def last(self, wanted: Wanted, after: int, upto: int, limit: int) -> list[TupleRow]:
        """The last `limit` of those that are wanted, in the log's order. Raises Unavailable."""
        found: list[TupleRow] = []
        while after < upto and len(found) < limit:
            start = after + 1 if wanted.stream else await self._edge(START, after, upto)
            if start is None:
                break
            rows = await self._rows(wanted, start - 1, upto, min(limit - len(found), AT_ONCE), backwards=True)
            found += rows
            upto = (rows[-1][0] if len(rows) == AT_ONCE else start) - 1
        return found[::-1]

    async def _edge(self, query: LiteralString, after: int, upto: int) -> int | None:
        """Where a stretch from there on ends, if there is anything."""
        edge: int | None
        ((edge,),) = await self._line.ask(query, [after, upto, STRETCH])
        return edge

    async def _rows(self, wanted: Wanted, after: int, upto: int, limit: int, *, backwards: bool) -> list[TupleRow]:
        query, values = ROWS, list[Any]([after, upto])
        for condition, value in wanted.conditions():
            query += " AND " + condition
            values.append(value)
        order = (STREAM_BACKWARDS if backwards else STREAM_FORWARDS) if wanted.stream else None
        return await self._line.ask(query + (order or (BACKWARDS if backwards else FORWARDS)), [*values, limit])
