"""Saves that wait at the same moment share a transaction; what goes wrong with one of them is its own affair."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from math import inf

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from commands.ports import Conflict, KeyTaken, Unavailable
from infra.event_store.feed import NAIL
from infra.event_store.journal import FREE
from infra.event_store.saves import EVENT, Save, Waiting, apart, appended, columns
from infra.postgres.arrays import Ints, Texts, Uuids
from infra.postgres.line import Line
from infra.postgres.trouble import TROUBLE, unavailable

APPEND = """SELECT command_id, reached FROM append_events(
  %b::uuid[], %b::int[], %b::text[], %b::bytea[], %b::uuid[],
  %b::uuid[], %b::text[], %b::uuid[], %b::text[], %b::uuid[], %b::text[], %b::text[],
  %b::bytea[], %b::timestamptz[], %b::text[], %b::bytea[], %b::bytea[])"""

# The same, and with some commands what trace they are part of, in one transaction.
APPEND_TRACED = (
    f"WITH done AS MATERIALIZED ({APPEND}), "  # noqa: S608 - it is ours
    "traced AS (INSERT INTO command_trace (command, parent) "
    "SELECT * FROM unnest(%b::uuid[], %b::text[]) ON CONFLICT DO NOTHING) "
    "SELECT command_id, reached FROM done"
)

# What stands where a save wants to write: its own events (the position), another's (null), or its key's other user (0).
STANDING = """
  SELECT w.save, CASE WHEN e.command = w.command AND e.name = w.name AND e.state = w.state THEN e.position END
  FROM unnest(%b::int[], %b::uuid[], %b::int[], %b::text[], %b::bytea[], %b::uuid[])
    AS w (save, stream, version, name, state, command)
  JOIN event AS e ON e.stream = w.stream AND e.version = w.version
  UNION ALL
  SELECT w.save, 0 FROM unnest(%b::int[], %b::uuid[], %b::text[]) AS w (save, command, key)
  JOIN command AS c ON c.key = w.key AND c.id <> w.command"""

# A trial does not wait for a standby itself: a commit that does keeps its connection at the server until one follows,
# though whoever asked has hung up. That others wait so can be seen.
HERE = "SET LOCAL synchronous_commit = local"
STUCK = """SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = current_user
  AND datname = current_database() AND query_start < clock_timestamp() - interval '1 second')"""
NO_COPY = "The database waits for its standby."

MOST_BYTES = 4_000_000
"""Of what shares a transaction, about. A hundred of the longest saves take longer than a statement may: all would fail,
and with them whoever came along.
"""

CROWD = "Too many commands are waiting for the database."

DOUBT = 3.0
"""How many times the usual patience to try for a new connection when what was sent may have been committed."""


class GroupCommit:
    """The writers of one process.

    Each takes what waits, appends it in one transaction, and tells everyone how it ended. If the transaction fails
    over a version or a key, one query asks who lost; the others go on together. If the connection is lost, the same
    query asks, on a new one, what was committed all the same: nobody is told a conflict with their own events.

    Args:
        lines: a connection for each writer.
        most: saves in one transaction.
        waiting: saves that may wait; more are Unavailable.
        keep: how long an idempotency key is kept.
        committed: called after each commit.
    """

    def __init__(
        self,
        lines: Iterable[Line],
        *,
        most: int,
        waiting: int,
        keep: timedelta,
        committed: Callable[[], None],
    ) -> None:
        self._lines = tuple(lines)
        self._most = most
        self._keep = keep
        self._committed = committed
        self.shared: Callable[[int], None] = lambda _saves: None
        """Told how many saves share a transaction, each time."""
        self.traced: Callable[[], str | None] | None = None
        """Answers, where a save is asked for, what trace it is part of; None: nobody wants to know."""
        self._queue: asyncio.Queue[Waiting | None] = asyncio.Queue(waiting)
        self._writers: list[asyncio.Task[None]] = []
        self._taking = False

    @property
    def waiting(self) -> int:
        """Saves that wait for a writer."""
        return self._queue.qsize()

    def start(self) -> None:
        """Start the writers, on the running event loop."""
        self._taking = True
        self._writers = [asyncio.create_task(self._write(line)) for line in self._lines]

    async def stop(self) -> None:
        """Finish what waits, take nothing more, and close the connections."""
        self._taking = False
        async with AsyncExitStack() as closing:  # all of them, whatever interrupts it
            for line in self._lines:
                closing.push_async_callback(line.close)
            for _ in self._writers:
                await self._queue.put(None)
            await asyncio.gather(*self._writers)
            self._writers.clear()

    async def append(self, save: Save) -> int:
        """The position of the save's last event, once it is on disk. Raises Conflict, KeyTaken and Unavailable."""
        waiting = Waiting(save, asyncio.get_running_loop().create_future())
        if self.traced is not None:
            waiting.trace = self.traced()
        return await self._ended(waiting)

    async def rehearse(self, save: Save) -> None:
        """Return if the save would be recorded now, and leave no trace. Raises Unavailable."""
        await self._ended(Waiting(save, asyncio.get_running_loop().create_future(), trial=True))

    async def _ended(self, waiting: Waiting) -> int:
        if not self._taking:
            raise Unavailable("The event store is closed.")
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise Unavailable(CROWD) from None
        return await waiting.position

    async def _write(self, line: Line) -> None:
        while (first := await self._queue.get()) is not None:
            batch = [first, *self._waiting_now(self._most - 1, MOST_BYTES - first.save.size)]
            self.shared(len(batch))
            try:
                await self._settle(line, batch)
            except Unavailable as error:
                # Those behind would only wait as long for the same answer.
                for waiting in (*batch, *self._waiting_now(self._queue.qsize())):
                    waiting.fail(Unavailable(error.message, error.retry_after, why=error.__cause__))
            except Exception as error:  # noqa: BLE001 - whoever waits is told; the writer lives on
                for waiting in batch:
                    waiting.fail(error)

    def _waiting_now(self, most: int, room: float = inf) -> list[Waiting]:
        """So many of those that wait, at most, and those that have room."""
        taken: list[Waiting] = []
        while len(taken) < most and room > 0 and not self._queue.empty():
            waiting = self._queue.get_nowait()
            if waiting is None:  # the end: whoever takes it next stops
                self._queue.put_nowait(None)
                break
            taken.append(waiting)
            room -= waiting.save.size
        return taken

    async def _settle(self, line: Line, batch: list[Waiting]) -> None:
        """Bring every save of the batch to its end. Raises Unavailable, with those left open that have none."""
        clock = asyncio.get_running_loop().time
        give_up_at: float | None = None  # once a connection was lost, and with it the answer
        while batch := [waiting for waiting in batch if waiting.open]:
            connection = await line.connection(None if give_up_at is None else give_up_at - clock())
            try:
                with line.watched(connection):
                    if give_up_at is not None:
                        await self._judge(connection, batch)
                    await self._attempt(connection, [waiting for waiting in batch if waiting.open])
            except TROUBLE as error:
                give_up_at = give_up_at or clock() + DOUBT * line.patience
                if not await line.lost(error) or clock() > give_up_at:
                    raise unavailable(error, "The database cannot record this now.") from error

    async def _attempt(self, connection: AsyncConnection[TupleRow], batch: Sequence[Waiting]) -> None:
        """Append what does not exclude each other; tell those whose end is known by then."""
        for waiting in (waiting for waiting in batch if waiting.trial):
            await self._try(connection, waiting)
        first, rivals = apart([waiting for waiting in batch if not waiting.trial])
        try:
            await self._append(connection, first)
        except TROUBLE:
            raise
        except psycopg.errors.UniqueViolation:
            await self._judge(connection, batch)
            if not all(waiting.open for waiting in batch):
                return  # the others go on together
        except Exception:  # noqa: BLE001, S110 - one of them is the cause, and will raise it again alone
            pass
        else:
            await self._judge(connection, rivals)
            return
        for waiting in first:
            await self._append_alone(connection, waiting)

    async def _try(self, connection: AsyncConnection[TupleRow], waiting: Waiting) -> None:
        """Do all that an append does, take it back, and commit something as small as can be."""
        try:
            async with connection.transaction(force_rollback=True):
                await connection.execute(APPEND, appended([waiting]), prepare=True, binary=True)
            async with connection.transaction():
                await connection.execute(HERE)
                await connection.execute(NAIL)
            if await (await connection.execute(STUCK)).fetchone() == (True,):
                raise Unavailable(NO_COPY)
        except TROUBLE:
            raise
        except Exception as error:  # noqa: BLE001 - whoever tries is told; nobody else has to do with it
            waiting.fail(error)
        else:
            waiting.succeed(0)

    async def _append_alone(self, connection: AsyncConnection[TupleRow], waiting: Waiting) -> None:
        try:
            await self._append(connection, [waiting])
        except TROUBLE:
            raise
        except psycopg.errors.UniqueViolation:
            await self._judge(connection, [waiting])
            waiting.fail(Conflict("another command was first"))
        except psycopg.errors.ForeignKeyViolation:
            waiting.fail(Conflict("this was decided on events that the log does not have any more"))
        except Exception as error:  # noqa: BLE001 - it is this save's own
            waiting.fail(error)

    async def _append(self, connection: AsyncConnection[TupleRow], batch: Sequence[Waiting]) -> None:
        if not batch:
            return
        query, parameters = APPEND, appended(batch)
        traces = [(w.save.row.id, w.trace) for w in batch if w.trace] if self.traced is not None else []
        if traces:
            query, parameters = APPEND_TRACED, [*parameters, *columns((Uuids, Texts), traces)]
        cursor = await connection.execute(query, parameters, prepare=True, binary=True)
        reached = {command.int: position for command, position in await cursor.fetchall()}
        for waiting in batch:
            waiting.succeed(reached[waiting.save.row.id.int])
        self._committed()

    async def _judge(self, connection: AsyncConnection[TupleRow], batch: Sequence[Waiting]) -> None:
        """Tell those who have lost, and those who turn out to be recorded already; the others stay open."""
        if not batch:
            return
        saves = [(number, waiting.save.row, waiting.save.events) for number, waiting in enumerate(batch)]
        keys = [(number, row.id, row.key) for number, row, _ in saves]
        if any(row.key for _, row, _ in saves):
            await connection.execute(FREE, [Texts([row.key for _, row, _ in saves]), self._keep])
        events = [(number, *event, row.id) for number, row, events in saves for event in events]
        parameters = [*columns((Ints, *EVENT), events), *columns((Ints, Uuids, Texts), keys)]
        cursor = await connection.execute(STANDING, parameters, prepare=True, binary=True)
        standing: list[list[int | None]] = [[] for _ in batch]
        for number, position in await cursor.fetchall():
            standing[number].append(position)
        if any(position for found in standing for position in found):
            # It stands here; but whoever committed it broke off, perhaps while it waited for its copy on a standby.
            # What is committed after it returns only when both are there.
            await connection.execute(NAIL)
        for waiting, found in zip(batch, standing, strict=True):
            _tell(waiting, found)


def _tell(waiting: Waiting, found: Sequence[int | None]) -> None:
    own = [position for position in found if position]
    if len(own) == len(waiting.save.events):
        waiting.succeed(max(own))
    elif 0 in found:
        waiting.fail(KeyTaken("a command with this idempotency key is recorded already"))
    elif found:
        waiting.fail(Conflict("another command has changed this meanwhile"))
