"""A read side over a real log, on a database of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest

from commands.ports import Cause
from domain.actor import SYSTEM, Actor
from domain.kernel import Aggregate
from infra.event_store import Codec, PostgresEventStore
from infra.postgres.migrate import migrate
from infra.read_models.side import ReadSide
from tests.infra.read_models import sample

if TYPE_CHECKING:
    from tests.infra.read_models.library import Library

NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)  # a Wednesday
ANNA, BEN = Actor(uuid4(), "user"), Actor(uuid4(), "user")
MODERATOR = Actor(uuid4(), "moderator")
NOBODY = Actor()
STRANGE: LiteralString = """SELECT reached FROM append_events(
  ARRAY[%(id)s], ARRAY[1], ARRAY[%(name)s], ARRAY['{}'::bytea], ARRAY[%(id)s],
  ARRAY[%(id)s], ARRAY['do'], ARRAY[NULL::uuid], ARRAY['system'], ARRAY[NULL::uuid], ARRAY['default'],
  ARRAY[''], ARRAY[NULL::bytea], ARRAY[%(at)s::timestamptz], ARRAY[NULL], ARRAY[NULL::bytea], ARRAY[NULL::bytea])"""


@dataclass
class World:
    """A log, the read sides on it, and the clock they share."""

    conninfo: str
    log: PostgresEventStore
    stack: contextlib.AsyncExitStack
    now: datetime = NOW
    position: int = 0
    running: list[asyncio.Task[None]] = field(default_factory=list)

    async def happen(self, *aggregates: Aggregate, actor: Actor = SYSTEM, name: str = "do") -> int:
        """Save what these have decided, a second after the last."""
        self.now += timedelta(seconds=1)
        self.position = await self.log.save(aggregates, Cause(uuid4(), name, actor, self.now))
        return self.position

    async def shelf(self, owner: Actor, place: str = "hall", *, opened: bool = True) -> UUID:
        """A shelf of somebody's."""
        shelf = sample.Shelf.at(uuid4())
        shelf.build(owner.id, place)  # type: ignore[arg-type]
        if opened:
            shelf.open()
        await self.happen(shelf, actor=owner)
        return shelf.id

    async def book(self, shelf: UUID, owner: Actor, title: str = "Emma", **told: Any) -> sample.Book:
        """A book on a shelf."""
        book = sample.Book.at(uuid4())
        fields = {"genre": "novel", "price": 1250, "pages": 300} | told
        book.shelve(shelf=shelf, owner=owner.id, title=title, **fields)  # type: ignore[arg-type]
        await self.happen(book, actor=owner)
        return book

    async def strange(self, name: str) -> int:
        """An event that only a newer release knows; its position."""
        self.now += timedelta(seconds=1)
        async with await psycopg.AsyncConnection.connect(self.conninfo) as connection:
            cursor = await connection.execute(STRANGE, {"name": name, "id": uuid4(), "at": self.now})
            ((self.position,),) = await cursor.fetchall()
        return self.position

    async def side(self, projections: Any = sample.PROJECTIONS, resources: Any = None, *, run: bool = True) -> ReadSide:
        """A read side as a process of its own would have it; running, unless told otherwise."""
        declared = (*sample.RESOURCES, sample.READING) if resources is None else resources
        side = ReadSide(self.conninfo, self.log, projections, declared, now=lambda: self.now, connections=4)
        await self.stack.enter_async_context(side)
        if run:
            self.run(side)
        return side

    def run(self, side: ReadSide) -> asyncio.Task[None]:
        """Let it follow the log."""
        task = asyncio.create_task(side.runner.run())
        self.running.append(task)
        return task

    async def stop(self, task: asyncio.Task[None]) -> None:
        """End a runner."""
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def caught_up(self, side: ReadSide, *models: str) -> None:
        """Wait until all that happened is in these models, or all of them."""
        await side.waiting.until_now(models or tuple(side.models), 10)


async def rows(world: World, query: str) -> Sequence[tuple[Any, ...]]:
    """What the database answers."""
    async with await psycopg.AsyncConnection.connect(world.conninfo) as connection:
        return await (await connection.execute(query)).fetchall()


async def filled(world: World, side: ReadSide) -> list[sample.Book]:
    """Four books of four shelves, that a read side has caught up with: all were lent, one came back, one is burnt."""
    books = []
    for n in range(4):
        book = await world.book(await world.shelf(ANNA, f"place {n}"), ANNA, f"Volume {n}")
        book.lend(world.now, "2026-03-18", "UTC")
        await world.happen(book)
        books.append(book)
    books[0].give_back()
    books[1].burn()
    await world.happen(*books[:2])
    await world.caught_up(side)
    return books


Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    await migrate(database)
    async with contextlib.AsyncExitStack() as stack:
        log = await stack.enter_async_context(PostgresEventStore(database, Codec(sample.AGGREGATES)))
        world = World(database, log, stack)
        try:
            yield world
        finally:
            for task in world.running:
                await world.stop(task)


@pytest.fixture
def until() -> Until:
    """Waits until something asked for again and again holds, for at most a minute."""

    async def holds(question: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(60):
            while True:
                if await question():
                    return
                await asyncio.sleep(0.01)

    return holds


@pytest.fixture
async def library(world: World) -> Library:
    """Two shelves, one of them open, and no books yet."""
    from tests.infra.read_models.library import SHELVES, Library  # noqa: PLC0415 - it needs what stands here

    library = Library(world, await world.side(run=False))
    for name, id in SHELVES.items():
        shelf = {"id": str(id), "isOpen": name == "open", "ownerId": str(BEN.id), "isActive": True}
        await library.put("shelf", sample.SHELVES, shelf)
    return library
