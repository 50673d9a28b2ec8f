"""Events of a newer release, in whose way they are: an index that they may concern stops there, the others pass."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from commands.ports import Page
from infra.event_store.codec import UnknownEvent
from infra.opensearch.followed import Followed, Taking

AGAIN_SECONDS = 30.0
"""Between two tries of an index that is stopped: what could not be read may have been put right in the log."""


class _Stop(NamedTuple):
    version: str
    position: int
    again_at: float
    """When it is tried again, by the loop's clock."""


class Strange:
    """Where indexes stand before such an event.

    Args:
        taking: knows which events concern an index.
    """

    def __init__(self, taking: Taking) -> None:
        self._taking = taking
        self._stopped: dict[str, _Stop] = {}
        """By the name of the index."""

    def forget(self) -> None:
        """Nobody stands anywhere."""
        self._stopped.clear()

    def stops(self, index: Followed) -> bool:
        """Does the index stand before one that concerns it, and is it too early to try it again?"""
        return self._stands(index) and self._stopped[index.name].again_at > _now()

    def trouble(self, indexes: Sequence[Followed]) -> str | None:
        """What is said of those that stand before one; None if none does."""
        names = [one.name for one in indexes if self._stands(one)]
        if not names:
            return None
        return f"A newer release wrote an event that this one does not know: {', '.join(names)} stop before it."

    def met(self, unknown: UnknownEvent, indexes: Sequence[Followed], position: int) -> tuple[Page, list[Followed]]:
        """What takes the place of the page that it is in, for those of these indexes that pass it."""
        passing = [one for one in indexes if not self._taking.concerned(one, unknown)]
        if unknown.position is None:
            passing = []
        stopped = [one for one in indexes if one not in passing]
        self._stopped |= {one.name: _Stop(one.version, position, _now() + AGAIN_SECONDS) for one in stopped}
        return Page([], unknown.position or position), passing

    def _stands(self, index: Followed) -> bool:
        stop = self._stopped.get(index.name)
        return stop is not None and stop[:2] == (index.version, index.position)


def _now() -> float:
    return asyncio.get_running_loop().time()
