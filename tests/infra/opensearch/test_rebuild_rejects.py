"""Rebuilds of a search index beside or into a version that does not take every document."""

from __future__ import annotations

from uuid import UUID

import pytest

from infra.opensearch.mappings import mapping
from infra.opensearch.rebuild import STEP
from infra.opensearch.rejects import model_of
from infra.opensearch.side import SearchSide
from infra.opensearch.versions import Progress
from infra.postgres.connected import connected
from infra.read_models.dead_letters import DeadLetters
from tests.infra.opensearch.conftest import BOOKS, Library, Until, found, same_as_composed
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, BEN

LONG, SHORT = 300, 3
"""Pages: the narrow version takes up to 127."""


class KilledError(Exception):
    """Ends a rebuild in the middle."""


async def narrow(search: SearchSide, number: int, progress: Progress) -> str:
    """A version of the books that takes no long ones. Answers its name."""
    index = search.indexes["book"]
    told = mapping(index.layout)
    told["properties"]["own"]["properties"]["f"]["properties"]["pages"]["properties"]["n"] = {"type": "byte"}
    name = f"{index.alias}-v{number}"
    await search.cluster.ask("PUT", f"/{name}", {"mappings": told})
    await search.versions.tell({name: progress})
    return name


async def shelved(library: Library, short: int, long: int) -> list[sample.Book]:
    """So many books; answers the long ones."""
    shelf = await library.world.shelf(ANNA)
    for number in range(short):
        await library.world.book(shelf, BEN, f"Book {number}", pages=SHORT)
    return [await library.world.book(shelf, BEN, f"Long {number}", pages=LONG) for number in range(long)]


async def killed(search: SearchSide, beyond: int = 0) -> None:
    """A rebuild that ends once it has read more than so many."""

    def told(done: int, _total: int) -> None:
        if done > beyond:
            raise KilledError

    with pytest.raises(KilledError):
        await search.rebuilds.run("book", told)


async def letters(library: Library) -> set[UUID]:
    async with connected(library.world.conninfo) as connection:
        return {letter.subject for letter in await DeadLetters(connection).found([model_of("book")])}


async def test_a_killed_rebuild_goes_on_with_what_its_version_did_not_take(library: Library, until: Until) -> None:
    """Though the live version takes those documents and their letters go, they are dead letters once it is shown."""
    search = await library.search_side()
    long = await shelved(library, STEP, 6)
    await library.shows(search)
    name = await narrow(search, 2, Progress(library.world.position, filled=False))
    await killed(search, STEP)
    assert await letters(library) == {book.id for book in long}

    async def taken_by_the_live_one() -> bool:
        search.indexer.retry()
        return not await letters(library)

    await until(taken_by_the_live_one)
    long[0].burn()
    await library.world.happen(long[0])
    await search.rebuilds.run("book")
    await library.shows(search)
    assert search.indexes["book"].version == name
    assert await letters(library) == {book.id for book in long[1:]}
    assert (await found(search, BOOKS, BEN)).total == STEP


async def test_a_document_that_is_not_taken_any_more_is_counted_once(library: Library) -> None:
    """The version has it as it was when it was taken; the comparison knows."""
    search = await library.search_side()
    shelf = await library.world.shelf(ANNA)
    book = await library.world.book(shelf, BEN, pages=SHORT)
    await library.world.book(shelf, BEN, pages=SHORT)
    await library.shows(search)
    name = await narrow(search, 2, Progress(library.world.position, filled=False))
    await killed(search)
    await lengthened(library, book)
    await search.rebuilds.run("book")
    await library.shows(search)
    assert search.indexes["book"].version == name
    assert await letters(library) == {book.id}
    assert (await found(search, BOOKS, BEN)).total == 2


async def lengthened(library: Library, book: sample.Book) -> None:
    """The book is too long from now on."""
    shelf, owner, *_ = book.told
    book.shelve(shelf=shelf, owner=owner, title="Emma", genre="novel", price=1, pages=LONG)
    await library.world.happen(book)


async def test_a_rebuild_afresh_leaves_no_letters_of_the_one_that_it_replaces(library: Library) -> None:
    """It ends as if there had been no other; the live version is searched until then."""
    search = await library.search_side()
    long = await shelved(library, 4, 2)
    await library.shows(search)
    live = search.indexes["book"].version
    half = await narrow(search, 2, Progress(library.world.position, filled=False))
    await killed(search)
    assert await letters(library) == {book.id for book in long}
    assert search.indexes["book"].version == live
    assert await same_as_composed(search, BOOKS) == 6
    await search.rebuilds.run("book", afresh=True)
    assert await letters(library) == set()
    await library.shows(search)
    there = {version.name for version in (await search.versions.all(search.indexes["book"].alias)).values()}
    assert there == {live, search.indexes["book"].version}
    assert half not in there
    assert await same_as_composed(search, BOOKS) == 6


async def test_a_version_that_does_not_take_all_can_be_gone_back_to(library: Library) -> None:
    """What it does not take are dead letters while it is shown, and none while the other is."""
    search = await library.search_side(run=False)
    index = search.indexes["book"]
    first = await narrow(search, 1, Progress())
    await search.versions.show(index.alias, first)
    search = await library.search_side()
    long = await shelved(library, 4, 2)
    await library.shows(search)
    assert await letters(library) == {book.id for book in long}
    await search.rebuilds.run("book")
    assert await letters(library) == set()
    await library.shows(search)
    assert await same_as_composed(search, BOOKS) == 6
    await search.rebuilds.go_back("book")
    assert await letters(library) == {book.id for book in long}
    await library.shows(search)
    assert search.indexes["book"].version == first
    assert (await found(search, BOOKS, BEN)).total == 4
    await search.rebuilds.go_back("book")
    assert await letters(library) == set()
    await library.shows(search)
    assert await same_as_composed(search, BOOKS) == 6
