"""Rebuilds beside the live tables."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from structlog.testing import capture_logs

from commands.ports import Page
from domain.kernel import Fact, Recorded
from infra.event_store import UnknownEvent
from infra.postgres.connected import connected
from infra.read_models.aside import TooManyAside
from infra.read_models.catalogue import due
from infra.read_models.dead_letters import DeadLetters
from infra.read_models.filling import Pace
from infra.read_models.rebuild import NoWayBack, RebuildRunning, rebuild
from infra.read_models.side import NoSuchModel, ReadSide
from projections.feed import FeedEntry
from projections.projection import Document
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, World

Only = Collection[type[Fact]] | None


async def rows(world: World, query: str) -> Sequence[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(world.conninfo) as connection:
        return await (await connection.execute(query)).fetchall()


async def filled(world: World, side: ReadSide) -> list[sample.Book]:
    books = []
    for n in range(4):
        book = await world.book(await world.shelf(ANNA, f"place {n}"), ANNA, f"Volume {n}")
        book.lend(world.now, "2026-03-18", "UTC")
        await world.happen(book)
        books.append(book)
    books[0].give_back()
    books[1].burn()
    await world.happen(*books[:2])
    await world.caught_up(side)
    return books


@pytest.mark.parametrize("name", ["shelf", "book", "reading", "shelf_feed", "deadline"])
async def test_a_rebuilt_model_equals_the_one_it_replaces(world: World, name: str) -> None:
    side = await world.side()
    await filled(world, side)
    query = f"SELECT * FROM {side.models[name].table} ORDER BY 1, 2"
    before = await rows(world, query)
    told: list[tuple[int, int]] = []
    await side.rebuild(name, lambda done, total: told.append((done, total)))
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
        async def stretch(self, after: int, length: int, only: Only = None) -> Page:
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


class Broken:
    """A log that ends in the middle of a rebuild, as for one that is killed."""

    def __init__(self, world: World, end: int) -> None:
        self._world, self._end = world, end
        self.asked: list[int] = []

    async def stretch(self, after: int, length: int, only: Only = None) -> Page:
        self.asked.append(after)
        if after >= self._end:
            raise OSError("killed")
        return await self._world.log.stretch(after, min(3, length), only)


async def test_a_rebuild_that_was_killed_leaves_the_live_table_and_can_be_begun_again(world: World) -> None:
    """Whatever was filled, readers see the table that they saw before."""
    side = await world.side()
    await filled(world, side)
    before = await rows(world, "SELECT * FROM doc_book ORDER BY 1")
    with pytest.raises(OSError, match="killed"):
        await rebuild(world.conninfo, Broken(world, 6), side.models["book"], lambda _done, _total: None)
    assert await rows(world, "SELECT * FROM doc_book ORDER BY 1") == before
    await side.rebuild("book")
    assert await rows(world, "SELECT * FROM doc_book ORDER BY 1") == before


@pytest.mark.parametrize("name", ["book", "reading", "shelf_feed", "deadline"])
@pytest.mark.parametrize("many", [1, 4])
async def test_a_rebuild_goes_on_where_another_was_cut_short(world: World, name: str, many: int) -> None:
    """What is written with its position is not read again, and what is written without makes no difference."""
    pace = Pace(at_once=2, many=many)
    side = await world.side()
    books = await filled(world, side)
    for book in books[2:]:
        book.read(2)
        await world.happen(book)
    books[2].burn()
    await world.happen(books[2])
    await world.caught_up(side)
    query = f"SELECT * FROM {side.models[name].table} ORDER BY 1, 2"
    before = await rows(world, query)
    for end in range(2, world.position - 2, 3):
        log = Broken(world, end)
        with pytest.raises(OSError, match="killed"):
            await rebuild(world.conninfo, log, side.models[name], lambda _done, _total: None, pace=pace)
    left = (await rows(world, "SELECT position FROM read_model_beside"))[0][0]
    told: list[tuple[int, int]] = []
    done = await side.rebuild(name, lambda at, total: told.append((at, total)))
    assert (done.began, told[0][0]) == (left, left)
    assert done.comparison.different == 0
    assert await rows(world, query) == before


async def test_a_rebuild_of_another_declaration_begins_anew(world: World) -> None:
    """What was filled by other rules is of no use."""
    side = await world.side()
    await filled(world, side)
    with pytest.raises(OSError, match="killed"):
        await rebuild(world.conninfo, Broken(world, 9), side.models["book"], lambda _done, _total: None)
    newer = await world.side([replace(p, version=2) if p is sample.BOOKS else p for p in sample.PROJECTIONS], run=False)
    assert (await newer.rebuild("book")).began == 0


async def test_a_rebuild_begins_afresh_if_that_is_wanted(world: World) -> None:
    """Whatever is there to go on with."""
    side = await world.side()
    await filled(world, side)
    log, pace = Broken(world, 9), Pace(at_once=1, many=1)
    with pytest.raises(OSError, match="killed"):
        await rebuild(world.conninfo, log, side.models["book"], lambda _done, _total: None, pace=pace)
    assert (await rows(world, "SELECT position > 0 FROM read_model_beside")) == [(True,)]
    assert (await side.rebuild("book", afresh=True)).began == 0


async def test_a_rebuild_says_what_differs_from_the_live_table(world: World) -> None:
    """Rows that are missing on either side, and fields that differ, but not what stands in them."""
    side = await world.side()
    books = await filled(world, side)
    async with await psycopg.AsyncConnection.connect(world.conninfo, autocommit=True) as connection:
        await connection.execute("DELETE FROM doc_book WHERE id = %s", [books[1].id])
        await connection.execute("DELETE FROM doc_book WHERE id = %s", [books[2].id])
        forged = """UPDATE doc_book SET body = body || '{"title": "Forged"}' WHERE id = %s"""
        await connection.execute(forged, [books[3].id])
    comparison = (await side.rebuild("book")).comparison
    assert (comparison.live, comparison.fresh) == (2, 3)
    assert set(comparison.such_as) == {f"{books[2].id} is not in the live table", f"{books[3].id} in body.title"}
    assert "Forged" not in str(comparison)
    assert (await side.rebuild("book")).comparison.different == 0


async def test_the_replaced_table_is_kept_until_it_is_dropped(world: World) -> None:
    """And there is a way back to it, which brings it up to date first; from there, too."""
    side = await world.side()
    books = await filled(world, side)
    async with await psycopg.AsyncConnection.connect(world.conninfo, autocommit=True) as connection:
        await connection.execute(
            """UPDATE doc_book SET body = body || '{"title": "Old"}' WHERE id = %s""", [books[2].id]
        )
    await side.rebuild("book")
    books[3].price(77)
    await world.happen(books[3])
    await world.caught_up(side)

    async def now() -> tuple[str, str]:
        one, other = [await side.store.raw("book", book.id) or {} for book in books[2:]]
        return one["title"], str(other["price"])

    assert await now() == ("Volume 2", "0.77")
    await side.go_back("book")
    assert await now() == ("Old", "0.77")
    await side.go_back("book")
    assert await now() == ("Volume 2", "0.77")
    assert await side.drop_old("book")
    assert not await side.drop_old("book")
    assert await rows(world, "SELECT to_regclass('doc_book_old')") == [(None,)]
    with pytest.raises(NoWayBack, match="no table of book was kept"):
        await side.go_back("book")


async def test_there_is_no_way_back_to_what_another_release_has_made(world: World) -> None:
    """This one cannot go on with it."""
    side = await world.side(run=False)
    runner = world.run(side)
    await filled(world, side)
    await world.stop(runner)
    newer = await world.side([replace(p, version=2) if p is sample.BOOKS else p for p in sample.PROJECTIONS], run=False)
    await newer.rebuild("book")
    with pytest.raises(NoWayBack, match="another declaration"):
        await newer.go_back("book")
    await side.go_back("book")
    assert due(await side.health()) == []


async def test_a_projector_notices_a_swap_at_the_same_position(world: World) -> None:
    """What it had in memory of the replaced table makes no difference to the new one."""
    side = await world.side()
    books = await filled(world, side)
    async with await psycopg.AsyncConnection.connect(world.conninfo, autocommit=True) as connection:
        await connection.execute("""UPDATE doc_book SET body = body || '{"title": "Old"}'""")
    books[3].price(77)
    await world.happen(books[3])  # the projector has the document, as it was before the forgery, in memory
    await world.caught_up(side)
    await side.rebuild("book")
    await side.go_back("book")  # the live table has the forged titles again
    books[2].price(78)
    await world.happen(books[2])
    await world.caught_up(side)
    assert (await side.store.raw("book", books[2].id) or {})["title"] == "Old"


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
    assert not next(model for model in await newer.health() if model.name == "shelf").well
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
