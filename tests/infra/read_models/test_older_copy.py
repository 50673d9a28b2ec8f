"""The read models are older all of a sudden, as after a failover to a copy that lacked the end of the log."""

from __future__ import annotations

import psycopg
import pytest

from read_api.ports import ReadBehind
from tests.infra.read_models.conftest import ANNA, World

OLDER = (
    "DELETE FROM event WHERE position > %(end)s",
    "DELETE FROM command WHERE position > %(end)s",
    "DELETE FROM doc_shelf WHERE position > %(end)s",
    "UPDATE read_model SET position = %(end)s, epoch = epoch + 1",
    "SELECT setval('log_position', %(end)s)",
    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()""",
)


async def test_who_waits_for_a_position_that_is_drawn_anew_waits_for_what_takes_its_place(world: World) -> None:
    side = await world.side(run=False)
    filling = world.run(await world.side(run=False))  # in another process
    await world.shelf(ANNA, "kept")
    end = world.position
    for _ in range(10):
        await world.shelf(ANNA, "lost")
    await side.waiting.until(world.position, ("shelf",), 10)
    await world.stop(filling)
    with psycopg.connect(world.conninfo) as connection:
        for statement in OLDER:
            connection.execute(statement, {"end": end})
    new = await world.shelf(ANNA, "new")
    assert await side.store.raw("shelf", new) is None, "nobody has taken it in"
    with pytest.raises(ReadBehind):
        await side.waiting.until(world.position, ("shelf",), 0.1)
    world.run(side)
    await side.waiting.until(world.position, ("shelf",), 10)
    assert await side.store.raw("shelf", new) is not None
