"""A search side on a real OpenSearch, over a read side on a log and a database of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.actor import Actor
from infra.opensearch.client import Cluster
from infra.opensearch.side import SearchSide
from infra.read_models.side import ReadSide
from read_api.search.algebra import Condition, Everything, Question
from read_api.search.declared import Index, Join
from read_api.search.ports import Found
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import Until, World, until, world

__all__ = ["Until", "until", "world"]

BOOKS = Index(
    "book",
    sample.BOOK,
    joins=(Join("shelf", sample.SHELF, "shelfId"), Join("readings", sample.READING, "id", on="bookId", many=True)),
    texts=("title",),
)
SHELVES = Index("shelf", sample.SHELF)
INDEXES = (BOOKS, SHELVES)
PATIENCE = 20.0


@dataclass
class Library:
    """The sample world with search on top."""

    world: World
    side: ReadSide
    url: str
    prefix: str

    async def search_side(self, indexes: Iterable[Index] = INDEXES, *, run: bool = True) -> SearchSide:
        """A search side as a process of its own would have it; running, unless told otherwise."""
        made = SearchSide(
            self.world.conninfo,
            self.world.log,
            self.side,
            sample.PROJECTIONS,
            indexes,
            cluster=Cluster(self.url, seconds=10.0),
            prefix=self.prefix,
        )
        await self.world.stack.enter_async_context(made)
        if run:
            self.world.running.append(asyncio.create_task(made.indexer.run()))
        return made

    async def open(self, shelf: UUID) -> None:
        """Open a shelf."""
        opened = await self.world.log.load(sample.Shelf, shelf, fresh=True)
        opened.open()
        await self.world.happen(opened)

    async def shows(self, search: SearchSide, *indexes: Index) -> None:
        """Wait until all that happened can be found."""
        for index in indexes or (BOOKS, SHELVES):
            await search.engine.wait_until(self.world.position, index, PATIENCE)


async def found(search: SearchSide, index: Index, actor: Actor, where: Condition | None = None, **more: Any) -> Found:
    """What the caller finds."""
    return await search.engine.search(Question(index, where or Everything(), **more), actor)


@pytest.fixture
async def library(world: World, opensearch: str) -> AsyncIterator[Library]:
    """The world, its read side running, and a prefix of the test's own."""
    library = Library(world, await world.side(), opensearch, f"test-{uuid4().hex[:12]}")
    try:
        yield library
    finally:
        for task in library.world.running:
            await library.world.stop(task)
        cluster = Cluster(opensearch)
        with contextlib.suppress(Exception):
            names = await cluster.ask("GET", f"/{library.prefix}-*", params={"filter_path": "*.aliases"})
            for name in names:
                await cluster.ask("DELETE", f"/{name}", seconds=60)
        await cluster.close()
