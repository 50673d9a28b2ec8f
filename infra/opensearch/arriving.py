"""Waiting until what was recorded can be found: only for who asks for it is it made searchable sooner than usual."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

from domain.errors import Invalid
from infra.opensearch.client import Cluster
from infra.opensearch.told import POSITIONS
from infra.read_models.asking import Asking
from infra.read_models.progress import Progress
from read_api.ports import ReadBehind

LEAST, MOST = 0.002, 0.05
"""Seconds between two looks at what another process fills, more and more."""


class Arriving:
    """Waits for indexes to come to a position, and shows what they came to.

    Args:
        cluster: of the indexes.
        aliases: by the index's name.
        progress: what this process knows already, by the index's name.
        end: the newest position that the log has drawn.
        asking: the database, in which their keeper tells how far they have come.
    """

    def __init__(
        self,
        cluster: Cluster,
        aliases: Mapping[str, str],
        progress: Progress,
        end: Callable[[], Awaitable[int]],
        asking: Asking,
    ) -> None:
        self._cluster = cluster
        self._aliases = aliases
        self._progress = progress
        self._end = end
        self._asking = asking
        self._shown: dict[str, int] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def until(self, position: int, index: str, seconds: float) -> None:
        """Return once the index has come to the position and shows it.

        Raises ReadBehind when the time is over, Invalid for a position that the log has not drawn, Unavailable.
        """
        if self._shown.get(index, 0) >= position:
            return
        if position > await self._end():
            raise Invalid({"X-Event-Position": "lies past the end of the log"})
        try:
            async with asyncio.timeout(seconds):
                await self._reach(position, index)
                await self._show(position, index)
        except TimeoutError:
            raise ReadBehind(f"The search index has not come to position {position} yet; try again.") from None

    async def _reach(self, position: int, index: str) -> None:
        pause = MOST if self._progress.fed else LEAST
        while self._progress.reached((index,)) < position:
            self._progress.hurry()
            await self._progress.rise(pause)
            if self._progress.reached((index,)) < position:
                # Another process may fill it, and this one hear nothing of it.
                self._progress.advance(dict(await self._asking(POSITIONS)))
                pause = min(2 * pause, MOST)

    async def _show(self, position: int, index: str) -> None:
        """One refresh serves all who wait for what was there before it began."""
        async with self._turns[index]:
            if self._shown.get(index, 0) < position:
                reached = self._progress.reached((index,))
                await self._cluster.ask("POST", f"/{self._aliases[index]}/_refresh")
                self._shown[index] = max(reached, self._shown.get(index, 0))
