"""Marks of deleted documents: they stand as long as an older write may be on its way, and then go."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from infra.opensearch.purge import Purge
from infra.opensearch.side import SearchSide
from infra.opensearch.writing import KEEP_SECONDS, Write, Writing
from tests.infra.opensearch.conftest import BOOKS, Library, found, same_as_composed
from tests.infra.read_models.conftest import ANNA, BEN


async def burnt(library: Library, search: SearchSide) -> tuple[UUID, int]:
    """The id of a book that is no more, and a position at which it was."""
    book = await library.world.book(await library.world.shelf(ANNA), BEN)
    await library.shows(search)
    before = library.world.position
    book.burn()
    await library.world.happen(book)
    await library.shows(search)
    return book.id, before


async def write(search: SearchSide, id: UUID, position: int) -> None:
    """A write of the book as it was, which comes late."""
    late = Write(search.indexes["book"].version, str(id), position, {"id": str(id), "deleted": False})
    assert await Writing(search.cluster).all([late]) == []


async def kept(search: SearchSide, id: UUID) -> dict[str, Any] | None:
    """What stands in its place."""
    answer = await search.cluster.ask("POST", f"/{search.indexes['book'].version}/_mget", {"ids": [str(id)]})
    (one,) = answer["docs"]
    document: dict[str, Any] | None = one.get("_source")
    return document


async def test_a_mark_stands_until_no_older_write_can_be_on_its_way(library: Library) -> None:
    """Not purged before its time, and meanwhile no old write brings the document back."""
    search = await library.search_side()
    id, before = await burnt(library, search)
    soon = Purge(search.cluster, lambda: time.time() + KEEP_SECONDS - 60)
    assert await soon.of([search.indexes["book"].version]) == 0
    await write(search, id, before)
    mark = await kept(search, id)
    assert mark is not None
    assert mark["deleted"] is True
    assert await same_as_composed(search, BOOKS) == 0


async def test_a_purged_document_is_not_brought_back_by_a_replay(library: Library) -> None:
    """The mark is gone; who takes the old events in again, as after a crash, writes no document, as there is none."""
    search = await library.search_side()
    id, _ = await burnt(library, search)
    version = search.indexes["book"].version
    assert await Purge(search.cluster, lambda: time.time() + KEEP_SECONDS + 60).of([version]) == 1
    assert await kept(search, id) is None
    for task in library.world.running[1:]:
        await library.world.stop(task)
    # What is deleted by a query is what the last refresh showed, and the position has been written again since.
    await search.cluster.ask("POST", f"/{version}/_refresh")
    await search.cluster.ask("POST", f"/{version}/_delete_by_query", {"query": {"ids": {"values": ["progress"]}}})
    again = await library.search_side()
    await library.shows(again)
    assert (await found(again, BOOKS, BEN)).total == 0
    assert await same_as_composed(again, BOOKS) == 0


async def test_a_purge_takes_nothing_that_was_written_since(library: Library) -> None:
    """What it finds may be out of date by the time that it deletes it."""
    search = await library.search_side()
    id, _ = await burnt(library, search)
    version = search.indexes["book"].version
    newer = Write(version, str(id), library.world.position + 1, {"id": str(id), "deleted": False})
    assert await Writing(search.cluster).all([newer]) == []
    await Purge(search.cluster, lambda: time.time() + KEEP_SECONDS + 60).of([version])
    document = await kept(search, id)
    assert document is not None
    assert document["deleted"] is False
