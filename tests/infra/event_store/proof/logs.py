"""Logs for the lost-event case: the product's, and readers of it with one mistake each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import LiteralString
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from commands.ports import Conflict
from infra.event_store import Codec, PostgresEventStore
from infra.event_store.codec import Stored
from infra.event_store.group_commit import GroupCommit
from infra.event_store.journal import Row
from infra.event_store.saves import Save
from infra.postgres.line import Line
from tests.contracts.event_store import NOON
from tests.contracts.parcel import Parcel
from tests.infra.event_store.appending import NAME, STATE, append
from tests.infra.event_store.proof.lost_events import Log, Reader, Seen, Writer

WRITERS, READERS = 16, 4
PAGE = 500

DRAWN = "SELECT coalesce(pg_sequence_last_value('log_position'), 0)"
BELIEVED = "SELECT last_value FROM log_position"
OWN_ID = "SELECT pg_current_xact_id()::text"
NEXT_ID = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
PASSED = "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= %s::xid8"
ROWS = "SELECT position, stream, version FROM event WHERE position > %s AND position <= %s ORDER BY position LIMIT %s"
NAIVE = "SELECT position, stream, version FROM event WHERE position > %s ORDER BY position LIMIT %s"
RECORDED = "SELECT position, stream, version FROM event ORDER BY position"


class HeldWriter:
    """`append_events` in a transaction that stays open until it is told."""

    def __init__(self, connection: AsyncConnection[TupleRow]) -> None:
        self._connection = connection
        self.commit = connection.commit
        self.rollback = connection.rollback

    async def append(self, stream: UUID, versions: range) -> None:
        await append(self._connection, stream, versions)


class GroupWriter:
    """The product's group commit. To be rolled back, a save brings an event whose version is taken."""

    def __init__(self, commit: GroupCommit) -> None:
        self._commit = commit
        self._events: list[Stored] = []

    async def append(self, stream: UUID, versions: range) -> None:
        self._events = [Stored(stream, version, NAME, STATE) for version in versions]

    async def commit(self) -> None:
        await self._save(self._events)

    async def rollback(self) -> None:
        taken = Stored(uuid4(), 1, NAME, STATE)
        await self._save([taken])
        try:
            await self._save([*self._events, taken])
        except Conflict:
            return
        raise AssertionError("a version was taken twice")

    async def _save(self, events: Sequence[Stored]) -> None:
        row = Row(uuid4(), "move", None, "system", None, "default", "", None, NOON, None, None, None)
        await self._commit.append(Save(events, row))


class StoreReader:
    """The product's own feed."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._store = store

    async def look(self, after: int) -> tuple[Sequence[Seen], int]:
        await self._store.wait_for_events(after, 0.01)
        page = await self._store.read(after, PAGE)
        return [Seen(event.position, event.stream, event.version) for event in page.events], page.position


class NaiveReader:
    """Takes whatever it can see past its last row."""

    def __init__(self, connection: AsyncConnection[TupleRow]) -> None:
        self._connection = connection

    async def look(self, after: int) -> tuple[Sequence[Seen], int]:
        rows = await (await self._connection.execute(NAIVE, [after, PAGE])).fetchall()
        seen = [Seen(*row) for row in rows]
        return seen, seen[-1].position if seen else after


@dataclass
class FencedReader:
    """The technique of the feed in a few lines, right as it stands; each field can be made a mistake."""

    connection: AsyncConnection[TupleRow]
    drawn: LiteralString = DRAWN
    fence: LiteralString = OWN_ID
    to_last_row: bool = False
    """Goes on from its last row, not from the watermark."""
    _kept: tuple[int, str] | None = None

    async def look(self, after: int) -> tuple[Sequence[Seen], int]:
        if self._kept is None:
            drawn = (await self._one(self.drawn))[0]
            if drawn <= after:
                return [], after
            self._kept = drawn, (await self._one(self.fence))[0]
        drawn, fence = self._kept
        if (await self._one(PASSED, fence))[0] is not True:
            return [], after
        rows = await (await self.connection.execute(ROWS, [after, drawn, PAGE])).fetchall()
        seen = [Seen(*row) for row in rows]
        if len(seen) == PAGE:
            return seen, seen[-1].position
        self._kept = None
        if self.to_last_row:
            return seen, seen[-1].position if seen else after
        return seen, drawn

    async def _one(self, query: LiteralString, *parameters: str) -> TupleRow:
        row = await (await self.connection.execute(query, parameters)).fetchone()
        assert row is not None
        return row


@dataclass
class ProductLog:
    """The product's tables and functions; somebody who looks on."""

    writers: Sequence[Writer]
    readers: Sequence[Reader]
    observer: AsyncConnection[TupleRow]

    async def recorded(self) -> list[Seen]:
        return [Seen(*row) for row in await (await self.observer.execute(RECORDED)).fetchall()]

    async def end(self) -> int:
        await quiet(self.observer)
        row = await (await self.observer.execute(DRAWN)).fetchone()
        assert row is not None
        return int(row[0])


