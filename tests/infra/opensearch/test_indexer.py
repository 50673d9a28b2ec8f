"""The indexer on a real OpenSearch: what happened can be found, as it is by now, whatever was in between."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from structlog.testing import capture_logs

from infra.event_store import UnknownEvent
from infra.opensearch import followed, strange
from infra.opensearch.told import of_indexes
from infra.opensearch.writing import Write, Writing
from read_api.search.algebra import OneOf
from tests.infra.opensearch.conftest import BOOKS, SHELVES, Library, Until, found
from tests.infra.read_models.conftest import ANNA, BEN, MODERATOR, NOBODY


async def test_what_happened_is_found_by_who_may_see_it(library: Library) -> None:
    """A book on an open shelf is found by everybody with its shelf, one on a closed shelf by its owner alone."""
    search = await library.search_side()
    shelf, closed = await library.world.shelf(ANNA), await library.world.shelf(ANNA, "attic", opened=False)
    await library.world.book(shelf, BEN, "Emma")
    await library.world.book(closed, BEN, "Dracula")
    await library.shows(search)
    told = await found(search, BOOKS, NOBODY)
    assert [(hit.document["title"], hit.joined["shelf"]["place"]) for hit in told.hits] == [("Emma", "hall")]  # type: ignore[index, call-overload]
    assert told.total == 1
    assert (await found(search, BOOKS, BEN)).total == 2
    by_place = OneOf(BOOKS.places["shelf.place"], ("attic",))
    assert (await found(search, BOOKS, BEN, by_place)).total == 0, "he does not see the shelf"
    assert (await found(search, SHELVES, MODERATOR)).total == 2


async def test_a_parent_that_changes_changes_who_finds_its_documents(library: Library) -> None:
    """A shelf that opens takes its books with it."""
    search = await library.search_side()
    shelf = await library.world.shelf(ANNA, opened=False)
    book = await library.world.book(shelf, BEN)
    await library.shows(search)
    assert (await found(search, BOOKS, NOBODY)).total == 0
    assert await search.engine.get(BOOKS, book.id, NOBODY) is None
    await library.open(shelf)
    await library.shows(search)
    assert (await found(search, BOOKS, NOBODY)).total == 1
    hit = await search.engine.get(BOOKS, book.id, NOBODY)
    assert hit is not None
    assert hit.document["title"] == "Emma"


async def test_a_document_that_ends_is_found_no_more_and_cannot_come_back(library: Library) -> None:
    """Its mark keeps its version: a late write that is older does not bring it back."""
    search = await library.search_side()
    shelf = await library.world.shelf(ANNA)
    book = await library.world.book(shelf, BEN)
    await library.shows(search)
    before = library.world.position
    book.burn()
    await library.world.happen(book)
    await library.shows(search)
    assert (await found(search, BOOKS, BEN)).total == 0
    index = search.indexes["book"]
    late = Write(index.version, str(book.id), before, {"id": str(book.id), "deleted": False})
    assert await Writing(search.cluster).all([late]) == []
    assert await search.engine.get(BOOKS, book.id, BEN) is None


async def test_an_event_of_a_newer_release_stops_only_indexes_that_it_may_concern(library: Library) -> None:
    """Books depend on readings too, shelves on nothing else: these go on, and can be made anew."""
    search = await library.search_side()
    shelf = await library.world.shelf(ANNA)
    book = await library.world.book(shelf, BEN)
    await library.shows(search)
    stands = library.world.position
    await library.world.strange("book.bound.v1")
    await library.world.shelf(ANNA, "cellar")
    await library.shows(search, SHELVES)
    assert (await found(search, SHELVES, MODERATOR)).total == 2
    assert search.indexes["book"].position == stands
    assert "stop before it" in str(search.indexer.trouble)
    assert await search.engine.get(BOOKS, book.id, BEN) is not None, "as of before"
    assert await search.rebuilds.run("shelf") == library.world.position
    with pytest.raises(UnknownEvent):
        await search.rebuilds.run("book")


async def test_an_index_that_could_not_go_on_is_tried_again(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the one who leads, as the read models are: what could not be read may be put right in the log."""
    monkeypatch.setattr(strange, "AGAIN_SECONDS", 0.05, raising=False)
    search = await library.search_side()
    await library.world.book(await library.world.shelf(ANNA), BEN)
    await library.shows(search)
    position = await library.world.strange("book.bound.v1")
    await library.world.book(await library.world.shelf(ANNA, "cellar"), BEN, "Dracula")
    await library.shows(search, SHELVES)
    assert "stop before it" in str(search.indexer.trouble)
    async with await psycopg.AsyncConnection.connect(library.world.conninfo) as connection:
        await connection.execute("DELETE FROM event WHERE position = %s", [position])
    await library.shows(search)
    assert (await found(search, BOOKS, MODERATOR)).total == 2


async def test_an_index_that_waits_for_its_read_models_keeps_no_other_waiting(
    library: Library, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Health tells it, the log once; and it goes on when they do."""
    search = await library.search_side()
    shelf = await library.world.shelf(ANNA)
    await library.shows(search)
    monkeypatch.setattr(followed, "PATIENCE", 0.05)
    await library.world.stop(library.world.running[0])
    others = library.side.runner_of([name for name in library.side.models if name != "book"], library.world.log)
    going_on = asyncio.create_task(others.run())
    with capture_logs() as lines:
        await library.world.book(shelf, BEN)

        async def told() -> bool:
            return search.indexer.trouble == "book wait for their read models"

        await until(told)
        monkeypatch.setattr(followed, "PATIENCE", 3_600.0)
        for place in ("cellar", "attic", "roof"):
            await library.world.shelf(ANNA, place)
            await library.shows(search, SHELVES)
    assert [line["reason"] for line in lines if line["event"] == "the indexer waits"] == [search.indexer.trouble]
    await library.world.stop(going_on)
    library.world.run(library.side)
    await library.shows(search)

    async def well() -> bool:
        return search.indexer.trouble is None

    await until(well)
    assert (await found(search, BOOKS, MODERATOR)).total == 1


async def test_an_index_that_nobody_keeps_any_more_does_not_fall_behind(library: Library) -> None:
    """An earlier release had it: alarms would go off for it for ever."""
    async with await psycopg.AsyncConnection.connect(library.world.conninfo, autocommit=True) as connection:
        await connection.execute("INSERT INTO search_index (name, version, position) VALUES ('pamphlet', 'p-v1', 0)")
        search = await library.search_side()
        await library.world.shelf(ANNA)
        await library.shows(search)
        assert {index.name for index in await of_indexes(connection)} == {f"search:{name}" for name in search.indexes}
