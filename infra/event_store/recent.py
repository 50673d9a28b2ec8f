"""What this process has just written, for its own readers: they need not decode it again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

from domain.kernel import Fact


class Recent:
    """Facts that are recorded and that nobody here has read yet, the oldest forgotten first.

    A fact says the same whether it was decoded or not (the tests hold that for every event), and it never changes.

    Args:
        size: how many; past it they are decoded as everybody else's.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        # A plain dict looks for its oldest past all that was forgotten before.
        self._facts: OrderedDict[tuple[int, int, int], Fact] = OrderedDict()

    def add(self, facts: Iterable[Fact], command: UUID) -> None:
        """These are recorded now, by this command."""
        known = self._facts
        for fact in facts:
            known[fact.originator_id.int, fact.originator_version, command.int] = fact
        while len(known) > self._size:
            known.popitem(last=False)

    def take(self, stream: UUID, version: int, command: UUID) -> Fact | None:
        """The fact that this command recorded there, if it is known; whoever asks is the last to.

        A log that came back from an older copy may have another command's there.
        """
        return self._facts.pop((stream.int, version, command.int), None)
