"""Brings read models over pages of the log: what a page makes of them is committed with their position."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from commands.ports import Page
from domain.kernel import Recorded
from infra.postgres.trouble import TROUBLE
from infra.read_models.aside import Aside, is_poison
from infra.read_models.dead_letters import DeadLetters
from infra.read_models.model import Connection, Making, Model, Write

POSITIONS = "SELECT name, position, epoch FROM read_model WHERE name = ANY(%s)"
ADVANCE = """UPDATE read_model SET position = %s, state = 'live', failed_position = NULL, failed_event = NULL,
  error = NULL, updated_at = now() WHERE name = ANY(%s) AND position = %s RETURNING name, epoch"""


class Moved(Exception):
    """A model is not as it was left here: somebody has put another table in place, or changed documents in it."""

    until = 0
    """Pages up to there are to be taken in alone."""


class Unwritten(Moved):
    """A page could not be written, which is known only now that the next one is made."""

    def __init__(self, until: int) -> None:
        super().__init__(f"the page up to {until} could not be written")
        self.until = until


class _Begun(NamedTuple):
    """A page that is being written."""

    names: Sequence[str]
    start: int
    end: int
    task: asyncio.Task[None]


class Pages:
    """The read models as the one who leads has them: where they stand, what is in memory, what they leave out.

    Args:
        models: by name.
        writes: the connection whose lock is the lead.
        reads: another, which asks for documents while that one writes.
        reached: told of positions, once what stands up to there is committed.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        writes: Connection,
        reads: Connection,
        reached: Callable[[Mapping[str, int]], None],
    ) -> None:
        self.positions: dict[str, int] = {}
        """What is being written counts."""
        self._models = models
        self._writes, self._reads = writes, reads
        self._reached = reached
        self._epochs: dict[str, int] = {}
        self._makings: dict[str, Making] = {}
        self._aside: dict[str, Aside] = {}
        self._begun: _Begun | None = None

    async def look(self) -> None:
        """Where the models stand, as the database knows it; what was in memory is forgotten."""
        await self.close()
        rows = await (await self._writes.execute(POSITIONS, [list(self._models)])).fetchall()
        self.positions = {name: position for name, position, _ in rows}
        self._epochs = {name: epoch for name, _, epoch in rows}
        self._makings.clear()
        found = await DeadLetters(self._writes).subjects(list(self._models))
        self._aside = {name: Aside(model, name, found.get(name, ())) for name, model in self._models.items()}
        self._reached(self.positions)

    async def close(self) -> None:
        """Let go of what is being written."""
        begun, self._begun = self._begun, None
        if begun is not None:
            begun.task.cancel()
            await asyncio.gather(begun.task, return_exceptions=True)

    async def take_in(self, names: Sequence[str], start: int, page: Page) -> None:
        """Bring these models from that position over the page: all of them, or none. Raises Moved, what a model makes
        of an event that it cannot take in, and psycopg.Error.
        """
        await self.begin(names, start, page)
        begun, self._begun = self._begun, None
        if begun is not None:
            await self._settled(begun)

    async def begin(self, names: Sequence[str], start: int, page: Page) -> None:
        """Make of the page what it makes of these models, while the one before is still being written; then hand it to
        the database, which writes all of it or nothing. Raises as `take_in`, and Unwritten for the page before.
        """
        try:
            touched = await self._make(names, page.events)
            writes = [write for name in touched for write in self._changes(name)]
        except Exception:
            self._forget(names)
            await self.settle()
            raise
        except BaseException:
            self._forget(names)
            raise
        try:
            await self.settle()
        except BaseException:
            self._forget(names)
            raise
        sent = asyncio.Event()
        task = asyncio.create_task(self._write(names, start, page.position, writes, sent))
        self._begun = _Begun(names, start, page.position, task)
        self.positions |= dict.fromkeys(names, page.position)
        await sent.wait()  # what is made next keeps the loop busy, and would keep PostgreSQL waiting for its work

    async def settle(self) -> None:
        """Wait until what was begun is written. Raises Unwritten, Moved, and psycopg.Error."""
        begun, self._begun = self._begun, None
        if begun is None:
            return
        try:
            await self._settled(begun)
        except Moved:
            raise
        except Exception as error:
            if isinstance(error, TROUBLE) and not is_poison(error):
                raise
            raise Unwritten(begun.end) from error

    async def set_aside(self, name: str, event: Recorded, error: Exception, *, tries: int) -> None:
        """Let the model, which stands before it, pass an event that it cannot take in, and leave out its stream from
        then on. Raises Moved, TooManyAside, and the error if the model cannot do without.
        """
        aside = self._aside[name]
        aside.add(event, error, tries)
        try:
            await self._write([name], self.positions[name], event.position, [aside.changes()], asyncio.Event())
        except BaseException:
            aside.subjects.discard(event.stream)
            raise
        self.positions[name] = event.position
        self._reached({name: event.position})

    async def _make(self, names: Sequence[str], events: Sequence[Recorded]) -> list[str]:
        """Take these events in. Answers the models to which they make a difference."""
        there = {type(event.fact) for event in events}
        touched = []
        for name in names:
            model = self._models[name]
            if model.handles is None or not there.isdisjoint(model.handles):
                touched.append(name)
                making = self._makings.get(name)
                if making is None:
                    making = self._makings[name] = model.making(model.table)
                await making.take_in(self._reads, self._aside[name].let_through(events))
                await asyncio.sleep(0)  # a page takes long to make: others have their turn in between
        return touched

    def _changes(self, name: str) -> tuple[Write, Write]:
        return self._makings[name].changes().write, self._aside[name].changes()

    async def _write(
        self, names: Sequence[str], start: int, end: int, writes: Sequence[Write], sent: asyncio.Event
    ) -> None:
        """Sets `sent` as soon as PostgreSQL has all that it needs for the writes, or is not going to get it."""
        try:
            async with self._writes.transaction():
                # First of all, as it holds the rows: nobody then swaps a table under its documents.
                cursor = await self._writes.execute(ADVANCE, [end, list(names), start])
                if dict(await cursor.fetchall()) != {name: self._epochs[name] for name in names}:
                    raise Moved
                async with self._writes.pipeline():
                    for write in writes:
                        await write(self._writes)
                    sent.set()
        finally:
            sent.set()

    async def _settled(self, begun: _Begun) -> None:
        try:
            await begun.task
        except BaseException:
            begun.task.cancel()
            self.positions |= dict.fromkeys(begun.names, begun.start)
            self._forget(begun.names)
            raise
        self._reached(dict.fromkeys(begun.names, begun.end))

    def _forget(self, names: Sequence[str]) -> None:
        """What was made of these in memory, and what was set aside."""
        for name in names:
            self._makings.pop(name, None)
            self._aside[name].changes()