async def quiet(observer: AsyncConnection[TupleRow]) -> None:
    """Return when every transaction of this moment has ended."""
    mine = await (await observer.execute(OWN_ID)).fetchone()
    while True:
        if await (await observer.execute(PASSED, mine)).fetchone() == (True,):
            return
        await asyncio.sleep(0.005)


class Connections:
    """Opens connections to one database; they are closed with the stack."""

    def __init__(self, stack: AsyncExitStack, conninfo: str) -> None:
        self.stack, self.conninfo = stack, conninfo

    async def one(self, *, autocommit: bool) -> AsyncConnection[TupleRow]:
        connection = await psycopg.AsyncConnection.connect(self.conninfo, autocommit=autocommit)
        return await self.stack.enter_async_context(connection)

    async def held(self, count: int) -> list[Writer]:
        return [HeldWriter(await self.one(autocommit=False)) for _ in range(count)]

    async def grouped(self, count: int) -> list[Writer]:
        """Writers of one group commit with as many connections."""
        lines = [Line(self.conninfo, f"writer {number}") for number in range(count)]
        commit = GroupCommit(lines, most=200, waiting=1000, keep=timedelta(hours=24), committed=lambda: None)
        commit.start()
        self.stack.push_async_callback(commit.stop)
        return [GroupWriter(commit) for _ in range(count)]


@asynccontextmanager
async def product(conninfo: str) -> AsyncIterator[Log]:
    """The product as it is: writers of two kinds, and followers of two processes."""
    async with AsyncExitStack() as stack:
        open_ = Connections(stack, conninfo)
        stores = [await stack.enter_async_context(PostgresEventStore(conninfo, Codec([Parcel]))) for _ in range(2)]
        writers = [*await open_.held(WRITERS - 6), *await open_.grouped(3), *await open_.grouped(3)]
        readers = [StoreReader(stores[number % 2]) for number in range(READERS)]
        yield ProductLog(writers, readers, await open_.one(autocommit=True))


@asynccontextmanager
async def naive(conninfo: str) -> AsyncIterator[Log]:
    """The product's log, read by `id > last`."""
    async with AsyncExitStack() as stack:
        open_ = Connections(stack, conninfo)
        readers = [NaiveReader(await open_.one(autocommit=True)) for _ in range(READERS)]
        yield ProductLog(await open_.held(WRITERS), readers, await open_.one(autocommit=True))


@asynccontextmanager
async def fenced(
    conninfo: str, *, drawn: LiteralString = DRAWN, fence: LiteralString = OWN_ID, to_last_row: bool = False
) -> AsyncIterator[Log]:
    """The product's log, read behind a fence that is as it should be but for what is given here."""
    async with AsyncExitStack() as stack:
        open_ = Connections(stack, conninfo)
        readers = [FencedReader(await open_.one(autocommit=True), drawn, fence, to_last_row) for _ in range(READERS)]
        yield ProductLog(await open_.held(WRITERS), readers, await open_.one(autocommit=True))
