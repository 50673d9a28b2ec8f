"""How many transactions many saves take is what the log itself says: the rows of one have one transaction's id."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import psycopg

from tests.contracts.event_store import moved
from tests.infra.event_store.conftest import OpenPostgres


async def transactions(log: str) -> int:
    async with await psycopg.AsyncConnection.connect(log) as connection:
        cursor = await connection.execute("SELECT count(DISTINCT xmin::text) FROM event")
        ((number,),) = await cursor.fetchall()
        return int(number)


async def test_as_many_saves_share_a_transaction_as_wait_and_one_that_is_alone_has_its_own(
    open_store: OpenPostgres, log: str
) -> None:
    store = await open_store()
    for _ in range(5):
        await moved(store, uuid4(), "Oslo")
    assert await transactions(log) == 5, "nobody is kept waiting for company"
    await asyncio.gather(*(moved(store, uuid4(), "Oslo") for _ in range(32)))
    assert await transactions(log) - 5 <= 8
