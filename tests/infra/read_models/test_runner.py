"""How the read models follow the log."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest

from domain.errors import Invalid
from projections.projection import Document, Projection
from read_api.ports import ReadBehind
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, Until, World

CUT: LiteralString = (
    "SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND a.application_name = 'innkeep projector'"
)
"""Ends the connections of those who lead."""


async def documents(world: World, table: str) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(world.conninfo) as connection:
        return await (await connection.execute(f"SELECT * FROM {table} ORDER BY 1")).fetchall()


async def test_what_happens_becomes_documents(world: World) -> None:
    side = await world.side()
    shelf = await world.shelf(ANNA, "attic")
    book = await world.book(shelf, ANNA, "Emma", price=1999)
    book.price(2000)
    await world.happen(book)
    await world.caught_up(side)
    found = await side.store.raw("book", book.id)
    assert found is not None
    assert (found["title"], found["price"], found["recordVersion"]) == ("Emma", Decimal("20.00"), 2)
    assert found["updatedAt"] == "2026-03-18T12:00:03.000Z"


async def test_decimals_come_back_exactly_as_they_were_written(world: World) -> None:
    side = await world.side()
    book = await world.book(await world.shelf(ANNA), ANNA, price=10_000_000_000_000_001)
    await world.caught_up(side)
    found = await side.store.raw("book", book.id)
    assert found is not None
    assert found["price"] == Decimal("100000000000000.01")
    assert isinstance(found["price"], Decimal)


async def test_a_document_that_ends_is_gone(world: World) -> None:
    side = await world.side()
    book = await world.book(await world.shelf(ANNA), ANNA)
    await world.caught_up(side)
    book.burn()
    await world.happen(book)
    await world.caught_up(side)
    assert await side.store.raw("book", book.id) is None


async def test_a_restart_goes_on_where_the_last_one_stopped_and_applies_nothing_twice(world: World) -> None:
    side = await world.side(run=False)
    book = await world.book(await world.shelf(ANNA), ANNA)
    for _ in range(3):
        runner = world.run(side)
        book.read(2)
        await world.happen(book)
        await world.caught_up(side)
        await world.stop(runner)
    reading = await side.store.raw("reading", sample.reading_of(book.id, 1))
    assert reading is not None
    assert reading["times"] == 3


async def test_of_two_runners_one_applies_and_the_other_takes_over_when_it_dies(world: World, until: Until) -> None:
    one, two = await world.side(run=False), await world.side(run=False)
    first = world.run(one)
    await until(lambda: _leads(one))
    world.run(two)
    book = await world.book(await world.shelf(ANNA), ANNA)
    book.read(1)
    await world.happen(book)
    await world.caught_up(two)  # filled by the other: the database is asked
    assert (one.runner.leads, two.runner.leads) == (True, False)
    await world.stop(first)
    book.read(1)
    await world.happen(book)
    await world.caught_up(two)
    assert two.runner.leads
    reading = await two.store.raw("reading", sample.reading_of(book.id, 0))
    assert reading is not None
    assert reading["times"] == 2


async def test_a_runner_whose_connection_is_cut_comes_back(world: World) -> None:
    side = await world.side()
    book = await world.book(await world.shelf(ANNA), ANNA)
    await world.caught_up(side)
    async with await psycopg.AsyncConnection.connect(world.conninfo, autocommit=True) as other:
        await other.execute(CUT)
    book.read(1)
    await world.happen(book)
    await world.caught_up(side)
    assert await side.store.raw("reading", sample.reading_of(book.id, 0)) is not None


async def test_a_poisoned_event_stops_its_own_model_alone_and_is_told_of(world: World, until: Until) -> None:
    side = await world.side()
    shelf = await world.shelf(ANNA)
    book, other = await world.book(shelf, ANNA), await world.book(shelf, ANNA)
    book.price(666)
    poisoned = await world.happen(book)
    other.price(1)
    await world.happen(other)
    await world.caught_up(side, "shelf", "reading", "shelf_feed", "deadline")
    await until(lambda: _in_state(side, "book", "stopped"))
    (health,) = [model for model in await side.health() if model.name == "book"]
    assert (health.state, health.failed_position, health.failed_event) == ("stopped", poisoned, "book.priced.v1")
    assert health.error == "ArithmeticError: no such price"
    assert health.events_behind == 2
    # What lies before the event is taken in, nothing behind it.
    assert health.position == poisoned - 1
    found = await side.store.raw("book", other.id)
    assert found is not None
    assert found["recordVersion"] == 1
    assert [model.state for model in await side.health() if model.name != "book"] == ["live"] * 4
    with pytest.raises(ReadBehind):
        await side.reads.wait_until(world.position, sample.BOOK, 0.05)


async def test_a_stopped_model_goes_on_once_a_new_release_mends_it(world: World, until: Until) -> None:
    side = await world.side(run=False)
    runner = world.run(side)
    book = await world.book(await world.shelf(ANNA), ANNA)
    book.price(666)
    await world.happen(book)
    await until(lambda: _in_state(side, "book", "stopped"))
    await world.stop(runner)

    def mended(document: Document | None, _: Any, __: Any) -> Document | None:
        return document

    handles = {**sample.BOOKS.handles, sample.Book.Priced: mended}  # type: ignore[attr-defined]
    newer = await world.side(
        [replace(sample.BOOKS, handles=handles) if p is sample.BOOKS else p for p in sample.PROJECTIONS]
    )
    await world.caught_up(newer)
    assert await _in_state(newer, "book", "live")


async def test_a_stopped_model_is_tried_again(world: World, until: Until) -> None:
    tries = []

    def failing_twice(document: Document | None, event: Any, hint: Any) -> Document | None:
        tries.append(event.position)
        if len(tries) < 3:
            raise OSError("not now")
        return document

    side = await world.side([Projection("shelf", {sample.Shelf.Built: failing_twice})])  # type: ignore[attr-defined]
    await world.shelf(ANNA)
    await world.caught_up(side)
    assert await _in_state(side, "shelf", "live")


async def test_an_event_of_a_newer_release_stops_those_that_look_at_its_aggregate(world: World, until: Until) -> None:
    side = await world.side()
    book = await world.book(await world.shelf(ANNA), ANNA)
    strange = await world.strange("shelf.painted.v1")
    book.price(1)
    position = await world.happen(book)
    await world.caught_up(side, "book", "reading", "deadline")
    for name in ("shelf", "shelf_feed"):
        await until(lambda name=name: _in_state(side, name, "stopped"))  # type: ignore[misc]
    health = {model.name: model for model in await side.health()}
    assert [(health[name].position, health[name].failed_position) for name in ("shelf", "shelf_feed")] == [
        (strange - 1, strange)
    ] * 2
    assert {health[name].state for name in ("book", "reading", "deadline")} == {"live"}
    assert health["book"].position >= position


async def test_an_event_of_an_unknown_aggregate_might_concern_all(world: World, until: Until) -> None:
    side = await world.side()
    await world.shelf(ANNA)
    strange = await world.strange("rocket.launched.v1")
    for name in side.models:
        await until(lambda name=name: _in_state(side, name, "stopped"))  # type: ignore[misc]
    assert {model.failed_position for model in await side.health()} == {strange}


async def test_events_that_no_projection_knows_advance_it(world: World) -> None:
    side = await world.side([sample.SHELVES])
    await world.book(await world.shelf(ANNA), ANNA)
    await world.caught_up(side)
    assert side.progress.reached(["shelf"]) == world.position


async def test_a_model_that_was_added_later_catches_up_from_the_start(world: World) -> None:
    first = await world.side([sample.SHELVES], run=False)
    runner = world.run(first)
    book = await world.book(await world.shelf(ANNA), ANNA)
    await world.caught_up(first)
    await world.stop(runner)
    side = await world.side()
    await world.caught_up(side)
    assert await side.store.raw("book", book.id) is not None


async def test_deadlines_are_set_replaced_and_cleared(world: World) -> None:
    side = await world.side()
    shelf = await world.shelf(ANNA)
    kept, returned = await world.book(shelf, ANNA), await world.book(shelf, ANNA)
    for book in (kept, returned):
        book.lend(world.now, "2026-03-18", "UTC")
    await world.happen(kept, returned)
    later = world.now.replace(hour=20)
    kept.lend(later, "2026-03-18", "UTC")
    returned.give_back()
    await world.happen(kept, returned)
    await world.caught_up(side)
    assert [(kind, subject, due) for kind, subject, due, _ in await documents(world, "deadline")] == [
        ("return", kept.id, later)
    ]


async def test_a_reader_waits_for_what_it_wrote(world: World) -> None:
    side = await world.side(run=False)
    await world.shelf(ANNA)
    position = world.position
    with pytest.raises(ReadBehind) as behind:
        await side.reads.wait_until(position, sample.SHELF, 0.01)
    assert (behind.value.code, behind.value.status) == ("READ_BEHIND", 503)
    waiting = asyncio.create_task(side.reads.wait_until(position, sample.SHELF))
    world.run(side)
    await waiting


async def test_a_position_past_the_end_of_the_log_is_refused(world: World) -> None:
    side = await world.side()
    await world.shelf(ANNA)
    with pytest.raises(Invalid):
        await side.reads.wait_until(world.position + 1, sample.SHELF)


async def test_lag_is_told_in_events_and_seconds(world: World) -> None:
    side = await world.side(run=False)
    assert {(model.events_behind, model.seconds_behind) for model in await side.health()} == {(0, 0.0)}
    await world.shelf(ANNA)
    assert {model.events_behind for model in await side.health()} == {2}
    assert {model.events_behind for model in await side.health(most=1)} == {1}, "no more are counted than are asked for"
    assert all(model.seconds_behind > 0 for model in await side.health())


async def test_a_thousand_events_are_taken_in_page_by_page(world: World) -> None:
    books = [sample.Book.at(UUID(int=n)) for n in range(1, 1201)]
    for book in books:
        book.shelve(
            shelf=UUID(int=1), owner=UUID(int=2), title=f"Volume {book.id.int}", genre="novel", price=1, pages=1
        )
    await world.happen(*books)
    side = await world.side()
    await world.caught_up(side)
    assert len(await documents(world, "doc_book")) == 1200


async def test_who_leads_notices_in_a_quiet_log_that_its_connection_has_ended(world: World, until: Until) -> None:
    one = await world.side()
    await world.shelf(ANNA)
    await world.caught_up(one)
    two = await world.side()
    async with await psycopg.AsyncConnection.connect(world.conninfo, autocommit=True) as other:
        await other.execute(CUT)
    await until(lambda: _leads(two))
    await until(lambda: _follows(one))


async def _follows(side: Any) -> bool:
    return not side.runner.leads


async def _leads(side: Any) -> bool:
    return bool(side.runner.leads)


async def _in_state(side: Any, name: str, state: str) -> bool:
    return any(model.name == name and model.state == state for model in await side.health())
