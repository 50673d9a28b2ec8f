"""Questions to the database of the read models, over connections that many share."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, LiteralString, Self

import psycopg
from psycopg import AsyncConnection, sql
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from commands.ports import Unavailable

NAMED = "SELECT set_config('application_name', 'innkeep reads', false), set_config('timezone', 'UTC', false)"
AT_ONCE = 500
"""Rows that a stream fetches at a time."""

_AWAY = (psycopg.OperationalError, PoolTimeout, PoolClosed)


class Asking:
    """Answers queries that change nothing. Open it on the event loop that uses it.

    Args:
        conninfo: the database; its search_path says which schema.
        size: connections at most.
        patience: seconds to wait for one of them.
    """

    def __init__(self, conninfo: str, *, size: int = 8, patience: float = 2.0) -> None:
        self._pool = AsyncConnectionPool(
            conninfo,
            min_size=1,
            max_size=size,
            timeout=patience,
            open=False,
            configure=_configure,
            kwargs={"autocommit": True},
            reconnect_timeout=patience,
        )

    async def open(self) -> None:
        """Make the first connection, in the background."""
        await self._pool.open()

    async def close(self) -> None:
        """Close them all."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def __call__(
        self, query: LiteralString | sql.Composed, values: Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """The rows that answer the query. After a lost connection it is asked once more. Raises Unavailable."""
        try:
            return await self._once(query, values)
        except psycopg.errors.QueryCanceled as canceled:
            raise Unavailable("The database took too long to answer.") from canceled
        except _AWAY:
            with contextlib.suppress(*_AWAY):
                await self._pool.check()
        try:
            return await self._once(query, values)
        except _AWAY as away:
            raise Unavailable("The database is away.", why=away) from away

    async def stream(self, query: sql.Composed, values: Mapping[str, Any]) -> AsyncIterator[tuple[Any, ...]]:
        """The rows one by one, as of one moment, few of them in memory. Raises Unavailable."""
        try:
            async with (
                self._pool.connection() as connection,
                connection.transaction(),
                connection.cursor(name="stream") as cursor,
            ):
                cursor.itersize = AT_ONCE
                await cursor.execute(query, values)
                async for row in cursor:
                    yield row
        except _AWAY as away:
            raise Unavailable("The database is away.", why=away) from away

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """One connection, for several questions. Raises Unavailable."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except _AWAY as away:
            raise Unavailable("The database is away.", why=away) from away

    async def _once(
        self, query: LiteralString | sql.Composed, values: Mapping[str, Any] | None
    ) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(query, values, binary=True)
            return await cursor.fetchall()


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.execute(NAMED)
