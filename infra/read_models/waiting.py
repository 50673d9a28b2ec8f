"""Waiting for read models: within this process one wakes at once, across processes the database is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from domain.errors import Invalid
from infra.read_models.asking import Asking
from infra.read_models.progress import Progress
from read_api.ports import ReadBehind

POSITIONS = "SELECT name, position FROM read_model"
LEAST, MOST = 0.002, 0.05
"""Seconds between two looks at the database, more and more."""


class Waiting:
    """Waits until read models have come to a position of the log.

    Args:
        asking: the database of the read models.
        progress: what this process knows already.
        end: the newest position that the log has drawn.
    """

    def __init__(self, asking: Asking, progress: Progress, end: Callable[[], Awaitable[int]]) -> None:
        self._asking = asking
        self._progress = progress
        self._end = end

    async def until(self, position: int, models: Collection[str], seconds: float) -> None:
        """Return once all of these models have come to the position.

        Raises ReadBehind when the time is over, Invalid for a position that the log has not drawn, Unavailable.
        """
        if self._progress.reached(models) >= position:
            return
        if position > await self._end():
            raise Invalid({"X-Event-Position": "lies past the end of the log"})
        await self._reach(position, models, seconds)

    async def until_now(self, models: Collection[str], seconds: float) -> int:
        """Return once all of these models have taken in what is recorded by now. Raises ReadBehind, Unavailable."""
        position = await self._end()
        if self._progress.reached(models) < position:
            await self._reach(position, models, seconds)
        return position

    async def _reach(self, position: int, models: Collection[str], seconds: float) -> None:
        clock = asyncio.get_running_loop().time
        deadline, pause = clock() + seconds, MOST if self._progress.fed else LEAST
        while True:
            left = deadline - clock()
            self._progress.hurry()
            await self._progress.rise(min(pause, max(left, 0.0)))
            if self._progress.reached(models) >= position:
                return
            # Another process may fill them, and this one hear nothing of it.
            self._progress.advance(dict(await self._asking(POSITIONS)))
            if self._progress.reached(models) >= position:
                return
            if left <= 0:
                raise ReadBehind(f"The read model has not come to position {position} yet; try again.")
            pause = min(2 * pause, MOST)
