"""A read model that cannot take in an event goes on without its stream."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from domain.kernel import Recorded
from infra.postgres.connected import connected
from infra.read_models.catalogue import ModelHealth
from infra.read_models.dead_letters import DeadLetter, DeadLetters
from infra.read_models.retrying import NoSuchLetter, StillFails, drop, retry
from infra.read_models.runner import Runner
from infra.read_models.side import ReadSide
from projections.deadlines import Set
from projections.feed import FeedEntry
from projections.projection import Document
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, Until, World


def run(world: World, side: ReadSide, tries: int = 3) -> None:
    """A projector that does not wait long between two tries."""
    side.runner = Runner(world.conninfo, world.log, side.models, side.progress, retry=(0.01, 0.05), tries=tries)
    world.run(side)


async def found(world: World) -> list[DeadLetter]:
    async with connected(world.conninfo) as connection:
        return await DeadLetters(connection).found()


async def healthy(side: ReadSide, name: str) -> ModelHealth:
    (health,) = [model for model in await side.health() if model.name == name]
    return health


async def document(side: ReadSide, book: sample.Book) -> Document:
    return await side.store.raw("book", book.id) or {}


def mended(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return (document or {}) | {"price": fact.price, "recordVersion": event.version}


async def of_a_newer_release(world: World) -> ReadSide:
    """Its projection takes in what this one's cannot."""
    handles = {**sample.BOOKS.handles, sample.Book.Priced: mended}  # type: ignore[attr-defined]
    books = replace(sample.BOOKS, handles=handles)
    return await world.side([books if p is sample.BOOKS else p for p in sample.PROJECTIONS], run=False)


async def poisoned(world: World, side: ReadSide) -> tuple[sample.Book, sample.Book, int]:
    """A book with an event that cannot be taken in and another after it, and one that is well; where the first is."""
    one, two = [await world.book(await world.shelf(ANNA), ANNA) for _ in range(2)]
    one.price(666)
    at = await world.happen(one)
    two.price(5)
    await world.happen(two)
    one.price(7)
    await world.happen(one)
    await world.caught_up(side)
    return one, two, at


async def test_a_poisoned_stream_is_set_aside_after_its_tries_and_the_others_go_on(world: World) -> None:
    """With its reason, how often it was tried, and what follows behind it."""
    side = await world.side(run=False)
    run(world, side)
    one, two, at = await poisoned(world, side)
    (letter,) = await found(world)
    assert (letter.model, letter.subject, letter.name, letter.position) == ("book", one.id, "book.priced.v1", at)
    assert (letter.reason, letter.tries, letter.events) == ("ArithmeticError: no such price", 3, 2)
    assert (await document(side, one))["recordVersion"] == 1
    assert (await document(side, two))["recordVersion"] == 2
    health = await healthy(side, "book")
    assert (health.state, health.dead_letters, health.events_behind) == ("live", 1, 0)


async def test_what_follows_is_set_aside_after_a_restart_too(world: World) -> None:
    """Whoever leads next knows what is left out."""
    side = await world.side(run=False)
    run(world, side)
    one, _, _ = await poisoned(world, side)
    await world.stop(world.running[-1])
    one.price(8)
    await world.happen(one)
    run(world, side)
    await world.caught_up(side)
    assert [letter.events for letter in await found(world)] == [3]


async def test_a_retry_takes_in_all_that_was_set_aside_in_order(world: World) -> None:
    """By a release that can; the projector, which runs on, then takes in what comes as ever."""
    side = await world.side(run=False)
    run(world, side)
    one, _, _ = await poisoned(world, side)
    newer = await of_a_newer_release(world)
    assert await retry(world.conninfo, world.log, newer.models["book"], one.id) == 2
    assert (await document(side, one))["price"] == 7
    assert await found(world) == []
    one.price(9)
    await world.happen(one)
    await world.caught_up(side)
    assert str((await document(side, one))["price"]) == "0.09"
    with pytest.raises(NoSuchLetter):
        await retry(world.conninfo, world.log, newer.models["book"], one.id)


async def test_a_retry_that_fails_leaves_everything_set_aside(world: World) -> None:
    """None of the events is taken in, and the tries are counted."""
    side = await world.side(run=False)
    run(world, side)
    one, _, _ = await poisoned(world, side)
    before = await document(side, one)
    with pytest.raises(StillFails, match="no such price"):
        await retry(world.conninfo, world.log, side.models["book"], one.id)
    (letter,) = await found(world)
    assert (letter.tries, letter.events) == (4, 2)
    assert await document(side, one) == before


