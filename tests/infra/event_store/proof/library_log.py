"""The library's function mode, for the lost-event case."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from eventsourcing.postgres import PostgresApplicationRecorder, PostgresFactory
from eventsourcing.utils import Environment
from psycopg import AsyncConnection, Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, TupleRow

from tests.infra.event_store.appending import NAME, STATE
from tests.infra.event_store.proof.logs import PAGE, READERS, WRITERS, Connections, quiet
from tests.infra.event_store.proof.lost_events import Log, Reader, Seen, Writer


class LibraryWriter:
    """The library's function mode in a transaction that stays open until it is told."""

    def __init__(self, recorder: PostgresApplicationRecorder, connection: Connection[DictRow]) -> None:
        self._recorder, self._connection = recorder, connection

    async def append(self, stream: UUID, versions: range) -> None:
        events = [self._recorder.construct_pg_stored_event(stream, version, NAME, STATE) for version in versions]
        await asyncio.to_thread(self._connection.execute, "BEGIN")
        invoke = self._recorder.sql_invoke_pg_function_insert_events
        await asyncio.to_thread(self._connection.execute, invoke, (events,), prepare=True)

    async def commit(self) -> None:
        await asyncio.to_thread(self._connection.execute, "COMMIT")

    async def rollback(self) -> None:
        await asyncio.to_thread(self._connection.execute, "ROLLBACK")


class LibraryReader:
    """Follows by the library's own `select_notifications`, as its applications do."""

    def __init__(self, recorder: PostgresApplicationRecorder) -> None:
        self._recorder = recorder

    async def look(self, after: int) -> tuple[Sequence[Seen], int]:
        found = await asyncio.to_thread(self._recorder.select_notifications, after, PAGE, inclusive_of_start=False)
        seen = [_seen(note.id, note.originator_id, note.originator_version) for note in found]
        return seen, seen[-1].position if seen else after


@dataclass
class LibraryLog:
    """The library's table."""

    writers: Sequence[Writer]
    readers: Sequence[Reader]
    recorder: PostgresApplicationRecorder
    observer: AsyncConnection[TupleRow]

    async def recorded(self) -> list[Seen]:
        found = await asyncio.to_thread(self.recorder.select_notifications, 1, 1_000_000)
        return [_seen(note.id, note.originator_id, note.originator_version) for note in found]

    async def end(self) -> int:
        """The last one recorded: the library promises nothing of what was rolled back."""
        await quiet(self.observer)
        return await asyncio.to_thread(self.recorder.max_notification_id) or 0


@asynccontextmanager
async def library_functions(conninfo: str) -> AsyncIterator[Log]:
    """The library with POSTGRES_ENABLE_DB_FUNCTIONS=y."""
    told = conninfo_to_dict(conninfo)
    settings = {
        "POSTGRES_DBNAME": told["dbname"],
        "POSTGRES_HOST": told["host"],
        "POSTGRES_PORT": told.get("port", ""),
        "POSTGRES_USER": told["user"],
        "POSTGRES_PASSWORD": told.get("password", ""),
        "POSTGRES_SCHEMA": str(told["options"]).rpartition("search_path=")[2],
        "POSTGRES_POOL_SIZE": str(WRITERS + READERS + 2),
        "POSTGRES_ENABLE_DB_FUNCTIONS": "y",
    }
    async with AsyncExitStack() as stack:
        factory = PostgresFactory(Environment("proof", {name: str(value) for name, value in settings.items()}))
        stack.callback(factory.close)
        recorder = await asyncio.to_thread(factory.application_recorder)
        assert isinstance(recorder, PostgresApplicationRecorder)
        connections = [stack.enter_context(recorder.datastore.get_connection()) for _ in range(WRITERS)]
        observer = await Connections(stack, conninfo).one(autocommit=True)
        writers = [LibraryWriter(recorder, connection) for connection in connections]
        yield LibraryLog(writers, [LibraryReader(recorder) for _ in range(READERS)], recorder, observer)


def _seen(position: int, stream: UUID | str, version: int) -> Seen:
    assert isinstance(stream, UUID)
    return Seen(position, stream, version)
