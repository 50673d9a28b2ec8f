"""One connection for one block, which ends with it in any case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from infra.postgres import arrays


@asynccontextmanager
async def connected(conninfo: str, *, autocommit: bool = True) -> AsyncIterator[AsyncConnection[TupleRow]]:
    """A connection; without `autocommit` the block is one transaction. Raises psycopg.OperationalError."""
    connection = await AsyncConnection.connect(conninfo, autocommit=autocommit)
    try:
        arrays.teach(connection)
        async with connection:
            yield connection
    finally:
        # Interrupted in its rollback, the connection would stay open.
        await connection.close()


async def still_there(connection: AsyncConnection[TupleRow]) -> None:
    """For who leads by a lock that ends with the connection. Raises psycopg.OperationalError if it has ended."""
    await connection.execute("SELECT true")
