"""The indexer on a real OpenSearch: what happened can be found, as it is by now, whatever was in between."""

from __future__ import annotations

import pytest

from infra.event_store import UnknownEvent
from infra.opensearch.writing import Write, Writing
from read_api.search.algebra import OneOf
from tests.infra.opensearch.conftest import BOOKS, SHELVES, Library, found
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
