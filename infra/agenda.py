"""What is due: the table of deadlines, and what the log has beyond it.

So nothing is overlooked that was set a moment ago, however far behind the table is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, NamedTuple, Protocol
from uuid import UUID

from commands.ports import Page, Unavailable
from domain.kernel import Recorded
from infra.event_store.codec import UnknownEvent
from infra.postgres.arrays import Texts, Uuids
from infra.postgres.line import Line
from projections.deadlines import Clear, Set

# One statement, so one moment: the table, and the position of the log that it stands for.
LOAD: LiteralString = """SELECT m.position, d.kind, d.subject, d.due, d.position FROM read_model AS m
  LEFT JOIN LATERAL (SELECT * FROM deadline AS of WHERE due <= %b
    AND NOT EXISTS (SELECT FROM unnest(%b::text[], %b::uuid[]) AS b (kind, subject)
      WHERE b.kind = of.kind AND b.subject = of.subject)
    ORDER BY due, kind, subject LIMIT %b) AS d ON true
  WHERE m.name = 'deadline' ORDER BY d.due, d.kind, d.subject"""
FIRST: LiteralString = "SELECT min(due) FROM deadline"
OVERDUE: LiteralString = "SELECT count(*), min(due) FROM deadline WHERE due <= %b"
STRIKE: LiteralString = "DELETE FROM deadline WHERE kind = %b AND subject = %b AND due = %b AND position = %b"

LOOK = 0.05
"""Seconds between two looks at a log that has not settled."""
PATIENCE = 10.0
"""Seconds that it has to settle."""

Changes = Callable[[Recorded], Iterable[Set | Clear]]


class Deadline(NamedTuple):
    """Something to act on. In this order, and no more than one of a kind for a subject."""

    due: datetime
    kind: str
    subject: UUID
    position: int
    """Of the event that set it."""


Key = tuple[str, UUID]


class Log(Protocol):
    """The log, as far as it is followed here."""

    async def read(self, after: int, limit: int) -> Page:
        """What is settled past that position, in order, and where to read on."""
        ...

    async def end(self) -> int:
        """The newest position drawn, settled or not."""
        ...

    async def wait_for_events(self, after: int, timeout: float) -> bool:  # noqa: ASYNC109 - it answers, it does not raise
        """Return once something is settled past that position, or when the time (seconds) is over."""
        ...


@dataclass(slots=True)
class Agenda:
    """What is due up to a horizon, as the log has it at a position."""

    position: int
    horizon: datetime
    whole: bool
    """Whether nothing else is due up to the instant that was asked for."""
    due: dict[Key, Deadline]
    but: Collection[Key] = ()
    """What was passed over when it was read."""

    def take_in(self, events: Iterable[Recorded], changes: Changes) -> None:
        """What these events set and clear."""
        for event in events:
            for change in changes(event):
                key = (change.kind, change.subject)
                self.due.pop(key, None)
                if isinstance(change, Set) and change.due <= self.horizon:
                    self.due[key] = Deadline(change.due, *key, event.position)

    def first(self, but: Collection[Key] = (), last: Collection[Key] = ()) -> Deadline | None:
        """The earliest, save some; those that may come last come after all others, however early they are due."""
        found = ((key in last, deadline) for key, deadline in self.due.items() if key not in but)
        return min(found, default=(False, None))[1]


class Agendas:
    """Makes agendas, and keeps them true.

    Args:
        line: the database with the table of deadlines.
        log: the event store.
        changes: what events set and clear, as the table's projection has it.
        at_once: deadlines, and events, read at a time.
    """

    def __init__(self, line: Line, log: Log, changes: Changes, *, at_once: int = 1_000) -> None:
        self._line = line
        self._log = log
        self._changes = changes
        self._at_once = at_once

    async def until(self, at: datetime, but: Collection[Key] = ()) -> Agenda:
        """What the table has up to that instant, save some; of very much, the first. Raises Unavailable."""
        kinds, subjects = Texts([kind for kind, _ in but]), Uuids([subject for _, subject in but])
        rows = await self._line.ask(LOAD, [at, kinds, subjects, self._at_once])
        if not rows:
            raise Unavailable("there is no table of deadlines yet")
        found = [Deadline(due, kind, subject, set_at) for _, kind, subject, due, set_at in rows if kind is not None]
        whole = len(found) < self._at_once
        horizon = at if whole else found[-1].due
        return Agenda(rows[0][0], horizon, whole, {(d.kind, d.subject): d for d in found}, frozenset(but))

    async def bring_up(self, agenda: Agenda, to: int | None = None) -> None:
        """Take in all that is recorded up to a position, or by now. Raises Unavailable if the log does not settle."""
        clock = asyncio.get_running_loop().time
        end, give_up_at = await self._log.end() if to is None else to, clock() + PATIENCE
        while agenda.position < end:
            try:
                page = await self._log.read(agenda.position, self._at_once)
            except UnknownEvent as unknown:
                # Whatever it meant: its own stream refuses to be decided on, and every other deadline is still due.
                if unknown.position is None:
                    raise
                agenda.position = unknown.position
                continue
            if page.position > agenda.position:
                agenda.take_in(page.events, self._changes)
                agenda.position = page.position
            elif clock() < give_up_at:
                await self._log.wait_for_events(agenda.position, LOOK)
            else:
                raise Unavailable("the log does not settle: a transaction stays open")

    def foresee(self, agenda: Agenda, events: Iterable[Recorded]) -> None:
        """Take in what was recorded just now, before the log shows it: it will come again with `bring_up`."""
        agenda.take_in(events, self._changes)

    async def strike(self, deadline: Deadline) -> None:
        """Take one that was acted on, and that no event cleared, from the table. Raises Unavailable."""
        await self._line.ask(STRIKE, [deadline.kind, deadline.subject, deadline.due, deadline.position])

    async def first_due(self) -> datetime | None:
        """When the table's first one is due. Raises Unavailable."""
        due: datetime | None
        ((due,),) = await self._line.ask(FIRST)
        return due

    async def overdue(self, at: datetime) -> tuple[int, datetime | None]:
        """How many are due at that instant, and the first of them. Raises Unavailable."""
        ((count, first),) = await self._line.ask(OVERDUE, [at])
        return count, first
