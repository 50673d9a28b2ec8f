"""Events of a newer release, in whose way they are: an index that they may concern stops there, the others pass."""

from __future__ import annotations

from collections.abc import Sequence

from commands.ports import Page
from infra.event_store.codec import UnknownEvent
from infra.opensearch.followed import Followed, Taking


class Strange:
    """Where indexes stand before such an event. What it is stays unknown as long as this process runs.

    Args:
        taking: knows which events concern an index.
    """

    def __init__(self, taking: Taking) -> None:
        self._taking = taking
        self._stopped: dict[str, tuple[str, int]] = {}
        """By the name of the index: its version, and where it stands."""
        self.trouble: str | None = None
        """What is said of the last one that stopped any."""

    def forget(self) -> None:
        """Nobody stands anywhere."""
        self._stopped.clear()
        self.trouble = None

    def stops(self, index: Followed) -> bool:
        """Does the index stand before one that concerns it?"""
        return self._stopped.get(index.name) == (index.version, index.position)

    def met(self, unknown: UnknownEvent, indexes: Sequence[Followed], position: int) -> tuple[Page, list[Followed]]:
        """What takes the place of the page that it is in, for those of these indexes that pass it."""
        passing = [one for one in indexes if not self._taking.concerned(one, unknown)]
        if unknown.position is None:
            passing = []
        stopped = [one for one in indexes if one not in passing]
        self._stopped |= {one.name: (one.version, position) for one in stopped}
        if stopped:
            names = ", ".join(one.name for one in stopped)
            self.trouble = f"A newer release wrote an event that this one does not know: {names} stop before it."
        return Page([], unknown.position or position), passing
