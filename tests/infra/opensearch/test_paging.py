"""A log that is far ahead of its search indexes: pages are composed while those before are sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from commands.ports import Unavailable
from infra.opensearch.client import Cluster
from infra.opensearch.side import SearchSide
from tests.infra.opensearch.conftest import BOOKS, SHELVES, Library, same_as_composed
from tests.infra.read_models.conftest import ANNA, BEN

PAGE = 3


class Slow(Cluster):
    """Takes its time with what is written, and now and then does not take it."""

    fails: int = 0
    """Every so many times."""
    asked = 0
    at_once = 0
    most_at_once = 0

    async def bulk(self, lines: Sequence[Any]) -> list[Mapping[str, Any]]:
        """As any, later."""
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await asyncio.sleep(0.05)
            if self.fails and self.asked % self.fails == 0:
                raise Unavailable("The search engine is busy; try again.")
            return await super().bulk(lines)
        finally:
            self.at_once -= 1


async def behind(library: Library, cluster: Slow) -> SearchSide:
    """A search side whose indexes are there, and behind a log of many pages that touch the same few documents."""
    search = await library.search_side(cluster=cluster, page=PAGE)
    shelves = [await library.world.shelf(ANNA, opened=False) for _ in range(2)]
    books = [await library.world.book(shelf, BEN) for shelf in shelves]
    await library.shows(search)
    await library.world.stop(library.world.running.pop())
    for turn in range(10):
        for book in books:
            book.price(100 + turn)
            await library.world.happen(book)
        await library.world.book(shelves[turn % 2], ANNA, f"Another {turn}")
    await library.open(shelves[0])
    books[1].burn()
    await library.world.happen(books[1])
    return search


async def caught_up(library: Library, search: SearchSide) -> tuple[int, int]:
    """How many books and shelves there are, once the indexer has come to the end."""
    library.world.running.append(asyncio.create_task(search.indexer.run()))
    await library.shows(search)
    return await same_as_composed(search, BOOKS), await same_as_composed(search, SHELVES)


async def test_what_is_composed_early_and_written_late_is_right_in_the_end(library: Library) -> None:
    """A document that several pages touch is as the last of them left it, and one that is gone stays gone."""
    cluster = Slow(library.url, seconds=30.0)
    search = await behind(library, cluster)
    cluster.most_at_once = 0
    assert await caught_up(library, search) == (11, 2)
    assert cluster.most_at_once > 1


async def test_a_page_that_could_not_be_written_is_taken_in_again_with_those_that_were_begun(library: Library) -> None:
    cluster = Slow(library.url, seconds=30.0)
    search = await behind(library, cluster)
    cluster.fails = 5
    assert await caught_up(library, search) == (11, 2)
    assert search.indexer.trouble is None
