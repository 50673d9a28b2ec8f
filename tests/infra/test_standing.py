"""What Prometheus is told, whatever the database has time for."""

from __future__ import annotations

from contextlib import AsyncExitStack

from prometheus_client import CollectorRegistry

from infra.build import build
from infra.health import State
from infra.postgres.migrate import migrate
from infra.read_models.catalogue import ModelHealth
from infra.roles import Role
from infra.settings import Settings
from infra.standing import Known, Standing, measured


async def test_a_database_that_everybody_asks_at_once_is_not_away(database: str) -> None:
    """The read models' lag is what was known last; nobody is woken for a database that answers."""
    await migrate(database)
    settings = Settings(mode="sandbox", _env_file=None)
    async with AsyncExitStack() as stack:
        product = await stack.enter_async_context(build(settings, conninfo=database, roles=frozenset({Role.API})))
        assert b'innkeep_read_model_lag_events{model="listing"}' in await measured(product)
        for _ in range(8):
            await stack.enter_async_context(product.side.asking.connection())
        told = await measured(product)
    assert b"innkeep_database_up 1.0" in told
    assert b'innkeep_read_model_lag_events{model="listing"}' in told


def test_a_read_model_that_is_due_for_a_rebuild_follows_the_log() -> None:
    """Nobody is woken for it; one that stopped is another matter."""
    models = [ModelHealth(state, state, 1, 0, 0.0) for state in ("live", "stopped", "rebuild due", "missing")]
    told = Standing(CollectorRegistry()).text(0, State(), Known(1, models)).decode()
    said = {
        line for line in told.splitlines() if line.startswith(("innkeep_read_model_well", "innkeep_read_model_reb"))
    }
    follows, due = {"live": 1.0, "stopped": 0.0, "rebuild due": 1.0, "missing": 0.0}, {"rebuild due": 1.0}
    assert said == {
        *(f'innkeep_read_model_well{{model="{name}"}} {value}' for name, value in follows.items()),
        *(f'innkeep_read_model_rebuild_due{{model="{name}"}} {due.get(name, 0.0)}' for name in follows),
    }
