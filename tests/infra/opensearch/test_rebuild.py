"""Rebuilds of a search index: another version beside the live one, put in its place in one step."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from infra.opensearch.turns import turn
from infra.postgres.connected import connected
from infra.read_models.rebuild import NoWayBack, RebuildRunning
from read_api.search.algebra import OneOf
from tests.infra.opensearch.conftest import BOOKS, Library, found, same_as_composed
from tests.infra.read_models.conftest import ANNA, BEN, NOBODY


async def test_searches_never_see_an_empty_or_half_filled_index(library: Library) -> None:
    """While an index is rebuilt, and books arrive, whoever searches finds all that they found before."""
    search = await library.search_side()
    shelf = await library.world.shelf(ANNA)
    for number in range(30):
        await library.world.book(shelf, BEN, f"Book {number}")
    await library.shows(search)
    before = search.indexes["book"].version
    seen: list[int] = []

    async def look() -> None:
        while True:
            seen.append((await found(search, BOOKS, NOBODY)).total)

    async def arrive() -> None:
        while True:
            await library.world.book(shelf, BEN, "Another")
            await asyncio.sleep(0.02)

    tasks = [asyncio.create_task(look()), asyncio.create_task(arrive())]
    try:
        told: list[tuple[int, int]] = []
        await search.rebuilds.run("book", lambda done, total: told.append((done, total)))
    finally:
        for task in tasks:
            await library.world.stop(task)
    await library.shows(search)
    assert seen == sorted(seen)
    assert seen[0] >= 30
    assert told[-1][0] >= 30
    assert search.indexes["book"].version != before
    assert await same_as_composed(search, BOOKS) > 30
    versions = await search.versions.all(search.indexes["book"].alias)
    assert before in {version.name for version in versions.values()}, "kept until told"
    assert await search.rebuilds.drop_old("book") == [before]


async def test_two_rebuilds_of_one_index_at_once_are_refused(library: Library) -> None:
    """The second is told so; the first goes on."""
    search = await library.search_side()
    shelf = await library.world.shelf(ANNA)
    await library.world.book(shelf, BEN)
    await library.shows(search)
    second: list[asyncio.Task[int]] = []

    def told(_done: int, _total: int) -> None:
        second.append(asyncio.create_task(search.rebuilds.run("book")))

    first = asyncio.create_task(search.rebuilds.run("book", told))
    assert await first == library.world.position
    with pytest.raises(RebuildRunning):
        await second[0]


async def test_a_killed_rebuild_goes_on_where_it_was(library: Library) -> None:
    """What changed in between is taken in as well."""
    search = await library.search_side()
    shelf = await library.world.shelf(ANNA)
    books = [await library.world.book(shelf, BEN, f"Book {number}") for number in range(5)]
    await library.shows(search)

    def told(_done: int, _total: int) -> None:
        first.cancel()

    first = asyncio.create_task(search.rebuilds.run("book", told))
    with pytest.raises(asyncio.CancelledError):
        await first
    live = search.indexes["book"].version
    left = [v.name for v in (await search.versions.all(search.indexes["book"].alias)).values() if v.name != live]
    books[0].price(9_900)
    await library.world.happen(books[0])
    books[1].burn()
    await library.world.happen(books[1])
    await search.rebuilds.run("book")
    await library.world.book(shelf, BEN, "Another")
    await library.shows(search)
    assert [search.indexes["book"].version] == left
    assert await same_as_composed(search, BOOKS) == 5
    assert (await found(search, BOOKS, BEN, OneOf(BOOKS.places["title"], ("book 1",)))).total == 0


async def test_what_is_missing_is_made_once_however_late_the_indexer_sees_it(library: Library) -> None:
    """Somebody else has the turn to write just when it is there."""
    search = await library.search_side()
    aliases = {followed.alias for followed in search.indexes.values()}
    async with asyncio.timeout(60), connected(library.world.conninfo) as connection:
        while not await search.versions.named():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        async with turn(connection):
            await asyncio.sleep(1)
    await library.world.shelf(ANNA)
    await library.shows(search)
    assert {alias: len(await search.versions.all(alias)) for alias in aliases} == dict.fromkeys(aliases, 1)


async def test_an_index_that_is_declared_otherwise_is_rebuilt_at_start(library: Library) -> None:
    """The next release looks for words in another text; its index replaces the old one."""
    old = await library.search_side()
    shelf = await library.world.shelf(ANNA)
    await library.world.book(shelf, BEN)
    await library.shows(old)
    before = old.indexes["book"].version
    for task in library.world.running[1:]:
        await library.world.stop(task)
    new = await library.search_side([replace(BOOKS, texts=())])
    await library.world.book(shelf, BEN, "Persuasion")
    await library.shows(new, new.layouts["book"].index)
    assert new.indexes["book"].version != before
    assert (await found(new, new.layouts["book"].index, NOBODY)).total == 2


async def test_what_a_rebuild_replaced_can_be_gone_back_to(library: Library) -> None:
    """Brought up to date; the next rebuild begins with nothing of what was left behind."""
    search = await library.search_side()
    shelf = await library.world.shelf(ANNA)
    books = [await library.world.book(shelf, BEN, f"Book {number}") for number in range(5)]
    await library.shows(search)
    with pytest.raises(NoWayBack):
        await search.rebuilds.go_back("book")
    first = search.indexes["book"].version
    await search.rebuilds.run("book")
    await library.shows(search)
    second = search.indexes["book"].version
    books[0].price(9_900)
    await library.world.happen(books[0])
    books[1].burn()
    await library.world.happen(books[1])
    await library.world.book(shelf, BEN, "Another")
    await library.shows(search)
    assert await search.rebuilds.go_back("book") == library.world.position
    await library.shows(search)
    assert search.indexes["book"].version == first != second
    assert await same_as_composed(search, BOOKS) == 5
    await search.rebuilds.go_back("book")
    await library.shows(search)
    assert search.indexes["book"].version == second, "there and back again"
    await search.rebuilds.go_back("book")
    await search.rebuilds.run("book")
    await library.shows(search)
    there = {version.name for version in (await search.versions.all(search.indexes["book"].alias)).values()}
    assert second not in there
    assert there == {first, search.indexes["book"].version}
    assert await same_as_composed(search, BOOKS) == 5
    assert await search.rebuilds.drop_old("book") == [first]


async def test_a_version_of_another_declaration_is_not_gone_back_to(library: Library) -> None:
    """This release could not bring it up to date."""
    old = await library.search_side()
    await library.world.shelf(ANNA)
    await library.shows(old)
    for task in library.world.running[1:]:
        await library.world.stop(task)
    new = await library.search_side([replace(BOOKS, texts=())])
    await library.world.book(await library.world.shelf(ANNA), BEN)
    await library.shows(new, new.layouts["book"].index)
    with pytest.raises(NoWayBack, match="of another declaration"):
        await new.rebuilds.go_back("book")


async def test_a_rebuild_afresh_goes_on_with_nothing(library: Library) -> None:
    """What a killed one left is dropped."""
    search = await library.search_side()
    await library.world.book(await library.world.shelf(ANNA), BEN)
    await library.shows(search)

    def told(_done: int, _total: int) -> None:
        first.cancel()

    first = asyncio.create_task(search.rebuilds.run("book", told))
    with pytest.raises(asyncio.CancelledError):
        await first
    live = search.indexes["book"].version
    left = {v.name for v in (await search.versions.all(search.indexes["book"].alias)).values()} - {live}
    await search.rebuilds.run("book", afresh=True)
    await library.shows(search)
    assert search.indexes["book"].version not in left
    there = {version.name for version in (await search.versions.all(search.indexes["book"].alias)).values()}
    assert there == {live, search.indexes["book"].version}
