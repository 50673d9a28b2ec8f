"""Appends in a transaction that the test holds in its own hands."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from infra.event_store.group_commit import APPEND
from tests.contracts.event_store import NOON

NAME, STATE = "test.parcel.moved.v1", b'{"place": "x"}'


async def append(connection: AsyncConnection[TupleRow], stream: UUID, versions: range) -> int:
    """Append within the connection's transaction, with the store's own statement; answers the last position."""
    command, count = uuid4(), len(versions)
    events: list[list[Any]] = [[stream] * count, [*versions], [NAME] * count, [STATE] * count, [command] * count]
    row = [[x] for x in (command, "move", None, "system", None, "default", "", None, NOON, None, None, None)]
    cursor = await connection.execute(APPEND, [*events, *row], prepare=True, binary=True)
    ((_, position),) = await cursor.fetchall()
    return int(position)
