"""Rebuilds of a search index that are killed with -9, again and again, while it is searched and written."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.opensearch.side import SearchSide
from infra.read_models.rebuild import RebuildRunning
from tests.infra.opensearch.conftest import BOOKS, Library, Until, found, same_as_composed
from tests.infra.opensearch.rebuilding import STEP
from tests.infra.read_models.conftest import ANNA, NOBODY

KILLS = 4
STEPS = 2
"""Told of by each before it is killed."""


@asynccontextmanager
async def searched_all_the_while(search: SearchSide, at_least: int) -> AsyncIterator[None]:
    """Whoever searches finds never fewer than there were, at every look."""
    seen: list[int] = []

    async def look() -> None:
        while True:
            seen.append((await found(search, BOOKS, NOBODY)).total)

    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert seen
    assert min(seen) >= at_least
    assert seen == sorted(seen)


async def killed(library: Library) -> None:
    """A rebuild begun in another process, and killed after it told of some steps."""
    module = "tests.infra.opensearch.rebuilding"
    arguments = (library.world.conninfo, library.url, library.prefix, "book")
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, *arguments, stdout=PIPE)
    assert process.stdout is not None
    for _ in range(STEPS):
        assert await process.stdout.readline(), "it was over before it was killed"
    process.kill()
    await process.wait()


async def filled(search: SearchSide) -> tuple[str, int]:
    """The version that is being filled, and how many documents of it are done, as kept with it."""
    live = search.indexes["book"].version
    versions = (await search.versions.all(search.indexes["book"].alias)).values()
    (beside,) = [version.name for version in versions if version.name != live]
    return beside, (await search.versions.progress([beside]))[beside].done


async def test_a_rebuild_killed_again_and_again_goes_on_and_searches_see_nothing_of_it(
    library: Library, until: Until
) -> None:
    """Each goes on from where the one before was kept, and in the end every document is as composed."""
    search = await library.search_side()
    shelf = await library.world.shelf(ANNA)
    books = [await library.world.book(shelf, ANNA, f"Volume {n}") for n in range(2 * KILLS * STEPS * STEP)]
    await library.shows(search)
    before, told, begun = search.indexes["book"].version, [0], set[str]()
    async with searched_all_the_while(search, len(books)):
        for number in range(KILLS):
            await killed(library)
            books[number].price(1_000 + number)
            await library.world.happen(books[number])
            books.append(await library.world.book(shelf, ANNA))
            version, done = await filled(search)
            begun.add(version)
            told.append(done)

        async def made_anew() -> bool:
            try:
                await search.rebuilds.run("book")
            except RebuildRunning:  # PostgreSQL has yet to notice that the last one is gone
                return False
            return True

        await until(made_anew)
        await library.shows(search)
    assert told == sorted(set(told)), "each came further than the one before"
    assert begun == {search.indexes["book"].version}, "one version, which is shown now"
    assert before not in begun
    assert await same_as_composed(search, BOOKS) == len(books)