async def test_retries_while_the_stream_goes_on_lose_and_repeat_nothing(world: World) -> None:
    """Every event is taken in once, either by the projector or by a retry."""
    side = await world.side(run=False)
    run(world, side, tries=1)
    one, _, _ = await poisoned(world, side)
    newer = await of_a_newer_release(world)
    await world.stop(world.running[-1])
    run(world, newer, tries=1)

    async def going_on() -> None:
        for price in range(10, 60):
            one.price(price)
            await world.happen(one)

    writing = asyncio.create_task(going_on())
    await retry(world.conninfo, world.log, newer.models["book"], one.id)
    await writing
    await world.caught_up(newer)
    assert await found(world) == []
    made = await document(newer, one)
    assert (made["price"], made["recordVersion"]) == (59, one.version)


async def test_what_is_dropped_is_forgotten_and_the_stream_goes_on(world: World) -> None:
    """Its document lacks what was given up, until a rebuild."""
    side = await world.side(run=False)
    run(world, side)
    one, _, _ = await poisoned(world, side)
    assert await drop(world.conninfo, "book", one.id) == 2
    with pytest.raises(NoSuchLetter):
        await drop(world.conninfo, "book", one.id)
    one.lend(world.now, "2026-03-18", "UTC")
    await world.happen(one)
    await world.caught_up(side)
    assert (await document(side, one))["isLent"] is True
    assert str((await document(side, one))["price"]) == "12.5"


async def test_what_the_database_refuses_is_set_aside_as_well(world: World) -> None:
    """A text that it cannot hold is the event's fault."""
    side = await world.side(run=False)
    run(world, side)
    one, two = [await world.book(await world.shelf(ANNA), ANNA) for _ in range(2)]
    one.note("with a NUL: \x00")
    two.note("without")
    await world.happen(one, two)
    await world.caught_up(side)
    assert [letter.subject for letter in await found(world)] == [one.id]
    assert (await document(side, two))["note"] == "without"


async def test_a_feed_stops_at_what_it_cannot_tell(world: World, until: Until) -> None:
    """Its entries stand in the order of what happened: none may come later."""

    def failing(_: Recorded) -> FeedEntry | None:
        raise ArithmeticError("no such entry")

    feed = replace(sample.SHELF_FEED, entry=failing)
    side = await world.side([feed if p is sample.SHELF_FEED else p for p in sample.PROJECTIONS], run=False)
    run(world, side, tries=1)
    await world.shelf(ANNA)
    await world.caught_up(side, "book")

    async def stopped() -> bool:
        return (await healthy(side, "shelf_feed")).state == "stopped"

    await until(stopped)
    assert await found(world) == []


async def test_deadlines_of_other_streams_stay_true(world: World) -> None:
    """One that cannot be set does not keep the others from being acted on; a newer one is not undone by a retry."""
    side = await world.side(run=False)
    due = sample.DUE

    def failing(event: Recorded) -> Any:
        if event.name == "book.priced.v1":
            raise ArithmeticError("no such deadline")
        return due.changes(event)

    broken = await world.side([replace(due, changes=failing) if p is due else p for p in sample.PROJECTIONS], run=False)
    run(world, broken, tries=1)
    one, two = [await world.book(await world.shelf(ANNA), ANNA) for _ in range(2)]
    one.price(5)
    one.lend(world.now, "2026-03-18", "UTC")
    two.lend(world.now, "2026-03-18", "UTC")
    await world.happen(one, two)
    await world.caught_up(broken)
    assert [(letter.model, letter.subject) for letter in await found(world)] == [("deadline", one.id)]
    assert await deadlines(world) == {two.id}
    await retry(world.conninfo, world.log, side.models["deadline"], one.id)
    assert await deadlines(world) == {one.id, two.id}


async def test_an_older_deadline_replaces_no_newer_one(world: World) -> None:
    """Whatever is taken in late."""
    side = await world.side(run=False)
    book = await world.book(await world.shelf(ANNA), ANNA)
    book.lend(world.now, "2026-03-18", "UTC")
    await world.happen(book)
    (event,) = [event for event in await world.log.history([book.id]) if event.name == "book.lent.v1"]
    later = event._replace(position=event.position + 1)
    model = side.models["deadline"]
    async with connected(world.conninfo) as connection:
        for each in (later, event):
            making = model.making(model.table)
            await making.take_in(connection, [each])
            await making.changes().write(connection)
        rows = await (await connection.execute("SELECT position FROM deadline")).fetchall()
    assert rows == [(later.position,)]
    assert isinstance(next(iter(sample.DUE.changes(event))), Set)


async def deadlines(world: World) -> set[Any]:
    async with connected(world.conninfo) as connection:
        return {subject for (subject,) in await (await connection.execute("SELECT subject FROM deadline")).fetchall()}
