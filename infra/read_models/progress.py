"""How far the read models have come, as this process knows it, and those who wait for that."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Mapping


class Progress:
    """Positions of the log by read model. They only rise, until all is forgotten; whoever waits wakes at once."""

    def __init__(self) -> None:
        self.fed = False
        """Does this process fill the read models itself, and so hear of all progress at once?"""
        self.ending = False
        """Does this process end? Then nobody should go on waiting for long."""
        self._reached: dict[str, int] = {}
        self._risen = asyncio.Event()
        self._hurried = asyncio.Event()

    def reached(self, models: Collection[str]) -> int:
        """What all of these have reached; 0 for one that is not known."""
        return min((self._reached.get(name, 0) for name in models), default=0)

    def advance(self, reached: Mapping[str, int]) -> None:
        """These have come so far."""
        risen = {name: position for name, position in reached.items() if position > self._reached.get(name, -1)}
        if risen:
            self._reached |= risen
            self._wake()

    def end(self) -> None:
        """This process ends: who waits wakes, and sees it."""
        self.ending = True
        self._wake()

    def _wake(self) -> None:
        self._risen.set()
        self._risen = asyncio.Event()

    def forget(self) -> None:
        """The read models may be those of an older copy by now, and their positions be drawn anew."""
        self._reached.clear()

    async def rise(self, seconds: float) -> None:
        """Return when any of them has risen, or the process ends, or when the time is over."""
        risen = self._risen
        try:
            async with asyncio.timeout(seconds):
                await risen.wait()
        except TimeoutError:
            return

    def hurry(self) -> None:
        """Somebody waits for what is recorded already."""
        self._hurried.set()

    async def rest(self, seconds: float) -> None:
        """Return when the time is over, or at once when somebody waits."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurried.wait()
        self._hurried.clear()
