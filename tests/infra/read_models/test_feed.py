"""How entries of a feed are numbered and read."""

from __future__ import annotations

import asyncio

from infra.postgres.connected import connected
from infra.read_models.side import ReadSide
from tests.infra.read_models.conftest import ANNA, World, rows


async def test_feed_numbers_are_dense_whatever_lies_between(world: World) -> None:
    side = await world.side()
    shelves = []
    for _ in range(3):
        shelves.append(await world.shelf(ANNA))
        await world.book(shelves[-1], ANNA)
    await world.caught_up(side)
    page = await side.feeds.entries("shelf", 2, 3)
    assert [(row.id, row.subject, row.type) for row in page.rows] == [
        (2, shelves[0], "UPDATE"),
        (3, shelves[1], "CREATE"),
        (4, shelves[1], "UPDATE"),
    ]
    assert page.head == 6
    assert (await side.feeds.entries("shelf", 7, 3)).rows == []


async def test_pages_of_a_feed_that_are_asked_for_together_are_each_ones_own(world: World) -> None:
    side = await world.side()
    for _ in range(3):
        await world.shelf(ANNA)
    await world.caught_up(side)
    wanted = [(1, 2), (5, 9), (7, 3), (1, 2), (3, 1)]
    pages = await asyncio.gather(*(side.feeds.entries("shelf", start, limit) for start, limit in wanted))
    assert [[row.id for row in page.rows] for page in pages] == [[1, 2], [5, 6], [], [1, 2], [3]]
    assert {page.head for page in pages} == {6}


async def test_two_that_both_take_themselves_for_the_leader_number_nothing_twice(world: World) -> None:
    """As one whose lead was lost without its knowing: the position that both would move on decides who writes."""
    sides = [await world.side(run=False) for _ in range(2)]

    async def led(side: ReadSide) -> None:
        async with connected(world.conninfo) as connection:
            await side.runner._lead(connection)  # without asking for the lead

    world.running += [asyncio.create_task(led(side)) for side in sides]
    made = [await world.shelf(ANNA, f"shelf {number}") for number in range(40)]
    for side in sides:
        await world.caught_up(side)
    entries = await rows(world, "SELECT id, subject FROM shelf_feed ORDER BY id")
    assert [number for number, _ in entries] == list(range(1, 81)), "each shelf is told of twice: made, and opened"
    assert [subject for _, subject in entries] == [shelf for shelf in made for _ in range(2)]
    assert not any(task.done() for task in world.running), "neither of them fell over the other"


async def test_who_waits_for_a_feed_wakes_with_the_entry(world: World) -> None:
    side = await world.side()
    waiting = asyncio.create_task(side.feeds.wait_beyond("shelf", 0, 10))
    await world.shelf(ANNA, opened=False)
    await asyncio.wait_for(waiting, 5)
    assert (await side.feeds.entries("shelf", 1, 10)).head == 1
    await side.feeds.wait_beyond("shelf", 1, 0.01)  # nothing comes: it ends with the time
