"""What this process has just written, for its own readers: they need not decode it again."""

from __future__ import annotations

from collections.abc import Iterable

from domain.kernel import Fact


class Recent:
    """Facts that are recorded and that nobody here has read yet, the oldest forgotten first.

    A fact says the same whether it was decoded or not (the tests hold that for every event), and it never changes.

    Args:
        size: how many; past it they are decoded as everybody else's.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._facts: dict[tuple[int, int], Fact] = {}

    def add(self, facts: Iterable[Fact]) -> None:
        """These are recorded now."""
        known = self._facts
        for fact in facts:
            known[fact.originator_id.int, fact.originator_version] = fact
        while len(known) > self._size:
            del known[next(iter(known))]

    def take(self, stream: int, version: int) -> Fact | None:
        """The fact, if it is known; whoever asks is the last to."""
        return self._facts.pop((stream, version), None)
