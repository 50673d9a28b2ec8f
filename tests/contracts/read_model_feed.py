"""What comes of a log in read models, whatever feeds them. A subclass brings the fixture `project`: it starts
projectors of a read side, with pages of `PAGE` events, that do not wait long between two tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import psycopg
import pytest

from infra.postgres.connected import connected
from infra.read_models.dead_letters import DeadLetters
from infra.read_models.side import ReadSide
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, BEN, Until, World

PAGE = 5
SECONDS = 60.0
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'innkeep projector'"
EVERYTHING = "SELECT * FROM {} ORDER BY 1, 2"

Project = Callable[[ReadSide], Awaitable[None]]


async def life(world: World, seed: int, steps: int = 120) -> list[sample.Book]:
    """Books are shelved, priced, lent and burnt, some of them again and again. Answers those that are left."""
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
        elif random.random() < 0.2:
            book.lend(world.now, "2026-03-18", "UTC")
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


class ReadModelFeedContract:
    """Every event counts once, in the order of its stream, whatever becomes of those who bring and take it."""

    @pytest.mark.parametrize("seed", range(3))
    async def test_many_small_pages_come_to_what_the_log_says(self, world: World, project: Project, seed: int) -> None:
        side = await world.side(run=False)
        await life(world, seed)
        await project(side)
        await side.waiting.until_now(side.models, SECONDS)
        await life(world, seed + 10, 30)
        await side.waiting.until_now(side.models, SECONDS)
        found = await tables(world, side)
        assert len(found["book"]) > 20
        assert found == await as_rebuilt(world, side)

    @pytest.mark.parametrize("poison", ["handler", "database"])
    async def test_what_cannot_be_taken_in_far_behind_is_set_aside_alone(
        self, world: World, project: Project, poison: str
    ) -> None:
        """Whether it fails while it is made, or while the next page is being made already."""
        side = await world.side(run=False)
        bad = (await life(world, 1, 40))[0]
        if poison == "handler":
            bad.price(666)
        else:
            bad.note("with a NUL: \x00")
        at = await world.happen(bad)
        await life(world, 2, 40)
        await project(side)
        await side.waiting.until_now(side.models, SECONDS)
        async with connected(world.conninfo) as connection:
            letters = await DeadLetters(connection).found()
        assert [(letter.model, letter.subject, letter.position) for letter in letters] == [("book", bad.id, at)]
        assert await tables(world, side) == await as_rebuilt(world, side)

    async def test_cut_off_again_and_again_it_comes_to_the_same(
        self, world: World, project: Project, until: Until
    ) -> None:
        """At whatever moment: between two pages, or while one of them is being written."""
        side = await world.side(run=False)
        await life(world, 4, 200)
        await project(side)
        random = Random(4)

        async def there_yet() -> bool:
            async with await psycopg.AsyncConnection.connect(world.conninfo, autocommit=True) as connection:
                await connection.execute(TERMINATE)
            await asyncio.sleep(random.uniform(0.5, 0.8))
            return side.progress.reached(side.models) >= world.position

        await until(there_yet)
        assert await tables(world, side) == await as_rebuilt(world, side)

    async def test_a_rebuild_meanwhile_is_noticed(self, world: World, project: Project) -> None:
        """Who fills a model goes on with the table that was put in place."""
        side = await world.side(run=False)
        await life(world, 5, 40)
        await project(side)
        await side.waiting.until_now(side.models, SECONDS)
        await side.rebuild("book")
        await life(world, 6, 40)
        await side.waiting.until_now(side.models, SECONDS)
        assert await tables(world, side) == await as_rebuilt(world, side)
