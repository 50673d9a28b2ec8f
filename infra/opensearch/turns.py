"""Who may do what at a time, as locks of the database that all processes share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.read_models.model import Connection

LEAD = "SELECT pg_try_advisory_lock(hashtextextended('innkeep indexer of ' || current_schema(), 0))"
ALONE = (
    "SELECT pg_try_advisory_lock(hashtextextended('innkeep rebuild of search ' || %s || ' of ' || current_schema(), 0))"
)
TAKE = "SELECT pg_advisory_lock(hashtextextended('innkeep search writes of ' || current_schema(), 0))"
GIVE = "SELECT pg_advisory_unlock(hashtextextended('innkeep search writes of ' || current_schema(), 0))"


@asynccontextmanager
async def turn(connection: Connection) -> AsyncIterator[None]:
    """The one who writes to live indexes, or puts another version in the place of one. It ends with the connection."""
    await connection.execute(TAKE)
    try:
        yield
    finally:
        if not connection.broken and not connection.closed:
            await connection.execute(GIVE)
