"""Rebuilds that cannot take in an event: what is set aside, and what is too much."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from uuid import uuid4

import pytest

from commands.ports import Page
from domain.kernel import Fact, Recorded
from infra.postgres.connected import connected
from infra.read_models.aside import TooManyAside
from infra.read_models.dead_letters import DeadLetters
from infra.read_models.filling import Pace
from infra.read_models.rebuild import rebuild
from projections.deadlines import Clear, Set
from projections.feed import FeedEntry
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, World, rows


async def test_an_event_that_a_rebuild_cannot_take_in_is_set_aside_with_what_follows(world: World) -> None:
    """Of its stream; all others are whole, and the dead letters take the place of the live table's."""
    side = await world.side(run=False)
    one, two = [await world.book(await world.shelf(ANNA), ANNA) for _ in range(2)]
    one.price(666)
    poisoned = await world.happen(one)
    two.price(5)
    await world.happen(two)
    one.price(7)
    await world.happen(one)
    done = await side.rebuild("book")
    assert done.set_aside == 1
    async with connected(world.conninfo) as connection:
        (letter,) = await DeadLetters(connection).found()
    assert (letter.model, letter.subject, letter.position, letter.events) == ("book", one.id, poisoned, 2)
    assert letter.reason == "ArithmeticError: no such price"
    assert [(await side.store.raw("book", book.id) or {})["recordVersion"] for book in (one, two)] == [1, 2]


async def test_a_document_that_the_database_refuses_is_found_among_many(world: World) -> None:
    """It is written together with others, and only its own stream is set aside."""
    side = await world.side(run=False)
    shelf = await world.shelf(ANNA)
    books = [await world.book(shelf, ANNA, f"Volume {n}") for n in range(6)]
    books[2].note("a text with a NUL: \x00")
    await world.happen(books[2])
    for book in books:
        book.price(5)
        await world.happen(book)
    model = side.models["book"]
    done = await rebuild(world.conninfo, world.log, model, lambda _done, _total: None, pace=Pace(at_once=2, many=3))
    assert done.set_aside == 1
    versions = [(await side.store.raw("book", book.id) or {})["recordVersion"] for book in books]
    assert versions == [2, 2, 1, 2, 2, 2]


async def test_what_an_event_makes_only_when_it_is_written_is_set_aside_as_well(world: World) -> None:
    """As deadlines, or a document that is no JSON."""
    await world.side(run=False)
    shelf = await world.shelf(ANNA)
    books = [await world.book(shelf, ANNA, f"Volume {n}") for n in range(3)]
    for book in books:
        book.lend(world.now, "2026-03-18", "UTC")
        await world.happen(book)

    def failing(event: Recorded) -> Iterable[Set | Clear]:
        if event.position == world.position - 1:
            raise ArithmeticError("no such deadline")
        return sample.DUE.changes(event)

    newer = await world.side(
        [replace(p, changes=failing) if p is sample.DUE else p for p in sample.PROJECTIONS], run=False
    )
    assert (await newer.rebuild("deadline")).set_aside == 1
    assert {subject for (subject,) in await rows(world, "SELECT subject FROM deadline")} == {books[0].id, books[2].id}


async def test_one_among_the_last_that_come_with_the_swap_is_found_as_well(world: World) -> None:
    """Else no rebuild would come to its end before a thousand more events."""
    side = await world.side(run=False)
    shelf = await world.shelf(ANNA)
    books = [await world.book(shelf, ANNA, f"Volume {n}") for n in range(3)]

    class Growing:
        """While the log is read, more is recorded, which the live model has taken in by the time of the swap."""

        grown = False

        async def stretch(self, after: int, length: int, only: Collection[type[Fact]] | None = None) -> Page:
            page = await world.log.stretch(after, length, only)
            if not self.grown:
                self.grown = True
                books[1].note("a text with a NUL: \x00")
                await world.happen(books[1])
                books[2].price(5)
                await world.happen(books[2])
                async with connected(world.conninfo) as connection:
                    await connection.execute("UPDATE read_model SET position = %s", [world.position])
            return page

    done = await rebuild(world.conninfo, Growing(), side.models["book"], lambda _done, _total: None)
    assert (done.position, done.set_aside) == (world.position, 1)
    versions = [(await side.store.raw("book", book.id) or {})["recordVersion"] for book in books]
    assert versions == [1, 1, 2]


async def test_a_feed_is_not_rebuilt_past_what_it_cannot_tell(world: World) -> None:
    """Who follows it expects every entry in its place: the old one stays."""
    side = await world.side(run=False)
    await world.shelf(ANNA)

    def failing(_: Recorded) -> FeedEntry | None:
        raise ArithmeticError("no such entry")

    newer = await world.side(
        [replace(p, entry=failing) if p is sample.SHELF_FEED else p for p in sample.PROJECTIONS], run=False
    )
    with pytest.raises(ArithmeticError, match="no such entry"):
        await newer.rebuild("shelf_feed")
    assert (await side.feeds.entries("shelf", 1, 10)).head == 0


async def test_a_model_that_can_hardly_take_in_anything_is_not_put_in_place(world: World) -> None:
    """A hundred streams that fail are no accident of their events."""
    side = await world.side(run=False)
    books = [sample.Book.at(uuid4()) for _ in range(101)]
    for book in books:
        book.shelve(shelf=book.id, owner=book.id, title="X", genre="novel", price=1, pages=1)
        book.price(666)
    await world.happen(*books)
    with pytest.raises(TooManyAside, match="100 streams are set aside for book already"):
        await side.rebuild("book")
