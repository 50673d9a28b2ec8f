"""Rebuilds beside the live tables: what they make, who is let through meanwhile, and when one is due."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from commands.ports import Page
from domain.kernel import Fact, Recorded
from infra.event_store import UnknownEvent
from infra.read_models.catalogue import due
from infra.read_models.filling import GENTLE, USUAL, Pace
from infra.read_models.rebuild import RebuildRunning, rebuild
from infra.read_models.side import NoSuchModel
from projections.projection import Document
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, World, filled, rows


@pytest.mark.parametrize("pace", [USUAL, GENTLE], ids=["usual", "gentle"])
@pytest.mark.parametrize("name", ["shelf", "book", "reading", "shelf_feed", "deadline"])
async def test_a_rebuilt_model_equals_the_one_it_replaces(world: World, name: str, pace: Pace) -> None:
    side = await world.side()
    await filled(world, side)
    query = f"SELECT * FROM {side.models[name].table} ORDER BY 1, 2"
    before = await rows(world, query)
    told: list[tuple[int, int]] = []
    await side.rebuild(name, lambda done, total: told.append((done, total)), pace=pace)
    assert await rows(world, query) == before
    assert told[0] == (0, world.position)
    assert told[-1] == (world.position, world.position)
    await world.shelf(ANNA)  # and it follows on
    await world.caught_up(side)


async def test_a_rebuild_passes_an_event_of_a_newer_release_only_if_it_does_not_concern_the_model(world: World) -> None:
    side = await world.side()
    await filled(world, side)
    await world.strange("shelf.painted.v1")
    await world.book(await world.shelf(ANNA), ANNA)
    await world.caught_up(side, "book")
    assert (await side.rebuild("book")).position == world.position
    with pytest.raises(UnknownEvent):
        await side.rebuild("shelf")


async def test_a_rebuild_mends_what_is_wrong_in_the_table(world: World) -> None:
    side = await world.side()
    books = await filled(world, side)
    async with await psycopg.AsyncConnection.connect(world.conninfo, autocommit=True) as connection:
        await connection.execute("DELETE FROM doc_book")
    await side.rebuild("book")
    assert (await side.store.raw("book", books[2].id) or {})["title"] == "Volume 2"


async def test_readers_never_see_an_empty_moment_and_writers_lose_nothing(world: World) -> None:
    side = await world.side()
    await filled(world, side)
    done = asyncio.Event()

    async def reading() -> list[int]:
        seen = []
        while not done.is_set():
            seen.append((await side.reads.list(sample.SHELF, [], ANNA)).total)
        return seen

    async def writing() -> None:
        while not done.is_set():
            await world.shelf(ANNA)

    readers = [asyncio.create_task(reading()) for _ in range(2)]
    writer = asyncio.create_task(writing())
    for _ in range(3):
        await side.rebuild("shelf")
    done.set()
    await writer
    await world.caught_up(side)
    for reader in readers:
        seen = await reader
        assert seen[0] >= 4
        assert seen == sorted(seen)
    built = await rows(world, "SELECT count(*) FROM event WHERE name = 'shelf.built.v1'")
    assert await rows(world, "SELECT count(*) FROM doc_shelf") == built
    assert await rows(world, "SELECT count(*), max(id) FROM shelf_feed") == [(2 * built[0][0], 2 * built[0][0])]


async def test_two_rebuilds_of_one_model_at_once_are_refused(world: World) -> None:
    side = await world.side()
    await filled(world, side)
    reached, go_on = asyncio.Event(), asyncio.Event()

    class Slow:
        async def stretch(self, after: int, length: int, only: Collection[type[Fact]] | None = None) -> Page:
            reached.set()
            await go_on.wait()
            return await world.log.stretch(after, length, only)

    first = asyncio.create_task(rebuild(world.conninfo, Slow(), side.models["book"], lambda _done, _total: None))
    await reached.wait()
    with pytest.raises(RebuildRunning):
        await side.rebuild("book")
    await side.rebuild("shelf")
    go_on.set()
    await first


async def test_nobody_waits_for_a_rebuild_that_waits_for_a_vacuum(world: World) -> None:
    side = await world.side()
    await filled(world, side)
    waiting = "SELECT pid FROM pg_stat_activity WHERE application_name = 'innkeep rebuild' AND wait_event_type = 'Lock'"
    async with await psycopg.AsyncConnection.connect(world.conninfo) as vacuum:
        await vacuum.execute("LOCK TABLE doc_shelf IN SHARE UPDATE EXCLUSIVE MODE")  # the lock that a vacuum holds
        rebuilding = asyncio.create_task(side.rebuild("shelf"))
        async with asyncio.timeout(30):
            while not (pids := await rows(world, waiting)):  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)
        others = "SELECT 1 FROM pg_locks WHERE pid = %s AND mode = 'ExclusiveLock' AND relation IS NOT NULL"
        assert await (await vacuum.execute(others, pids[0])).fetchall() == []
        await world.shelf(ANNA)
        await world.caught_up(side)
        assert not rebuilding.done()
    assert (await rebuilding).position == world.position


async def test_a_stream_in_the_way_is_waited_for(world: World) -> None:
    side = await world.side()
    await filled(world, side)
    async with await psycopg.AsyncConnection.connect(world.conninfo) as reader:
        await reader.execute("SELECT count(*) FROM doc_shelf")  # its transaction stays open
        rebuilding = asyncio.create_task(side.rebuild("shelf"))
        await asyncio.wait([rebuilding], timeout=0.6)
        assert not rebuilding.done()
        assert (await side.reads.list(sample.SHELF, [], ANNA)).total == 4
        await reader.rollback()
        await rebuilding


async def test_a_model_that_makes_something_else_is_due_for_a_rebuild_until_it_was(world: World) -> None:
    side = await world.side(run=False)
    runner = world.run(side)
    await filled(world, side)
    await world.stop(runner)

    def shouted(_: Document | None, event: Recorded, __: Any) -> Document:
        made = sample.SHELVES.handles[type(event.fact)](None, event, None) or {}
        return made | {"place": made["place"].upper()}

    louder = replace(sample.SHELVES, version=2, handles={**sample.SHELVES.handles, sample.Shelf.Built: shouted})  # type: ignore[attr-defined]
    newer = await world.side([louder if p is sample.SHELVES else p for p in sample.PROJECTIONS], run=False)
    with capture_logs() as said:
        world.run(newer)
        await world.shelf(ANNA)
        await world.caught_up(newer)
    assert {"model": "shelf", "todo": "innkeep rebuild shelf"}.items() <= said[0].items()
    assert due(await newer.health()) == ["shelf"]
    assert next(model for model in await newer.health() if model.name == "shelf").follows
    await newer.rebuild("shelf")
    assert due(await newer.health()) == []
    assert {d["place"] for d in await newer.store.select("shelf")} == {"HALL", *(f"PLACE {n}" for n in range(4))}


async def test_another_declaration_of_what_is_filtered_is_noticed_too(world: World) -> None:
    await world.side()
    fields = tuple(replace(f, filter=f.name == "title") for f in sample.BOOK.fields)
    other = await world.side(resources=[sample.SHELF, replace(sample.BOOK, fields=fields)], run=False)
    assert "book" in due(await other.health())


async def test_a_table_that_is_missing_is_made_again_from_the_start(world: World) -> None:
    side = await world.side(run=False)
    runner = world.run(side)
    books = await filled(world, side)
    await world.stop(runner)
    async with await psycopg.AsyncConnection.connect(world.conninfo, autocommit=True) as connection:
        await connection.execute("DROP TABLE doc_book")
    newer = await world.side()
    await world.caught_up(newer)
    assert await newer.store.raw("book", books[2].id) is not None


async def test_an_unknown_model_is_named_with_those_there_are(world: World) -> None:
    side = await world.side(run=False)
    with pytest.raises(NoSuchModel, match=r"no read model nope; there are book, deadline, reading, shelf, shelf_feed"):
        await side.rebuild("nope")
