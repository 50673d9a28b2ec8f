"""A search side on a real OpenSearch, over a read side on a log and a database of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from domain.actor import Actor
from infra.opensearch.client import Cluster
from infra.opensearch.side import SearchSide
from infra.opensearch.source import Source
from infra.opensearch.writing import encoded
from infra.read_models.side import ReadSide
from projections.projection import Document
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

    async def search_side(
        self, indexes: Iterable[Index] = INDEXES, *, run: bool = True, cluster: Cluster | None = None, page: int = 500
    ) -> SearchSide:
        """A search side as a process of its own would have it; running, unless told otherwise."""
        made = SearchSide(
            self.world.conninfo,
            self.world.log,
            self.side,
            sample.PROJECTIONS,
            indexes,
            cluster=cluster or Cluster(self.url, seconds=30.0, bulk_seconds=10.0),
            prefix=self.prefix,
            page=page,
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
        """Wait until all that happened can be found, and the indexer follows the version in which it is found."""
        for index in indexes or (BOOKS, SHELVES):
            await search.engine.wait_until(self.world.position, index, PATIENCE)
            followed = search.indexes[index.name]
            async with asyncio.timeout(PATIENCE):
                while followed.version != (await search.versions.named()).get(followed.alias):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)


async def same_as_composed(search: SearchSide, index: Index) -> int:
    """Is every document of the live version what would be composed now, and is there no other? Answers how many."""
    followed = search.indexes[index.name]
    model = followed.layout.root.resource.documents
    await search.versions.refresh(followed.alias)
    asked = {"query": {"term": {"deleted": False}}, "size": 10_000}
    answer = await search.cluster.ask("POST", f"/{followed.alias}/_search", asked)
    there = {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}
    source = Source(search.asking)
    documents: dict[str, Document] = {}
    last = ""
    while page := await source.scan(model, last, 500):
        documents |= page
        last = max(page)
    composed = await followed.composer.around(documents)
    assert there == {id: msgspec.json.decode(encoded(document)) for id, document in composed.items()}
    return len(there)


async def found(search: SearchSide, index: Index, actor: Actor, where: Condition | None = None, **more: Any) -> Found:
    """What the caller finds."""
    return await search.engine.search(Question(index, where or Everything(), **more), actor)


@asynccontextmanager
async def library_on(world: World, url: str) -> AsyncIterator[Library]:
    """The world, its read side running, and a prefix of the test's own on this OpenSearch."""
    library = Library(world, await world.side(), url, f"test-{uuid4().hex[:12]}")
    try:
        yield library
    finally:
        for task in library.world.running:
            await library.world.stop(task)
        async with Cluster(url, seconds=60.0) as cluster:
            for name in await cluster.ask("GET", f"/{library.prefix}-*", params={"filter_path": "*.aliases"}):
                await cluster.ask("DELETE", f"/{name}", params={"ignore_unavailable": "true"}, seconds=60)


@pytest.fixture
async def library(world: World, opensearch: str) -> AsyncIterator[Library]:
    """A library on the session's OpenSearch."""
    async with library_on(world, opensearch) as library:
        yield library
