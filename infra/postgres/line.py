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
from infra.postgres.conninfo import each_host
from infra.postgres.trouble import AWAY, TROUBLE, UNWELL, unavailable

T = TypeVar("T")

AGAIN_SECONDS = 0.05
"""Between two attempts to connect."""

ENDED_BY_SERVER = ("57P", "25P03")
"""The errors by which a server says goodbye; the end of the connection itself may be noticed only later."""
READ_ONLY = "25006"
"""The server takes no writes any more: another one may."""

# What is asked here finds rows by their keys. A plan is made while a table is small, and kept: one that read all of the
# table then would still do so when it is large.
SETUP = """SELECT set_config('application_name', %s, false), set_config('timezone', 'UTC', false),
  set_config('default_transaction_isolation', 'read committed', false), set_config('enable_seqscan', 'off', false),
  set_config('enable_hashjoin', 'off', false), set_config('enable_mergejoin', 'off', false),
  set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false),
  CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END"""

STATEMENT_SHARE, LOCK_SHARE = 0.9, 0.6
"""Of the time that a use may take: the server itself ends a statement that takes longer, or waits so long for a lock.
A statement whose asker has hung up would go on, and hold back all who read the log.
"""


class Line:
    """A connection that is opened when first needed, and opened anew after it was lost.

    Those who use it take turns. Nobody waits long for a database that is away: after `patience` seconds without a
    connection, or `stall` seconds without an answer, it is Unavailable; the next call tries again.

    Args:
        conninfo: the database, as libpq takes it; its search_path says which schema.
        name: what the server's own views call this connection.
        patience: seconds to try for a connection.
        stall: seconds that one use may take before the connection counts as lost.
        renewed: called when another connection has taken the place of one that was lost. It may lead to another server,
            whose data are older.
    """

    def __init__(
        self,
        conninfo: str,
        name: str,
        *,
        patience: float = 1.0,
        stall: float = 5.0,
        renewed: Callable[[], None] = lambda: None,
    ) -> None:
        self.patience = patience
        self._renewed = renewed
        self._hosts = each_host(conninfo)
        self._name = name
        self._stall = stall
        self._away = False
        """Could no connection be had when one was last tried for?"""
        self._failed_at = float("-inf")
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
        asked_at = asyncio.get_running_loop().time()
        async with self._turn:
            if self._away and self._failed_at >= asked_at:
                raise Unavailable(AWAY)  # whoever was before has waited for the same
            try:
                return await self._once(work)
            except TROUBLE as error:
                if not await self.lost(error):
                    raise unavailable(error, UNWELL) from error
            try:
                return await self._once(work)
            except TROUBLE as error:
                await self.lost(error)
                raise unavailable(error) from error

    async def _once(self, work: Callable[[AsyncConnection[TupleRow]], Awaitable[T]]) -> T:
        connection = await self.connection()
        with self.watched(connection):
            return await work(connection)

    async def connection(self, patience: float | None = None) -> AsyncConnection[TupleRow]:
        """The open connection, for a sole user who asks for no turns. Raises Unavailable."""
        if self._closed:
            raise Unavailable("The connection to the database is closed.")
        if self._connection is None or self._connection.closed:
            # Nobody waits anew for a database that is known to be away: one look is enough.
            usual = 0.0 if self._away else self.patience
            lost = self._connection is not None
            self._connection = await self._connect(usual if patience is None else patience)
            if lost:
                self._renewed()
        return self._connection

    async def lost(self, error: psycopg.Error) -> bool:
        """Did that error end the connection? It is given up then, and the next use opens another.

        One to a server that takes no writes any more is given up too, though what was asked did fail for good: the
        address may lead to another server by now.
        """
        connection = self._connection
        if connection is None or connection.closed:
            return True
        state = error.sqlstate or ""
        ended = state.startswith(ENDED_BY_SERVER)
        if ended or state == READ_ONLY:
            await connection.close()
        return ended

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
                connection = await self._reach(max(deadline, clock() + self.patience))
            except (TimeoutError, psycopg.OperationalError) as error:
                self._away, self._failed_at = True, clock()
                if clock() + AGAIN_SECONDS >= deadline:
                    raise unavailable(error) from error
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            self._away = False
            arrays.teach(connection)
            try:
                with self.watched(connection):
                    await connection.execute(SETUP, [self._name, *self._limits()])
            except BaseException:
                await connection.close()
                raise
            return connection

    async def _reach(self, deadline: float) -> AsyncConnection[TupleRow]:
        """A connection to the first host that gives one. One that is silent takes only its share of the time."""
        clock = asyncio.get_running_loop().time
        failed: Exception = TimeoutError("no answer")
        for number, host in enumerate(self._hosts):
            try:
                async with asyncio.timeout((deadline - clock()) / (len(self._hosts) - number)):
                    return await AsyncConnection.connect(host, autocommit=True)
            except (TimeoutError, psycopg.OperationalError) as error:
                failed = error
        raise failed

    def _limits(self) -> tuple[str, str]:
        """How long a statement, and a wait for a lock, may take: milliseconds."""
        statement, lock = (max(1, round(share * self._stall * 1000)) for share in (STATEMENT_SHARE, LOCK_SHARE))
        return str(statement), str(lock)


def _hang_up(connection: AsyncConnection[TupleRow]) -> None:
    """End the conversation underneath the library, which takes it for a lost connection. Cancelling the coroutine
    instead would have the library ask the silent server to cancel, and wait for that.
    """
    with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.pgconn.socket)) as twin:
        twin.shutdown(socket.SHUT_RDWR)
