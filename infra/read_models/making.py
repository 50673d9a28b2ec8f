"""What is being made of events, in memory: documents that are worked on again and again are read and written seldom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Protocol

from domain.kernel import Recorded
from infra.read_models.model import Changes, Connection, Write, nothing
from projections.projection import Document, Handler, Target, begins

ROOM = 10_000
"""Documents kept in memory, at most, beside those that are still to be written."""
AT_ONCE = 1_000
"""Documents written by one statement: its transaction holds the readers of the log back no longer than that."""

Touched = tuple[Recorded, Handler, Target]
Number = int
"""A document's id, as `UUID.int` has it: what is in memory is found by numbers, as a UUID hashes in Python."""


class Table(Protocol):
    """What documents are made of, and where they are kept."""

    def touched(self, events: Iterable[Recorded]) -> list[Touched]:
        """Which documents these events concern, in their order, and how."""
        ...

    async def load(
        self, connection: Connection, table: str, ids: Collection[Number]
    ) -> dict[Number, tuple[Document, int]]:
        """Those of these documents that there are, and the position of the newest event in each."""
        ...

    def writing(self, table: str, documents: Mapping[Number, Document], positions: Mapping[Number, int]) -> Write:
        """What writes these documents as they are now, each with the position of the newest event in it."""
        ...

    def deleting(self, table: str, ids: Collection[Number]) -> Write:
        """What deletes these documents."""
        ...


class Documents:
    """Documents of one table, as events leave them.

    Args:
        of: what they are made of.
        table: where they are kept.
        resumed: some of them may have taken in events that come again.
        room: how many are kept in memory once they are written.
    """

    def __init__(self, of: Table, table: str, *, resumed: bool = False, room: int = ROOM) -> None:
        self._of = of
        self._table = table
        self._resumed = resumed
        self._room = room
        self._known: dict[Number, Document | None] = {}
        """None where there is none. Those worked on last come last."""
        self._changed: dict[Number, int] = {}
        """The newest event in each of those that are to be written."""
        self._ahead: dict[Number, int] = {}
        """The newest event in each of those found in the table with events that are still to come here."""

    @property
    def size(self) -> int:
        """Documents to be written."""
        return len(self._changed)

    async def take_in(self, connection: Connection, events: Sequence[Recorded]) -> None:
        """Fold these events into the documents they concern; one question for all that are not in memory."""
        touched = self._of.touched(events)
        if not touched:
            return
        await self._load(connection, touched)
        known, ahead = self._known, self._ahead
        after: dict[Number, Document | None] = {}
        newest: dict[Number, int] = {}
        for event, handler, target in touched:
            id = target.id.int
            if ahead and event.position <= ahead.get(id, 0):
                continue
            after[id] = handler(after[id] if id in after else known.get(id), event, target.hint)
            newest[id] = event.position
        for id in after:
            known.pop(id, None)  # it comes last now
        known.update(after)
        self._changed.update(newest)

    async def _load(self, connection: Connection, touched: Sequence[Touched]) -> None:
        """Get to know those that are not in memory. What begins with its stream in these events stands nowhere yet."""
        begun: set[Number] = set()
        unknown: set[Number] = set()
        for event, _, target in touched:
            id = target.id.int
            if id in self._known or id in begun:
                continue
            if begins(event, target) and not self._resumed:
                begun.add(id)
            else:
                unknown.add(id)
        if unknown:
            found = await self._of.load(connection, self._table, unknown)
            self._known |= dict.fromkeys(unknown) | {id: document for id, (document, _) in found.items()}
            if self._resumed:
                first = touched[0][0].position
                self._ahead |= {id: position for id, (_, position) in found.items() if position >= first}

    def changes(self) -> Changes:
        """The documents as they are now; only what is deleted is not written early, as it would leave no trace."""
        made: list[tuple[Number, Document]] = []
        gone: list[Number] = []
        for id in self._changed:
            document = self._known[id]
            if document is None:
                gone.append(id)
            else:
                made.append((id, document))
        changed, self._changed = self._changed, {}
        self._forget(but=changed)
        some = [dict(made[first : first + AT_ONCE]) for first in range(0, len(made), AT_ONCE)]
        early = [self._of.writing(self._table, these, changed) for these in some]
        return Changes(early, self._of.deleting(self._table, gone) if gone else nothing)

    def _forget(self, but: Collection[Number]) -> None:
        """Forget those that nothing was done to for the longest time, and none of those that are being written."""
        excess = max(0, len(self._known) - self._room)
        for id in [id for id in islice(self._known, excess) if id not in but]:
            del self._known[id]
            self._ahead.pop(id, None)


class PageByPage:
    """Nothing is made before it is asked for: of all events at once.

    Args:
        writing: what writes what these events make.
    """

    def __init__(self, writing: Callable[[Sequence[Recorded]], Write]) -> None:
        self._writing = writing
        self._events: list[Recorded] = []

    @property
    def size(self) -> int:
        """Events to be written."""
        return len(self._events)

    async def take_in(self, connection: Connection, events: Sequence[Recorded]) -> None:  # noqa: ARG002 - as every making
        """Keep them."""
        self._events.extend(events)

    def changes(self) -> Changes:
        """What they make, all with the position. Raises what one of them does that cannot be taken in."""
        events, self._events = self._events, []
        return Changes((), self._writing(events) if events else nothing)
