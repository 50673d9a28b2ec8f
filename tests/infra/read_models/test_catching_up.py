"""A projector far behind makes a page while it writes the one before; what comes of it is the same as of one page."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import psycopg
import pytest

from infra.postgres.connected import connected
from infra.read_models.dead_letters import DeadLetters
from infra.read_models.runner import Runner
from infra.read_models.side import ReadSide
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, BEN, Until, World

PAGE = 5
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'innkeep projector'"
EVERYTHING = "SELECT * FROM {} ORDER BY 1, 2"


def catching_up(world: World, side: ReadSide, page: int = PAGE) -> asyncio.Task[None]:
    """A projector with small pages, that does not wait long between two tries."""
    side.runner = Runner(world.conninfo, world.log, side.models, side.progress, page=page, retry=(0.01, 0.05), tries=2)
    return world.run(side)


async def life(world: World, seed: int, steps: int = 120) -> list[sample.Book]:
    """Books are shelved, priced, lent and burnt, some of them again and again."""
    random = Random(seed)
    shelves = [await world.shelf(owner) for owner in (ANNA, BEN)]
    books: list[sample.Book] = []
    for step in range(steps):
        if not books or random.random() < 0.3:
            books.append(await world.book(random.choice(shelves), ANNA, f"Book {step}"))
            continue
        book = random.choice(books)
        if random.random() < 0.1:
            books.remove(book)
            book.burn()
        else:
            book.price(random.randrange(700, 9_000))
        await world.happen(book)
    return books


async def tables(world: World, side: ReadSide) -> dict[str, list[Any]]:
    """All that the read models have."""
    async with connected(world.conninfo) as connection:
        return {
            name: await (await connection.execute(EVERYTHING.format(model.table).encode())).fetchall()
            for name, model in side.models.items()
        }


async def as_rebuilt(world: World, side: ReadSide) -> dict[str, list[Any]]:
    """What a rebuild makes of the same log."""
    for name in side.models:
        await side.rebuild(name)
    return await tables(world, side)


@pytest.mark.parametrize("seed", range(3))
async def test_many_small_pages_come_to_what_the_log_says(world: World, seed: int) -> None:
    side = await world.side(run=False)
    await life(world, seed)
    catching_up(world, side)
    await world.caught_up(side)
    found = await tables(world, side)
    assert len(found["book"]) > 20
    assert found == await as_rebuilt(world, side)


@pytest.mark.parametrize("poison", ["handler", "database"])
async def test_what_cannot_be_taken_in_far_behind_is_set_aside_alone(world: World, poison: str) -> None:
    """Whether it fails while it is made, or while the next page is being made already."""
    side = await world.side(run=False)
    before = await life(world, 1, 40)
    bad = before[0]
    if poison == "handler":
        bad.price(666)
    else:
        bad.note("with a NUL: \x00")
    at = await world.happen(bad)
    await life(world, 2, 40)
    catching_up(world, side)
    await world.caught_up(side)
    async with connected(world.conninfo) as connection:
        letters = await DeadLetters(connection).found()
    assert [(letter.model, letter.subject, letter.position) for letter in letters] == [("book", bad.id, at)]
    assert await tables(world, side) == await as_rebuilt(world, side)


async def test_cut_off_again_and_again_it_comes_to_the_same(world: World, until: Until) -> None:
    """At whatever moment: between two pages, or while one of them is being written."""
    side = await world.side(run=False)
    await life(world, 4, 200)
    catching_up(world, side)
    random = Random(4)

    async def there_yet() -> bool:
        async with await psycopg.AsyncConnection.connect(world.conninfo, autocommit=True) as connection:
            await connection.execute(TERMINATE)
        await asyncio.sleep(random.uniform(0.3, 0.5))
        return side.progress.reached(side.models) >= world.position

    await until(there_yet)
    assert await tables(world, side) == await as_rebuilt(world, side)
