"""What OpenSearch will not take, and what keeps it from taking anything: told, kept, and tried again."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from infra.opensearch.client import Cluster
from infra.opensearch.mappings import declaration, mapping
from infra.opensearch.rejects import Rejects, model_of
from infra.opensearch.writing import Rejected, Write, Writing
from infra.postgres.connected import connected
from infra.read_models.dead_letters import DeadLetter, DeadLetters
from infra.read_models.model import Connection
from infra.read_models.retrying import NoSuchLetter, StillFails
from tests.infra.opensearch.conftest import BOOKS, SHELVES, Library, Until, found, same_as_composed
from tests.infra.read_models.conftest import ANNA, BEN


async def letters(library: Library) -> list[DeadLetter]:
    async with connected(library.world.conninfo) as connection:
        return await DeadLetters(connection).found([model_of("book")])


class GivenUp(Writing):
    """Writes, and meanwhile somebody drops the dead letters."""

    def __init__(self, cluster: Cluster, connection: Connection) -> None:
        super().__init__(cluster)
        self._connection = connection

    async def all(self, writes: Iterable[Write]) -> list[Rejected]:
        """What was rejected, of which nothing is set aside any more."""
        rejected = await super().all(writes)
        await DeadLetters(self._connection).clear(model_of("book"))
        return rejected


async def test_a_document_that_is_rejected_is_a_dead_letter_with_the_reason(library: Library, until: Until) -> None:
    """The others are searched all the same; a rebuild that mends the mapping takes it in, and the letter is gone."""
    search = await library.search_side(run=False)
    index = search.indexes["book"]
    wrong = mapping(index.layout)
    wrong["properties"]["own"]["properties"]["f"]["properties"]["genre"] = {"properties": {"r": {"type": "date"}}}
    await search.cluster.ask("PUT", f"/{index.alias}-v1", {"mappings": wrong})
    await search.versions.show(index.alias, f"{index.alias}-v1")
    assert wrong["_meta"]["declaration"] == declaration(index.layout)
    running = await library.search_side()
    shelf = await library.world.shelf(ANNA)
    await library.shows(running)
    book = await library.world.book(shelf, BEN)
    await library.shows(running)
    (letter,) = await letters(library)
    assert (letter.subject, letter.name, letter.position) == (book.id, "book.shelved.v1", library.world.position)
    assert "failed to parse field [own.f.genre.r]" in str(letter.reason)
    assert "1 dead letters of book" in (await running.health())["warning"]
    assert (await found(running, SHELVES, BEN)).total == 1
    with pytest.raises(StillFails, match="failed to parse field"):
        await running.retry("book", book.id)
    with pytest.raises(NoSuchLetter):
        await running.retry("book", shelf)
    (letter,) = await letters(library)
    assert letter.tries > 1
    async with connected(library.world.conninfo) as connection:
        await Rejects().again(connection, [running.indexes["book"]], GivenUp(running.cluster, connection))
    assert await letters(library) == [], "given up while it was tried, it is not set aside anew"
    book.price(1_500)
    await library.world.happen(book)
    await library.shows(running)
    assert [letter.name for letter in await letters(library)] == ["book.priced.v1"], "until something happens to it"
    await running.rebuilds.run("book")
    running.indexer.retry()

    async def gone() -> bool:
        return not await letters(library)

    await until(gone)
    assert await same_as_composed(running, BOOKS) == 1


async def test_a_full_disk_is_told_and_waited_for(library: Library, until: Until) -> None:
    """As OpenSearch itself does then, the index is read-only; what happens meanwhile is written once it is not."""
    search = await library.search_side()
    shelf = await library.world.shelf(ANNA)
    await library.world.book(shelf, BEN)
    await library.shows(search)
    name = search.indexes["book"].version
    await search.cluster.ask("PUT", f"/{name}/_settings", {"index.blocks.read_only_allow_delete": True})
    await library.world.book(shelf, BEN, "Persuasion")

    async def told() -> bool:
        return "takes no writes" in str(search.indexer.trouble)

    await until(told)
    problem = (await search.health())["problem"]
    assert f"{name} takes no writes (index.blocks.read_only_allow_delete)" in problem
    assert (await found(search, BOOKS, BEN)).total == 1, "it is searched all the same"
    await search.cluster.ask("PUT", f"/{name}/_settings", {"index.blocks.read_only_allow_delete": None})
    await library.shows(search)
    assert await same_as_composed(search, BOOKS) == 2
    assert "problem" not in await search.health()
