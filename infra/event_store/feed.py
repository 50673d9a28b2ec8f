"""The log in one settled order, and a bell for those who follow it.

Appends lock nothing, so positions are drawn in one order and become visible in another. A reader that took whatever is
visible past its position would lose what appears behind it. So it reads only up to a watermark: it notes the last
position drawn, then takes a transaction id, and once every transaction older than that id has ended, all up to the
noted position is settled, visible or rolled back for ever. (The order matters, and so do the two statements.)

Positions that were rolled back may come again: that they were drawn is certain to outlive a crash of the server only
once something is committed after it. An event shows that all before it were drawn, as its own commit is on disk before
anybody sees it. Past a tail of which nothing was committed a reader goes on only after a commit of its own.

A crash ends every connection, and takes with it transaction ids and positions that a reader may have in mind; and
behind the same address there may be a copy by then that lacks the end of the log, and draws its positions anew. So what
was found out on a lost connection is forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from infra.postgres.arrays import Texts
from infra.postgres.line import Line

FENCE = "SELECT drawn, fence::text FROM fence(%b)"
PASSED = "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= %b::text::xid8"
# Never a plain SELECT of the sequence: see the migration 0007_fence.
DRAWN = "SELECT coalesce(pg_sequence_last_value('log_position'), 0)"

# As small a thing as can be written. Its commit is on disk, and so is all that was written before, when it returns.
NAIL = "SELECT pg_logical_emit_message(true, 'innkeep', '')"

MOST_BYTES = 32_000_000
"""Of what events say, in one answer, which ends with the event that reaches them: a thousand of the longest would take
gigabytes, and longer than a statement may.
"""

# One statement, so one snapshot: it tells whether the fence is passed, and what then lies before it. The length of a
# state is told without fetching it.
FOUND: LiteralString = """SELECT f.passed, e.*
  FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) >= %b::text::xid8 AS passed) AS f
  LEFT JOIN LATERAL (
    SELECT {columns}
    FROM (
      SELECT *, sum(octet_length(state)) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS bytes FROM event
      WHERE f.passed AND position > %b AND position <= %b {which}) AS e
    LEFT JOIN command AS c ON c.id = e.command
    WHERE e.bytes - octet_length(e.state) < {most} ORDER BY e.position) AS e ON true"""
ROW = "e.position, e.stream, e.version, e.name, e.state, c.at, c.actor, c.role, e.command, c.name"
# For who passes on what is stored: a text is made faster by PostgreSQL than of an object by Python.
ROW_OF_TEXTS = """e.position, e.stream::text, e.version, e.name, e.state,
      to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
      c.actor::text, c.role, e.command::text, c.name AS command_name"""
NEXT = "ORDER BY position LIMIT %b"
OTHERS = "AND name <> ALL (%b::text[])"

PAGE = FOUND.format(columns=ROW, which=NEXT, most=str(MOST_BYTES))
TEXTS = FOUND.format(columns=ROW_OF_TEXTS, which=NEXT, most=str(MOST_BYTES))
# As PAGE between two positions, less the events of some names.
STRETCH = FOUND.format(columns=ROW, which=OTHERS, most=str(MOST_BYTES))

FIRST_PAUSE = 0.002
LONGEST_PAUSE = 0.05
"""Seconds between two looks at a quiet log."""

OPEN = "0"
"""A fence that is always passed: for what lies before the watermark."""


class Fence(NamedTuple):
    """Once every transaction older than `id` has ended, all positions up to `drawn` are settled."""

    drawn: int
    id: str


class Feed:
    """The settled log. All its readers in one process share the watermark: what one has found out serves the others."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._connection: AsyncConnection[TupleRow] | None = None
        """On which the next three were found out."""
        self._settled = 0
        self._fence: Fence | None = None
        self._kept = 0
        """Settled, and drawn for good, though the server crash."""
        self._bell = asyncio.Event()
        self._looked_at = float("-inf")

    async def read(self, after: int, limit: int) -> tuple[list[TupleRow], int]:
        """The rows of the next events, and the position to read on from. Raises Unavailable.

        Fewer rows than asked for need not be the last. Where there is no event left, that position lies behind a tail
        that was rolled back: a reader that knew its last row only would stand before such a tail for ever.
        """
        return await self._line.use(lambda connection: self._read(connection, PAGE, after, limit))

    async def texts(self, after: int, limit: int) -> tuple[list[TupleRow], int]:
        """As `read`, ids and instants as texts. Raises Unavailable."""
        return await self._line.use(lambda connection: self._read(connection, TEXTS, after, limit))

    async def stretch(self, after: int, length: int, without: Sequence[str]) -> tuple[list[TupleRow], int]:
        """The rows of the next so many positions, without the events of these names; as `read`. Raises Unavailable."""
        return await self._line.use(lambda connection: self._stretch(connection, after, length, without))

    async def _stretch(
        self, connection: AsyncConnection[TupleRow], after: int, length: int, without: Sequence[str]
    ) -> tuple[list[TupleRow], int]:
        fence = await self._fence_for(connection, after)
        if fence is None:
            return [], after
        until = min(fence.drawn, after + length)
        found = await _ask(connection, STRETCH, [fence.id, after, until, Texts(without)])
        if not found[0][0]:
            return [], after
        self._passed(fence)
        rows = [row[1:] for row in found if row[1] is not None]
        if rows:
            self._kept = max(self._kept, rows[-1][0])
        if sum(len(row[4]) for row in rows) >= MOST_BYTES:  # there may be more of the stretch
            return rows, rows[-1][0]
        if until > self._kept:  # events that were passed over may have been rolled back, for all that is known here
            await _ask(connection, NAIL)
            self._kept = fence.drawn
        return rows, until

    async def _read(
        self, connection: AsyncConnection[TupleRow], page: LiteralString, after: int, limit: int
    ) -> tuple[list[TupleRow], int]:
        fence = await self._fence_for(connection, after)
        if fence is None:
            return [], after
        found = await _ask(connection, page, [fence.id, after, fence.drawn, limit])
        if not found[0][0]:
            return [], after  # an older transaction is still under way
        self._passed(fence)
        rows = [row[1:] for row in found if row[1] is not None]
        if rows:
            self._kept = max(self._kept, rows[-1][0])
            return rows, rows[-1][0]
        if fence.drawn > max(after, self._kept):
            await _ask(connection, NAIL)
            self._kept = fence.drawn
        return [], max(after, fence.drawn)

    async def settled(self, after: int | None = None) -> int:
        """The watermark; it is moved on, if it can be, unless it is past `after` already. Raises Unavailable."""
        if after is None or after >= self._settled:
            await self._line.use(self._move_on)
        return self._settled

    async def _move_on(self, connection: AsyncConnection[TupleRow]) -> None:
        self._go_on_with(connection)
        fence = await self._fence_past(connection, self._settled)
        if fence is not None and (await _ask(connection, PASSED, [fence.id]))[0][0]:
            self._passed(fence)

    async def drawn(self) -> int:
        """The last position drawn, settled or not: nothing recorded until now lies past it. Raises Unavailable."""
        position: int = (await self._line.ask(DRAWN))[0][0]
        return position

    def ring(self) -> None:
        """Wake all who wait: this process has appended something."""
        self._bell.set()
        self._bell = asyncio.Event()

    async def wait(self, after: int, timeout: float) -> bool:  # noqa: ASYNC109 - it answers, it does not raise
        """Is anything settled past that position, or will it be within so many seconds? Raises Unavailable.

        A local append wakes at once; what others append is looked for, ever more slowly while nothing happens.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout
        pause, look = FIRST_PAUSE, True
        while self._settled <= after:
            bell = self._bell
            if look or clock() - self._looked_at >= pause:
                self._looked_at = clock()
                if await self.settled(after) > after:
                    break
            left = deadline - clock()
            if left <= 0:
                return False
            look = await _rings(bell, min(pause, left))
            pause = FIRST_PAUSE if look else min(2 * pause, LONGEST_PAUSE)
        return True

    def _go_on_with(self, connection: AsyncConnection[TupleRow]) -> None:
        """Forget what was found out on another connection: this may not be the server that it was."""
        if connection is not self._connection:
            self._connection, self._settled, self._kept, self._fence = connection, 0, 0, None

    async def _fence_for(self, connection: AsyncConnection[TupleRow], after: int) -> Fence | None:
        """What has to be passed by who reads past that position; None if there is nothing to read."""
        self._go_on_with(connection)
        return Fence(self._settled, OPEN) if after < self._settled else await self._fence_past(connection, after)

    async def _fence_past(self, connection: AsyncConnection[TupleRow], after: int) -> Fence | None:
        """The fence to pass; None if nothing was drawn past that position.

        One fence is kept until it is passed: ever newer ones might never be, with writers always under way.
        """
        if self._fence is None:
            ((drawn, id_),) = await _ask(connection, FENCE, [after])
            if id_ is not None:
                self._fence = Fence(drawn, id_)
        return self._fence

    def _passed(self, fence: Fence) -> None:
        if fence is self._fence:
            self._fence = None
        if fence.drawn > self._settled:
            self._settled = fence.drawn
            self.ring()


async def _rings(bell: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await bell.wait()
    except TimeoutError:
        return False


async def _ask(
    connection: AsyncConnection[TupleRow], query: LiteralString, parameters: Sequence[Any] = ()
) -> list[TupleRow]:
    cursor = await connection.execute(query, parameters, prepare=True, binary=True)
    return await cursor.fetchall()
