"""Rebuilds that are killed with -9, again and again, while the model is read and written."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from infra.read_models.side import ReadSide
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, World

KILLS = 4


@asynccontextmanager
async def read_all_the_while(side: ReadSide, at_least: int) -> AsyncIterator[list[int]]:
    """How many books readers see, at every look; never fewer than there were."""
    seen: list[int] = []

    async def reading() -> None:
        while True:
            seen.append((await side.reads.list(sample.BOOK, [], ANNA)).total)
            await asyncio.sleep(0)

    task = asyncio.create_task(reading())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert seen
    assert min(seen) >= at_least
    assert seen == sorted(seen)


async def killed(world: World, lines: int) -> None:
    """A rebuild begun in another process, and killed after it told of so many steps."""
    module = "tests.infra.read_models.rebuilding"
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, world.conninfo, "book", stdout=PIPE)
    assert process.stdout is not None
    for _ in range(lines):
        assert await process.stdout.readline(), "it was over before it was killed"
    process.kill()
    await process.wait()


async def test_a_rebuild_killed_again_and_again_goes_on_and_readers_see_nothing_of_it(world: World) -> None:
    """Each goes on from where the one before was stored, and in the end every document is right."""
    side = await world.side()
    shelf = await world.shelf(ANNA)
    books = [await world.book(shelf, ANNA, f"Volume {n}") for n in range(60)]
    for price, book in enumerate(books):
        book.price(price)
    await world.happen(*books)
    await world.caught_up(side)
    stored = [0]
    async with read_all_the_while(side, len(books)):
        for number in range(KILLS):
            await killed(world, 3)
            books[number].price(1_000 + number)
            await world.happen(books[number])
            books.append(await world.book(shelf, ANNA))
            async with await psycopg.AsyncConnection.connect(world.conninfo) as connection:
                rows = await (await connection.execute("SELECT position FROM read_model_beside")).fetchall()
            stored.append(rows[0][0])
        done = await side.rebuild("book")
    assert stored == sorted(stored)
    assert stored[-1] > 0
    assert done.began == stored[-1]
    assert done.comparison.different == 0
    await world.caught_up(side)
    assert (await side.reads.list(sample.BOOK, [], ANNA)).total == len(books)
    made = [await side.store.raw("book", book.id) or {} for book in books[:KILLS]]
    assert [document["recordVersion"] for document in made] == [3] * KILLS
