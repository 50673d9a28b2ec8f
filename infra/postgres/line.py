"""One connection to the database that comes back after it was lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from commands.ports import Unavailable
from infra.postgres import arrays

T = TypeVar("T")

AGAIN_SECONDS = 0.05
"""Between two attempts to connect."""

ENDED_BY_SERVER = "57P"
"""The class of errors by which a server says goodbye; the end of the connection itself may be noticed only later."""

# What is asked here finds rows by their keys. A plan is made while a table is small, and kept: one that read all of the
# table then would still do so when it is large.
SETUP = """SELECT set_config('application_name', %s, false), set_config('timezone', 'UTC', false),
  set_config('default_transaction_isolation', 'read committed', false), set_config('enable_seqscan', 'off', false),
  set_config('enable_hashjoin', 'off', false), set_config('enable_mergejoin', 'off', false)"""


class Line:
    """A connection that is opened when first needed, and opened anew after it was lost.

    Those who use it take turns. Nobody waits long for a database that is away: after `patience` seconds without a
    connection, or `stall` seconds without an answer, it is Unavailable; the next call tries again.

    Args:
        conninfo: the database, as libpq takes it; its search_path says which schema.
        name: what the server's own views call this connection.
        patience: seconds to try for a connection.
        stall: seconds that one use may take before the connection counts as lost.
    """

    def __init__(self, conninfo: str, name: str, *, patience: float = 1.0, stall: float = 5.0) -> None:
        self.patience = patience
        self._conninfo = conninfo
        self._name = name
        self._stall = stall
        self._connection: AsyncConnection[TupleRow] | None = None
        self._turn = asyncio.Lock()
        self._closed = False

    async def ask(self, query: LiteralString, parameters: Sequence[Any] = ()) -> list[TupleRow]:
        """The rows that answer a query which may safely be asked twice. Raises Unavailable."""

        async def asked(connection: AsyncConnection[TupleRow]) -> list[TupleRow]:
            cursor = await connection.execute(query, parameters, prepare=True, binary=True)
            return await cursor.fetchall() if cursor.description else []

        return await self.use(asked)

    async def use(self, work: Callable[[AsyncConnection[TupleRow]], Awaitable[T]]) -> T:
        """What `work` makes of the connection; after a loss it is done once more on a new one. Raises Unavailable."""
        async with self._turn:
            try:
                return await self._once(work)
            except psycopg.OperationalError as error:
                if not await self.lost(error):
                    raise Unavailable("The database cannot do this now.", why=error) from error
            try:
                return await self._once(work)
            except psycopg.OperationalError as error:
                raise Unavailable("The database is away.", why=error) from error

    async def _once(self, work: Callable[[AsyncConnection[TupleRow]], Awaitable[T]]) -> T:
        connection = await self.connection()
        with self.watched(connection):
            return await work(connection)

    async def connection(self, patience: float | None = None) -> AsyncConnection[TupleRow]:
        """The open connection, for a sole user who asks for no turns. Raises Unavailable."""
        if self._closed:
            raise Unavailable("the connection to the database is closed")
        if self._connection is None or self._connection.closed:
            self._connection = await self._connect(self.patience if patience is None else patience)
        return self._connection

    async def lost(self, error: psycopg.OperationalError) -> bool:
        """Did that error end the connection? It is given up then, and the next use opens another."""
        connection = self._connection
        if connection is not None and (error.sqlstate or "").startswith(ENDED_BY_SERVER):
            await connection.close()
        return connection is None or connection.closed

    @contextlib.contextmanager
    def watched(self, connection: AsyncConnection[TupleRow]) -> Iterator[None]:
        """Hang up if the block takes too long: whoever waits for an answer then learns that there is none."""
        timer = asyncio.get_running_loop().call_later(self._stall, _hang_up, connection)
        try:
            yield
        finally:
            timer.cancel()

    async def close(self) -> None:
        """Close the connection for good, once whoever has it is done with it; at once if there is no time for that."""
        try:
            await self._turn.acquire()
            self._turn.release()
        finally:
            self._closed = True
            if self._connection is not None:
                await self._connection.close()
                self._connection = None

    async def _connect(self, patience: float) -> AsyncConnection[TupleRow]:
        clock = asyncio.get_running_loop().time
        deadline = clock() + patience
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    connection = await AsyncConnection.connect(self._conninfo, autocommit=True)
            except (TimeoutError, psycopg.OperationalError) as error:
                if clock() + AGAIN_SECONDS >= deadline:
                    raise Unavailable("The database is away.", why=str(error) or "no answer") from error
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            arrays.teach(connection)
            try:
                with self.watched(connection):
                    await connection.execute(SETUP, [self._name])
            except BaseException:
                await connection.close()
                raise
            return connection


def _hang_up(connection: AsyncConnection[TupleRow]) -> None:
    """End the conversation underneath the library, which takes it for a lost connection. Cancelling the coroutine
    instead would have the library ask the silent server to cancel, and wait for that.
    """
    with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.pgconn.socket)) as twin:
        twin.shutdown(socket.SHUT_RDWR)
