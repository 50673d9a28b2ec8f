"""Read models that are stopped, and when each is tried again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Rest:
    again_at: float
    """When it is tried again, by the loop's clock."""
    longer: float
    """Seconds that it rests after that."""
    failed: int | None
    """The position of the event that stopped it."""
    tries: int
    """Of that event, so far."""


class Resting:
    """Who rests, each time twice as long as the last if it is the same event that stops it.

    Args:
        first: seconds of the first rest.
        longest: seconds of any.
    """

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._rests: dict[str, _Rest] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._rests

    def __bool__(self) -> bool:
        return bool(self._rests)

    def sleeps(self, name: str) -> bool:
        """Does it rest, and is it too early to try it again?"""
        rest = self._rests.get(name)
        return rest is not None and rest.again_at > _now()

    def wakes_in(self, most: float) -> float:
        """Seconds until the first of them is tried again, at most so many."""
        return max(0.0, min([*(rest.again_at - _now() for rest in self._rests.values()), most]))

    def tries(self, name: str, failed: int | None) -> int:
        """How often that event has stopped it, with this time."""
        rest = self._rests.get(name)
        return rest.tries + 1 if rest is not None and rest.failed == failed else 1

    def rest(self, name: str, failed: int | None) -> None:
        """That event has stopped it."""
        tries = self.tries(name, failed)
        seconds = self._first if tries == 1 else self._rests[name].longer
        self._rests[name] = _Rest(_now() + seconds, min(2 * seconds, self._longest), failed, tries)

    def end(self, name: str) -> bool:
        """It goes on. Did it rest?"""
        return self._rests.pop(name, None) is not None

    def clear(self) -> None:
        """All are tried at once."""
        self._rests.clear()


def _now() -> float:
    return asyncio.get_running_loop().time()
