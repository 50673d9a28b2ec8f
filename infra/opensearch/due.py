"""Indexes that are missing, made by another declaration, or further than the log: each is rebuilt, a few at a time."""

from __future__ import annotations

import asyncio

import structlog

from commands.ports import Unavailable
from infra.opensearch.rebuild import Rebuilds
from infra.postgres.trouble import TROUBLE
from infra.read_models.rebuild import RebuildRunning
from read_api.ports import ReadBehind

AT_ONCE = 4
"""Indexes that are made anew at a time."""
LOOK_SECONDS = 0.25
LONGEST_PAUSE = 5.0
"""Seconds until another attempt at those that are not to be had yet, at most."""


class Due:
    """Which they are, and what keeps them from being made.

    Args:
        rebuilds: of those.
    """

    def __init__(self, rebuilds: Rebuilds) -> None:
        self.names: set[str] = set()
        self._rebuilds = rebuilds
        self._why: dict[str, str] = {}
        """By the name of one that could not be made: why."""
        self._log = structlog.get_logger("indexer")

    @property
    def troubles(self) -> list[str]:
        """Why some of them are not made yet."""
        return [why for name, why in sorted(self._why.items()) if name in self.names]

    async def run(self) -> None:
        """Make what is due, again and again, until cancelled."""
        pause, few = LOOK_SECONDS, asyncio.Semaphore(AT_ONCE)
        self._why.clear()
        while True:
            made = await asyncio.gather(*(self._make(name, few) for name in sorted(self.names)))
            pause = LOOK_SECONDS if all(made) else min(2 * pause, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _make(self, name: str, few: asyncio.Semaphore) -> bool:
        """Rebuild one. Was it to be had?"""
        async with few:
            if name not in self._why:
                why = "it is missing, declared otherwise, or further than the log"
                self._log.info(f"search index is rebuilt, as {why}", index=name)
            try:
                await self._rebuilds.run(name)
            except (RebuildRunning, ReadBehind, Unavailable, *TROUBLE) as trouble:
                self._why[name] = f"{name} is not rebuilt yet: {trouble}"
                return False
            except Exception as error:  # noqa: BLE001 - the other indexes go on
                why = f"{name} cannot be rebuilt: {error}"
                if why != self._why.get(name):
                    self._log.exception("rebuild failed", index=name)
                self._why[name] = why
                return False
        self._why.pop(name, None)
        self.names.discard(name)  # the next round may be long in coming, and would find it made anew
        return True
