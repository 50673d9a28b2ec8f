"""Followers of the log lose nothing, whatever order appends become visible in."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncConnection

from infra.event_store import PostgresEventStore
from tests.contracts.event_store import NOON, moved
from tests.infra.event_store.conftest import OpenPostgres

APPEND = """SELECT reached FROM append_events(%s::uuid[], %s::int[], %s::text[], %s::bytea[], %s::uuid[],
  %s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::text[],
  %s::bytea[], %s::timestamptz[], %s::text[], %s::bytea[], %s::bytea[])"""
NAIVE = "SELECT position FROM event WHERE position > %s ORDER BY position"


async def append(connection: AsyncConnection, stream: UUID, versions: range) -> int:
    """Append within the connection's transaction, as the store would."""
    command, count = uuid4(), len(versions)
    events = [[stream] * count, [*versions], ["test.parcel.moved.v1"] * count, [b'{"place": "x"}'] * count]
    row = [[x] for x in (command, "move", None, "system", None, "default", "", None, NOON, None, None, None)]
    cursor = await connection.execute(APPEND, [*events, [command] * count, *row])
    (position,) = await cursor.fetchone() or (0,)
    return int(position)


async def test_what_becomes_visible_behind_a_newer_event_is_not_lost(open_store: OpenPostgres, log: str) -> None:
    """A reader that took all it can see would have passed the slow one by."""
    store = await open_store()
    async with await AsyncConnection.connect(log) as slow, await AsyncConnection.connect(log) as fast:
        assert await append(slow, uuid4(), range(1, 2)) == 1
        assert await append(fast, uuid4(), range(1, 2)) == 2
        await fast.commit()
        assert await (await fast.execute(NAIVE, [0])).fetchall() == [(2,)], "the naive reader goes on from 2"
        await fast.commit()
        assert await store.read(0, 10) == ([], 0)
        assert await store.head() == 0
        assert await store.end() == 2
        assert not await store.wait_for_events(0, 0.01)
        await slow.commit()
        assert [event.position for event in (await store.read(0, 10)).events] == [1, 2]


async def test_a_fresh_log_has_not_been_read_up_to_1(open_store: OpenPostgres) -> None:
    """A sequence that was never used says 1; a follower that believed it would miss the first event."""
    store = await open_store()
    assert await store.read(0, 10) == ([], 0)
    await moved(store, uuid4(), "Oslo")
    assert [event.position for event in (await store.read(0, 10)).events] == [1]


async def test_a_tail_that_was_rolled_back_holds_nobody_up(open_store: OpenPostgres, log: str) -> None:
    store = await open_store()
    await moved(store, uuid4(), "Oslo")
    async with await AsyncConnection.connect(log) as connection:
        await append(connection, uuid4(), range(1, 4))
        await connection.rollback()
    assert ([event.position for event in (await store.read(0, 10)).events], (await store.read(0, 10)).position) == (
        [1],
        4,
    )
    assert await store.read(1, 10) == ([], 4)
    assert await store.head() == 4
    assert await moved(store, uuid4(), "Rome") == 5
    assert [event.position for event in (await store.read(4, 10)).events] == [5]


async def test_a_full_page_goes_on_from_its_last_event(open_store: OpenPostgres) -> None:
    store = await open_store()
    await moved(store, uuid4(), "Oslo", "Rome", "Bonn")
    page = await store.read(0, 2)
    assert ([event.position for event in page.events], page.position) == ([1, 2], 2)


async def test_an_idle_reader_spends_no_transaction_ids(open_store: OpenPostgres, log: str) -> None:
    store = await open_store()
    position = await moved(store, uuid4(), "Oslo")
    await store.read(0, 10)
    async with await AsyncConnection.connect(log, autocommit=True) as connection:
        asked = "SELECT pg_current_xact_id()::text::bigint"
        (before,) = await (await connection.execute(asked)).fetchone() or (0,)
        for _ in range(20):
            await store.read(position, 10)
        (now,) = await (await connection.execute(asked)).fetchone() or (0,)
    assert now - before < 20


async def test_followers_get_every_event_once_and_each_stream_in_order(open_store: OpenPostgres, log: str) -> None:
    """Writers at once, slow ones and rolled back ones among them; followers of two processes, two of them of one."""
    seed = random.randrange(2**32)
    writing = asyncio.Event()
    stores = [await open_store(), await open_store()]
    recorded = await _followed(stores, [stores[0], stores[0], stores[1]], log, writing, random.Random(seed))
    assert len(recorded) > 2000, f"seed {seed}"


async def _followed(
    stores: list[PostgresEventStore],
    followed: list[PostgresEventStore],
    log: str,
    written: asyncio.Event,
    chance: random.Random,
) -> list[tuple[UUID, int]]:
    async def raw_writer(slow: bool) -> None:
        stream, version = uuid4(), 1
        async with await AsyncConnection.connect(log) as connection:
            for _ in range(20 if slow else 120):
                count = chance.randint(1, 5)
                await append(connection, stream, range(version, version + count))
                if slow:
                    await connection.execute("SELECT pg_sleep(%s)", [chance.uniform(0, 0.05)])
                if chance.random() < 0.2:
                    await connection.rollback()
                else:
                    await connection.commit()
                    version += count

    async def writer(store: PostgresEventStore) -> None:
        stream = uuid4()
        for n in range(60):
            await moved(store, stream, *(f"{n} {part}" for part in range(chance.randint(1, 3))))

    async def follower(store: PostgresEventStore) -> list[tuple[UUID, int]]:
        seen: list[tuple[UUID, int]] = []
        after = 0
        while not (written.is_set() and after >= await store.end()):
            page = await store.read(after, 50)
            seen += [(event.stream, event.version) for event in page.events]
            after = page.position
            if not page.events:
                await store.wait_for_events(after, 0.01)
        return seen

    followers = [asyncio.create_task(follower(store)) for store in followed]
    await asyncio.gather(*(raw_writer(n < 2) for n in range(8)), *(writer(stores[n % 2]) for n in range(8)))
    written.set()
    async with await psycopg.AsyncConnection.connect(log) as connection:
        cursor = await connection.execute("SELECT stream, version FROM event ORDER BY position")
        recorded = [(stream, version) for stream, version in await cursor.fetchall()]
    for seen in await asyncio.gather(*followers):
        assert seen == recorded
    for stream in {stream for stream, _ in recorded}:
        versions = [version for other, version in recorded if other == stream]
        assert versions == list(range(1, len(versions) + 1))
    return recorded
