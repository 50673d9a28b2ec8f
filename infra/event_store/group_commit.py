"""Saves that wait at the same moment share a transaction; what goes wrong with one of them is its own affair."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from commands.ports import Conflict, KeyTaken, Unavailable
from infra.event_store.codec import Stored
from infra.event_store.journal import Row
from infra.postgres.arrays import Byteas, Column, Instants, Ints, Texts, Uuids
from infra.postgres.line import Line
from infra.postgres.trouble import TROUBLE, unavailable

APPEND = """SELECT command_id, reached FROM append_events(
  %b::uuid[], %b::int[], %b::text[], %b::bytea[], %b::uuid[],
  %b::uuid[], %b::text[], %b::uuid[], %b::text[], %b::uuid[], %b::text[], %b::text[],
  %b::bytea[], %b::timestamptz[], %b::text[], %b::bytea[], %b::bytea[])"""

# What stands where a save wants to write: its own events (the position), another's (null), or its key's other user (0).
STANDING = """
  SELECT w.save, CASE WHEN e.command = w.command AND e.name = w.name AND e.state = w.state THEN e.position END
  FROM unnest(%b::int[], %b::uuid[], %b::int[], %b::text[], %b::bytea[], %b::uuid[])
    AS w (save, stream, version, name, state, command)
  JOIN event AS e ON e.stream = w.stream AND e.version = w.version
  UNION ALL
  SELECT w.save, 0 FROM unnest(%b::int[], %b::uuid[], %b::text[]) AS w (save, command, key)
  JOIN command AS c ON c.key = w.key AND c.id <> w.command"""

# A key that nobody has tidied away yet is free all the same once it is old.
FREE = """UPDATE command SET key = NULL, fingerprint = NULL, answer = NULL
  WHERE key = ANY(%b::text[]) AND recorded_at <= clock_timestamp() - %b::interval"""

# The columns of events with their commands, and of the journal's rows, as `append_events` takes them.
EVENT = (Uuids, Ints, Texts, Byteas, Uuids)
ROW = (Uuids, Texts, Uuids, Texts, Uuids, Texts, Texts, Byteas, Instants, Texts, Byteas, Byteas)

DOUBT = 3.0
"""How many times the usual patience to try for a new connection when what was sent may have been committed."""


class Save(NamedTuple):
    """What one save appends: events of its command, and the command's row."""

    events: Sequence[Stored]
    row: Row

    @property
    def marks(self) -> set[object]:
        """What no other save of the same transaction may have in common with it."""
        marks: set[object] = {(event.stream.int, event.version) for event in self.events}
        marks.add(self.row.id.int)
        if self.row.key is not None:
            marks.add(self.row.key)
        return marks


@dataclass(eq=False, slots=True)
class Waiting:
    """A save on its way, and whom to tell how it ended."""

    save: Save
    position: asyncio.Future[int]

    @property
    def open(self) -> bool:
        """Nobody has been told yet, and somebody still wants to know."""
        return not self.position.done()

    def succeed(self, position: int) -> None:
        """It is recorded up to that position."""
        if self.open:
            self.position.set_result(position)

    def fail(self, error: Exception) -> None:
        """It is not recorded."""
        if self.open:
            self.position.set_exception(error)


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
        self, lines: Iterable[Line], *, most: int, waiting: int, keep: timedelta, committed: Callable[[], None]
    ) -> None:
        self._lines = tuple(lines)
        self._most = most
        self._keep = keep
        self._committed = committed
        self._queue: asyncio.Queue[Waiting | None] = asyncio.Queue(waiting)
        self._writers: list[asyncio.Task[None]] = []
        self._taking = False

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
        if not self._taking:
            raise Unavailable("the event store is closed")
        waiting = Waiting(save, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise Unavailable("too many writers are waiting for the database") from None
        return await waiting.position

    async def _write(self, line: Line) -> None:
        while (first := await self._queue.get()) is not None:
            batch = [first, *self._waiting_now(self._most - 1)]
            try:
                await self._settle(line, batch)
            except Unavailable as error:
                # Those behind would only wait as long for the same answer.
                for waiting in (*batch, *self._waiting_now(self._queue.qsize())):
                    waiting.fail(Unavailable(error.message, error.retry_after, why=error.__cause__))
            except Exception as error:  # noqa: BLE001 - whoever waits is told; the writer lives on
                for waiting in batch:
                    waiting.fail(error)

    def _waiting_now(self, most: int) -> list[Waiting]:
        taken: list[Waiting] = []
        while len(taken) < most and not self._queue.empty():
            waiting = self._queue.get_nowait()
            if waiting is None:  # the end: whoever takes it next stops
                self._queue.put_nowait(None)
                break
            taken.append(waiting)
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
        first, rivals = _apart(batch)
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

    async def _append_alone(self, connection: AsyncConnection[TupleRow], waiting: Waiting) -> None:
        try:
            await self._append(connection, [waiting])
        except TROUBLE:
            raise
        except psycopg.errors.UniqueViolation:
            await self._judge(connection, [waiting])
            waiting.fail(Conflict("another command was first"))
        except Exception as error:  # noqa: BLE001 - it is this save's own
            waiting.fail(error)

    async def _append(self, connection: AsyncConnection[TupleRow], batch: Sequence[Waiting]) -> None:
        if not batch:
            return
        events = [(*event, waiting.save.row.id) for waiting in batch for event in waiting.save.events]
        rows = [waiting.save.row for waiting in batch]
        parameters = [*_columns(EVENT, events), *_columns(ROW, rows)]
        cursor = await connection.execute(APPEND, parameters, prepare=True, binary=True)
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
        parameters = [*_columns((Ints, *EVENT), events), *_columns((Ints, Uuids, Texts), keys)]
        cursor = await connection.execute(STANDING, parameters, prepare=True, binary=True)
        standing: list[list[int | None]] = [[] for _ in batch]
        for number, position in await cursor.fetchall():
            standing[number].append(position)
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


def _apart(batch: Sequence[Waiting]) -> tuple[list[Waiting], list[Waiting]]:
    """Those that can go into one transaction, and those that each exclude one of them (at most one can be recorded)."""
    first: list[Waiting] = []
    rivals: list[Waiting] = []
    seen: set[object] = set()
    for waiting in batch:
        marks = waiting.save.marks
        if seen.isdisjoint(marks):
            seen |= marks
            first.append(waiting)
        else:
            rivals.append(waiting)
    return first, rivals


def _columns(kinds: Sequence[type[Column]], rows: Sequence[Sequence[Any]]) -> list[Column]:
    return [kind(column) for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)]
