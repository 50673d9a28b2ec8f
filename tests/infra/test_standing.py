"""What Prometheus is told, whatever the database has time for."""

from __future__ import annotations

from contextlib import AsyncExitStack

from infra.build import build
from infra.postgres.migrate import migrate
from infra.roles import Role
from infra.settings import Settings
from infra.standing import measured


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
