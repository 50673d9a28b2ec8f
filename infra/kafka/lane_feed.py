"""One lane as its projector follows it: from Kafka as far as that has it, else from the log itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from commands.ports import Page
from infra.event_store.rows import Rows
from infra.kafka.lanes import LaneRow, Mark
from infra.read_models.runner import Feed

ROOM = 4_000
"""Events kept until they are read, about: past it Kafka is not asked for more."""
LITTLE = ROOM // 4
"""Events kept, at most, before Kafka is asked again for more of a lane that was paused."""
QUIET_SECONDS = 0.5
"""Without news, after which the log is asked whether it has any. If it has, and still nothing comes, Kafka or the relay
is away, and the log is followed until they are back.
"""


class _Piece(NamedTuple):
    start: int
    end: int
    rows: Sequence[LaneRow]
    offset: int


class LaneFeed:
    """What arrived of one lane, in order and without a gap.

    Where a projector stands before what is here, or past it, it reads the log itself. So it does not matter to what it
    makes what Kafka has forgotten, or repeats, or has not got yet.

    Args:
        log: that itself.
        rows: makes events of rows.
        routes: the digest of those by which events must have been put into lanes.
    """

    def __init__(self, log: Feed, rows: Rows, routes: str) -> None:
        self._log, self._rows, self._routes = log, rows, routes
        self._pieces: deque[_Piece] = deque()
        self._size = 0
        self._open: list[LaneRow] = []
        """Of the piece whose mark is still to come."""
        self._arrival = asyncio.Event()
        self._front = 0
        """How far it was read."""
        self._missed: int | None = None
        """Past that position the log has what should have arrived."""
        self.alone = False
        """Does Kafka bring nothing, so that the log itself is followed?"""
        self.consumed: int | None = None
        """The offset past what is not needed any more."""

    @property
    def full(self) -> bool:
        """Is there as much here as there is room for?"""
        return self._size >= ROOM

    @property
    def nearly_read(self) -> bool:
        """Is little left to be read of what is here?"""
        return self._size <= LITTLE

    @property
    def end(self) -> int:
        """The position up to which the lane has arrived; 0 if nothing has."""
        return self._pieces[-1].end if self._pieces else 0

    def arrived(self, message: LaneRow | Mark, offset: int) -> None:
        """The next message of the lane."""
        if isinstance(message, LaneRow):
            self._open.append(message)
            return
        rows, self._open = self._open, []
        if self._pieces and message.end <= self.end:
            return  # told twice
        if len(rows) != message.count or message.routes != self._routes:
            self._forget()  # of a piece that begins before the first message here, or put into lanes by other routes
            return
        if self._pieces and message.start != self.end:
            self._forget()
        self._pieces.append(_Piece(message.start, message.end, rows, offset))
        self._size += len(rows)
        self._missed = None
        self.alone = self.alone and message.end <= self._front
        self._arrival.set()
        self._arrival = asyncio.Event()

    async def read(self, after: int, limit: int) -> Page:
        """What is settled past that position, in order, and where to read on; of the lane's events alone where Kafka
        has them. Raises UnknownEvent, Unavailable.
        """
        self._drop(after)
        first = self._pieces[0].start if self._pieces else None
        if first is not None and first <= after:
            return self._page(after, limit)
        if first is None and after >= self._front and not self.alone:
            return Page([], after)  # it is on its way
        page = await self._log.read(after, limit)
        self._front = max(self._front, page.position)
        return page

    async def wait_for_events(self, after: int, timeout: float) -> bool:  # noqa: ASYNC109 - it answers, it does not raise
        """Return once anything is to be read past that position, or when the time (seconds) is over."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout
        self._drop(after)
        while not self._pieces:
            left = deadline - clock()
            if left <= 0:
                return False
            if self.alone:
                return await self._log.wait_for_events(after, min(left, QUIET_SECONDS))
            if not await _rings(self._arrival, min(left, QUIET_SECONDS)):
                await self._doubt(after)
        return True

    async def _doubt(self, after: int) -> None:
        if await self._log.wait_for_events(after, 0.0):
            self.alone = self._missed == after
            self._missed = after

    def _page(self, after: int, limit: int) -> Page:
        found: list[LaneRow] = []
        for piece in self._pieces:
            found += [row for row in piece.rows if row.position > after]
            if len(found) >= limit:
                whole = len(found) == limit
                return self._rows.page(found[:limit], piece.end if whole else found[limit - 1].position)
        return self._rows.page(found, self.end)

    def _drop(self, before: int) -> None:
        self._front = max(self._front, before)
        while self._pieces and self._pieces[0].end <= before:
            gone = self._pieces.popleft()
            self._size -= len(gone.rows)
            self.consumed = gone.offset + 1

    def _forget(self) -> None:
        self._pieces.clear()
        self._size = 0


async def _rings(bell: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await bell.wait()
    return False
