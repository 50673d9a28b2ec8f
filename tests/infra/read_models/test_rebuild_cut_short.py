"""Rebuilds that end in the middle: the live table stays, and the next one goes on where the last was."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from commands.ports import Page
from domain.kernel import Fact
from infra.read_models.filling import Pace
from infra.read_models.rebuild import rebuild
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import World, filled, rows


class Broken:
    """A log that ends in the middle of a rebuild, as for one that is killed."""

    def __init__(self, world: World, end: int) -> None:
        self._world, self._end = world, end
        self.asked: list[int] = []

    async def stretch(self, after: int, length: int, only: Collection[type[Fact]] | None = None) -> Page:
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
