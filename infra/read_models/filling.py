"""Fills a table beside the live one from the log: fast, in short transactions, and so that it can be gone on with."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from commands.ports import Page
from domain.kernel import Fact, Recorded
from infra.event_store.codec import UnknownEvent
from infra.postgres.trouble import TROUBLE
from infra.read_models.aside import POISON, Aside
from infra.read_models.beside import ADVANCE, Beside, letters_beside, table_beside
from infra.read_models.dead_letters import DeadLetters
from infra.read_models.model import Changes, Connection, Making, Model, Write


class Pace(NamedTuple):
    """How much is done at a time."""

    stretch: int = 4_000
    """Positions of the log read."""
    at_once: int = 250
    """Events taken in."""
    many: int = 10_000
    """Documents made, or ..."""
    long: int = 200_000
    """... positions passed, after which what was made is written."""
    near: int = 1_000
    """Positions left to be taken in with the swap, at most, where the log does not outrun the rebuild."""
    rest: float = 0
    """Times as long as a stretch took, after each."""


USUAL = Pace()
GENTLE = Pace(stretch=400, at_once=200, many=1_000, rest=2.0)
"""In small pieces, two thirds of the time at rest: others who ask the same database wait less for it."""


class Log(Protocol):
    """The log, as it is read from its start."""

    async def stretch(self, after: int, length: int, only: Collection[type[Fact]] | None = None) -> Page:
        """What is settled of the next so many positions, of these events alone, and where to read on."""
        ...


class Unwritable(Exception):
    """What was made of some events cannot be written: it is to be found out of which."""


class Filler:
    """Brings a table forward.

    Documents are written early, then the position: killed in between, the next filler takes in again what some of the
    documents have, and passes over it.

    Args:
        writes: the connection that writes.
        reads: another, which asks for documents meanwhile.
        log: what to fill from.
        model: what to make of it.
        begun: the table, if another has begun to fill it: some of its documents may stand further on.
        pace: how much is done at a time.
    """

    def __init__(
        self,
        writes: Connection,
        reads: Connection,
        log: Log,
        model: Model,
        begun: Beside | None,
        *,
        pace: Pace = USUAL,
    ) -> None:
        self.writes, self.reads, self.model = writes, reads, model
        self.position = self.stored = begun.position if begun else 0
        """Taken in, and written."""
        self.pace = pace
        self._log = log
        self._making: Making = model.making(table_beside(model, "rebuild"), resumed=begun is not None)
        self._aside = Aside(model, letters_beside(model, "rebuild"))
        self._storing: asyncio.Task[None] | None = None
        self._ahead: tuple[int, asyncio.Task[Page]] | None = None
        self._careful = 0
        """Up to there, each event is written before the next is looked at."""

    async def open(self) -> None:
        """Learn what is set aside already."""
        key = letters_beside(self.model, "rebuild")
        self._aside = Aside(self.model, key, (await DeadLetters(self.reads).subjects([key])).get(key, ()))

    async def restart(self) -> None:
        """Forget all that is not written."""
        await asyncio.gather(*([self._storing] if self._storing else []), return_exceptions=True)
        self._storing = None
        self.position = self.stored
        self._making = self.model.making(table_beside(self.model, "rebuild"), resumed=True)
        await self.open()

    async def close(self) -> None:
        """Let go of what is under way."""
        tasks = [task for task in (self._storing, self._ahead and self._ahead[1]) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def fill(self) -> bool:
        """Take in the next stretch of the log. Was there any?

        Raises UnknownEvent, TooManyAside, Unavailable, psycopg.Error, and what the model makes of an event that it
        cannot do without.
        """
        page = await self._read()
        if page.position == self.position:
            return False
        try:
            await self._take_in(page)
        except Unwritable:
            await self._go_back()
        return True

    async def store(self) -> None:
        """Write all that was taken in. Raises as `fill`."""
        end = self.position
        while self.stored < end:
            try:
                await self._store()
                await self._stored()
            except Unwritable:
                await self.find_out()

    async def find_out(self) -> None:
        """Take in again what cannot be written together, event by event. Raises as `fill`."""
        end = self.position
        await self._go_back()
        while self.position < end:
            await self.fill()

    async def look(self, after: int, most: int | None = None) -> Page:
        """What comes next in the log, of so many positions at most. An unknown event is passed if it does not concern
        the model.
        """
        length = self.pace.stretch if most is None else min(most, self.pace.stretch)
        try:
            return await self._log.stretch(after, length, self.model.handles)
        except UnknownEvent as unknown:
            if unknown.position is None or unknown.concerns(self.model.aggregates):
                raise
            return Page([], unknown.position)

    async def finish(self, rest: Sequence[Page]) -> None:
        """Take in and write the last pages in a transaction of `writes`; all before is stored. Raises Unwritable."""
        for page in rest:
            await self._fold(page.events)
            self.position = page.position
        changes, letters = self._changes()
        try:
            await changes.write(self.writes)
            await letters(self.writes)
        except POISON as error:
            raise Unwritable from error

    async def _read(self) -> Page:
        """The next stretch; the one behind it is asked for already."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0] != self.position:
            ahead[1].cancel()
            await asyncio.gather(ahead[1], return_exceptions=True)
            ahead = None
        page = await (self.look(self.position) if ahead is None else ahead[1])
        if page.position > self.position:
            self._ahead = (page.position, asyncio.create_task(self.look(page.position)))
            await asyncio.sleep(0)  # let it ask
        return page

    async def _take_in(self, page: Page) -> None:
        start = 0
        while start < len(page.events):
            careful = page.events[start].position <= self._careful
            some = page.events[start : start + (1 if careful else self.pace.at_once)]
            start += len(some)
            await self._fold(some)
            self.position = some[-1].position
            if careful:
                await self._store_alone(some[0])
            elif self._making.size >= self.pace.many or self.position - self.stored > self.pace.long:
                await self._store()
            await asyncio.sleep(0)  # what is being written has its turn: PostgreSQL is not kept waiting
        self.position = page.position

    async def _fold(self, events: Sequence[Recorded]) -> None:
        """Take in events; where one cannot be, its stream is set aside."""
        events = self._aside.let_through(events)
        try:
            await self._making.take_in(self.reads, events)
        except TROUBLE:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler makes of an event
            if len(events) == 1:
                self._aside.add(events[0], error)
                return
            middle = len(events) // 2
            await self._fold(events[:middle])
            await self._fold(events[middle:])

    async def _store(self) -> None:
        """Begin to write what was made, while more is taken in. Raises Unwritable for what was begun before."""
        await self._stored()
        changes, letters = self._changes()
        self._storing = asyncio.create_task(self._write(changes, letters, self.position))

    def _changes(self) -> tuple[Changes, Write]:
        try:
            return self._making.changes(), self._aside.changes()
        except Exception as error:  # whatever a handler, or the encoder, makes of an event
            raise Unwritable from error

    async def _stored(self) -> None:
        storing, self._storing = self._storing, None
        if storing is not None:
            await storing

    async def _write(self, changes: Changes, letters: Write, position: int) -> None:
        try:
            for early in changes.early:
                await early(self.writes)  # one statement, and so a transaction
            async with self.writes.transaction():
                await changes.last(self.writes)
                await letters(self.writes)
                await self.writes.execute(ADVANCE, [position, self.model.name])
        except POISON as error:
            raise Unwritable from error
        self.stored = position

    async def _store_alone(self, event: Recorded) -> None:
        """Write what one event made; if it cannot be written, set its stream aside."""
        try:
            await self._store()
            await self._stored()
        except Unwritable as unwritable:
            self._making = self.model.making(table_beside(self.model, "rebuild"), resumed=True)
            if not isinstance(unwritable.__cause__, Exception):
                raise
            self._aside.add(event, unwritable.__cause__)

    async def _go_back(self) -> None:
        """Begin anew where all is written, and go carefully up to here."""
        self._careful = max(self._careful, self.position)
        await self.restart()
