"""What aggregates looked like when they were last loaded or saved."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar
from uuid import UUID

from commands.ports import WrongKind
from domain.kernel import Aggregate

A = TypeVar("A", bound=Aggregate)


class Cache:
    """The most recently used aggregates. They are never decided on: a caller gets a draft.

    Args:
        size: how many; the least recently used make room.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        # By the ids' numbers: a UUID hashes in Python, an int does not.
        self._kept: OrderedDict[int, Aggregate] = OrderedDict()
        self.life = 0
        """Raised when all is forgotten: what was taken from it before is not to be believed any more."""

    def get(self, kind: type[A], stream: UUID) -> A | None:
        """The aggregate as it was last seen. Raises WrongKind."""
        kept = self._kept.get(stream.int)
        if kept is None or (kept.version == 0 and type(kept) is not kind):
            return None  # an empty stream is of no kind yet, whatever somebody once looked for there
        if type(kept) is not kind:
            raise WrongKind(f"stream {stream} is a {type(kept).__name__}, not a {kind.__name__}")
        self._kept.move_to_end(stream.int)
        return kept

    def put(self, aggregate: Aggregate) -> None:
        """Keep an aggregate as the log has it, unless a newer version of it is kept already."""
        number = aggregate.id.int
        kept = self._kept.get(number)
        if kept is not None and kept.version > aggregate.version:
            return
        self._kept[number] = aggregate
        self._kept.move_to_end(number)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def drop(self, stream: UUID) -> None:
        """Forget the stream: it has moved on."""
        self._kept.pop(stream.int, None)

    def forget(self) -> None:
        """Forget all: the log may be another by now."""
        self._kept.clear()
        self.life += 1
