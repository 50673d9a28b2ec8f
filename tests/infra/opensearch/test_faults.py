"""OpenSearch away, hanging, or killed in the middle of a write: nobody else is harmed, and all is right afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.infra.opensearch.conftest import BOOKS, SHELVES, Library, Until, library_on, same_as_composed
from tests.infra.read_models.conftest import ANNA, BEN, World
from tests.services.java import NotHere
from tests.services.opensearch import OpenSearchServer

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSearchServer]:
    """A node that may be stopped and killed."""
    try:
        server = OpenSearchServer(tmp_path_factory.mktemp("opensearch"), heap=256)
    except NotHere as missing:
        pytest.skip(f"no real OpenSearch here: {missing}")
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
async def mortal(world: World, server: OpenSearchServer) -> AsyncIterator[Library]:
    """A library on that node."""
    async with library_on(world, server.url) as library:
        yield library


async def test_while_it_hangs_commands_go_on_and_afterwards_all_is_right(
    mortal: Library, server: OpenSearchServer, until: Until
) -> None:
    """The indexer waits; what happened meanwhile is written when it comes back, and every document is as composed."""
    search = await mortal.search_side()
    shelf = await mortal.world.shelf(ANNA)
    books = [await mortal.world.book(shelf, BEN, f"Book {number}") for number in range(20)]
    await mortal.shows(search)
    server.freeze()
    try:
        for number, book in enumerate(books):
            book.price(1_000 + number)
            await mortal.world.happen(book)
            await mortal.world.book(shelf, BEN, f"Meanwhile {number}")
        await mortal.world.caught_up(mortal.side)

        async def waits() -> bool:
            return search.indexer.trouble is not None

        await until(waits)
        (lag, *_) = [lag for lag in await search.lags() if lag.name == "book"]
        assert lag.events_behind > 0, "told though it is away"
    finally:
        server.thaw()
    for index in (BOOKS, SHELVES):
        await search.engine.wait_until(mortal.world.position, index, 120)
    assert await same_as_composed(search, BOOKS) == 40
    assert await same_as_composed(search, SHELVES) == 1


async def test_killed_in_the_middle_of_a_write_it_comes_back_with_every_document_right(
    mortal: Library, server: OpenSearchServer, until: Until
) -> None:
    """Pages that it may have had are written again, and change nothing."""
    search = await mortal.search_side()
    shelf = await mortal.world.shelf(ANNA)
    await mortal.shows(search)
    books = []

    async def load() -> None:
        for number in range(400):
            book = await mortal.world.book(shelf, BEN, f"Book {number}")
            if number % 3 == 0:
                book.price(number + 1)
                await mortal.world.happen(book)
            if number % 7 == 0:
                book.burn()
                await mortal.world.happen(book)
            books.append(book)

    loading = asyncio.create_task(load())

    async def halfway() -> bool:
        return len(books) >= 100 and search.indexes["book"].position >= mortal.world.position // 2

    await until(halfway)
    await asyncio.to_thread(server.kill)
    await loading
    await mortal.world.caught_up(mortal.side)
    await asyncio.to_thread(server.start)
    await search.engine.wait_until(mortal.world.position, BOOKS, 120)
    assert await same_as_composed(search, BOOKS) == 400 - len(range(0, 400, 7))
