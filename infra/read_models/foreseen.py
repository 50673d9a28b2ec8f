"""Documents that a command's answer was made of: the projector of the same process need not fold them again."""

from __future__ import annotations

from collections import OrderedDict

from domain.kernel import Fact, Recorded
from projections.projection import Document


class Foreseen:
    """What the first event of a stream makes of the stream's own document. The oldest is forgotten first.

    A fold is a pure function, so it does not matter who did it; and the fact must be the very same one, so it does not
    matter either what a command decided before it was recorded. Nobody changes a document that stands here.

    Args:
        size: how many; past it they are folded again.
    """

    def __init__(self, size: int = 1_000) -> None:
        self._size = size
        self._made: OrderedDict[tuple[str, int], tuple[Fact, Document]] = OrderedDict()

    def add(self, model: str, event: Recorded, document: Document) -> None:
        """This event, the first of its stream, makes this document."""
        self._made[model, event.stream.int] = event.fact, document
        if len(self._made) > self._size:
            self._made.popitem(last=False)

    @property
    def empty(self) -> bool:
        """Is nothing foreseen?"""
        return not self._made

    def take(self, model: str, event: Recorded) -> Document | None:
        """What this event, the first of its stream, makes, if it is known; whoever asks is the last to."""
        made = self._made.pop((model, event.stream.int), None)
        return made[1] if made is not None and made[0] is event.fact else None
