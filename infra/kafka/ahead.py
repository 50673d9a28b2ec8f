"""Pieces of the log that are made while those before them are sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from infra.kafka.messages import LogRow, Outgoing
from infra.tracing.port import Begun

PAGE = 2_000
"""Events of a piece, at most."""
MOST_AHEAD = 5
"""Pieces that are kept ready: about as many as are made while a transaction ends, some 30 MB."""


class Piece(NamedTuple):
    """A page of the log, and what is told of it."""

    events: Sequence[LogRow]
    position: int
    """Behind it."""
    messages: list[Outgoing]
    steps: list[Begun]

    @property
    def full(self) -> bool:
        """Is there more of the log behind it?"""
        return len(self.events) == PAGE


Make = Callable[[int, int], Awaitable[Piece]]
"""Makes the piece past a position; the other number is how far was told of by then."""


class Ahead:
    """The pieces in their order, one after the other; as long as there is more, the next ones are made meanwhile."""

    def __init__(self, make: Make, most: int = MOST_AHEAD) -> None:
        self._make = make
        self._most = most
        self._made: asyncio.Queue[Piece | Exception] = asyncio.Queue(most)
        self._task: asyncio.Task[None] | None = None

    async def next(self, position: int, sent: int) -> Piece:
        """The piece past that position, where the one before ended. Raises what making it raised."""
        if self._task is None:
            piece = await self._make(position, sent)
            if piece.full:
                self._task = asyncio.create_task(self._go_on(piece.position))
            return piece
        made = await self._made.get()
        if isinstance(made, Exception):
            self._task = None
            raise made
        if not made.full:
            self._task = None
        return made

    async def drop(self) -> None:
        """Forget what was made."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._made = asyncio.Queue(self._most)

    async def _go_on(self, position: int) -> None:
        try:
            full = True
            while full:
                piece = await self._make(position, position)
                await self._made.put(piece)
                position, full = piece.position, piece.full
        except Exception as error:  # noqa: BLE001 - whoever asks for it is told
            await self._made.put(error)
