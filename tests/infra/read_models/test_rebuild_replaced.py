"""What a rebuild replaces: how it differs, how long it is kept, and the way back to it."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from infra.read_models.catalogue import due
from infra.read_models.rebuild import NoWayBack
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import World, filled, rows


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
