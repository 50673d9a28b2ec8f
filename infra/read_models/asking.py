"""Questions to the database of the read models, over connections that many share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from typing import Any, LiteralString, Self

import psycopg
from psycopg import AsyncConnection, sql
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from commands.ports import Unavailable
from infra.postgres import arrays
from infra.postgres.trouble import TROUBLE, unavailable

NAMED = """SELECT set_config('application_name', 'innkeep reads', false), set_config('timezone', 'UTC', false),
  set_config('statement_timeout', '10s', false),
  set_config('idle_in_transaction_session_timeout', '60s', false)"""  # a stream rests while its reader does
AT_ONCE = 500
"""Rows that a stream fetches at a time."""
STREAMS, EACH = 3, 2
"""Streams at once at most, of all callers and of one: each keeps a connection for as long as its reader takes."""
AT_A_GLANCE = 0.1
"""Seconds to wait for a connection while the database is known to be away."""

CROWDED = "Too many lists are read as a whole (pageNumber=0) at this moment; read page by page, or ask again."

_AWAY = (psycopg.OperationalError, PoolTimeout, PoolClosed)


class Asking:
    """Answers queries that change nothing. Open it on the event loop that uses it.

    Args:
        conninfo: the database; its search_path says which schema.
        size: connections at most.
        patience: seconds to wait for one of them.
        renewed: called with each new connection. It may lead to another server than those before, whose data are older.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        size: int = 8,
        patience: float = 1.0,
        renewed: Callable[[], None] = lambda: None,
    ) -> None:
        self._conninfo = conninfo
        self._renewed = renewed
        self._patience = patience
        self._most_streams = min(STREAMS, max(1, size // 2))
        self._streams: list[str] = []
        """The callers of those that are open."""
        self._ended = asyncio.Condition()
        self._away = False
        """Could no connection be had when one was last wanted?"""
        self._pool = AsyncConnectionPool(
            conninfo,
            min_size=1,
            max_size=size,
            timeout=patience,
            open=False,
            configure=self._configure,
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
        self, query: LiteralString | sql.Composable | bytes, values: Mapping[str, Any] | Sequence[Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """The rows that answer the query. After a lost connection it is asked once more. Raises Unavailable."""
        try:
            return await self._once(query, values)
        except psycopg.errors.QueryCanceled as canceled:
            raise unavailable(canceled) from canceled
        except psycopg.OperationalError:  # lost, as those are that rest beside it, perhaps
            with contextlib.suppress(*_AWAY):
                await self._pool.check()
        try:
            return await self._once(query, values)
        except psycopg.OperationalError as away:
            raise unavailable(away) from away

    async def stream(
        self, query: sql.Composable, values: Mapping[str, Any], caller: str = ""
    ) -> AsyncGenerator[tuple[Any, ...], None]:
        """The rows one by one, as of one moment, few of them in memory; close it to give back its connection.

        Where the caller, or all together, have as many open as they may, it waits a moment for one that ends. Raises
        Unavailable.
        """
        try:
            async with (
                self._counted(caller),
                self._taken() as connection,
                connection.transaction(),
                connection.cursor(name="stream") as cursor,
            ):
                cursor.itersize = AT_ONCE
                await cursor.execute(_written(query), values)
                async for row in cursor:
                    yield row
        except TROUBLE as away:
            raise unavailable(away) from away

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """One connection, for several questions. Raises Unavailable."""
        try:
            async with self._taken() as connection:
                yield connection
        except TROUBLE as away:
            raise unavailable(away) from away

    @contextlib.asynccontextmanager
    async def _counted(self, caller: str) -> AsyncIterator[None]:
        """One more stream of this caller is open. Raises Unavailable if that stays one too many."""
        try:
            async with asyncio.timeout(self._patience), self._ended:
                await self._ended.wait_for(lambda: self._room(caller))
                self._streams.append(caller)
        except TimeoutError:
            raise Unavailable(CROWDED, 5) from None
        try:
            yield
        finally:
            self._streams.remove(caller)
            async with self._ended:
                self._ended.notify_all()

    def _room(self, caller: str) -> bool:
        return len(self._streams) < self._most_streams and self._streams.count(caller) < EACH

    async def _once(
        self, query: LiteralString | sql.Composable | bytes, values: Mapping[str, Any] | Sequence[Any] | None
    ) -> list[tuple[Any, ...]]:
        async with self._taken() as connection:
            cursor = await connection.execute(_written(query), values, binary=True)
            return await cursor.fetchall()

    async def _configure(self, connection: AsyncConnection[Any]) -> None:
        arrays.teach(connection)
        await connection.execute(NAMED)
        self._renewed()

    @contextlib.asynccontextmanager
    async def _taken(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection of the pool. Nobody waits anew for a database that is known to be away. Raises Unavailable."""
        try:
            connection = await self._pool.getconn(AT_A_GLANCE if self._away else self._patience)
        except (PoolTimeout, PoolClosed) as none:
            raise await self._reason(none) from none
        self._away = False
        try:
            async with connection:
                yield connection
        finally:
            await self._pool.putconn(connection)

    async def _reason(self, none: Exception) -> Unavailable:
        """Why there is no connection: the database gives none, or all are in use."""
        try:
            async with asyncio.timeout(AT_A_GLANCE):
                connection = await AsyncConnection.connect(self._conninfo)
        except (TimeoutError, psycopg.OperationalError) as error:
            self._away = True
            return unavailable(error)
        await connection.close()
        return Unavailable("Too many readers are waiting for the database.", why=none)


def _written(query: str | sql.Composable | bytes) -> bytes:
    if isinstance(query, bytes):
        return query
    return query.encode() if isinstance(query, str) else query.as_bytes(None)
