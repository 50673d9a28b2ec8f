"""The database is an older copy all of a sudden, as after a failover: indexes know more than the log."""

from __future__ import annotations

from contextlib import suppress

import psycopg

from commands.ports import Unavailable
from infra.opensearch.side import SearchSide
from infra.opensearch.versions import Progress
from tests.infra.opensearch.conftest import SHELVES, Library, Until, found
from tests.infra.read_models.conftest import ANNA, MODERATOR

OLDER = (
    "DELETE FROM event WHERE position > %(end)s",
    "DELETE FROM command WHERE position > %(end)s",
    "DELETE FROM doc_shelf WHERE position > %(end)s",
    "UPDATE read_model SET position = %(end)s, epoch = epoch + 1",
    "UPDATE search_index SET position = %(end)s",
    "SELECT setval('log_position', %(end)s)",
    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()""",
)


def lose(library: Library, end: int) -> None:
    """All past that position is gone, and with it every connection."""
    with psycopg.connect(library.world.conninfo) as connection:
        for statement in OLDER:
            connection.execute(statement, {"end": end})


async def places(search: SearchSide) -> list[str]:
    return sorted(hit.document["place"] for hit in (await found(search, SHELVES, MODERATOR)).hits)


async def test_an_index_that_is_further_than_the_log_is_made_anew(library: Library, until: Until) -> None:
    """It would show what is lost, and pass by what takes the lost events' places."""
    search = await library.search_side()
    await library.world.shelf(ANNA, "kept")
    await library.shows(search)
    end = library.world.position
    for _ in range(20):
        await library.world.shelf(ANNA, "lost")
    await library.shows(search)

    async def kept() -> bool:
        told = await search.versions.progress([search.indexes["shelf"].version])
        return told[search.indexes["shelf"].version].position == library.world.position

    await until(kept)
    lose(library, end)

    async def goes_on() -> bool:
        with suppress(Unavailable):
            await library.world.shelf(ANNA, "new")
            return True
        return False

    await until(goes_on)

    async def right() -> bool:
        with suppress(Unavailable):
            return await places(search) == ["kept", "new"]
        return False

    await until(right)
    for _ in range(20):
        await library.world.shelf(ANNA, "newer")
    await library.shows(search)
    assert (await found(search, SHELVES, MODERATOR)).total == 22


async def test_a_rebuild_does_not_go_on_with_what_is_further_than_the_log(library: Library) -> None:
    search = await library.search_side()
    await library.world.shelf(ANNA, "kept")
    await library.shows(search)
    index = search.indexes["shelf"]
    begun = await search.versions.create(index.alias, 1_000, index.layout)
    await search.versions.tell({begun.name: Progress(library.world.position + 1_000)})
    assert await search.rebuilds.run("shelf") == library.world.position
    assert await places(search) == ["kept"]
