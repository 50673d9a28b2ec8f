"""Followers of the log lose nothing, whatever order appends become visible in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

from psycopg import AsyncConnection

from tests.contracts.event_store import moved
from tests.infra.event_store.appending import append
from tests.infra.event_store.conftest import OpenPostgres

NAIVE = "SELECT position FROM event WHERE position > %s ORDER BY position"


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
    page = await store.read(0, 10)
    assert ([event.position for event in page.events], page.position) == ([1], 1)
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


async def test_a_page_ends_where_its_events_say_much(open_store: OpenPostgres) -> None:
    """A thousand of the longest would take longer than the database may, and whoever follows the log stand for ever."""
    store = await open_store()
    for length in (10, 10, 10, 10, 10, 40, 0):
        await moved(store, uuid4(), "x" * 1_000_000 * length)

    async def followed(read: Callable[[int], Awaitable[tuple[Sequence[Any], int]]]) -> list[tuple[int, int]]:
        pages, after = [], 0
        while after < 7:
            rows, after = await read(after)
            pages.append((len(rows), after))
        return pages

    assert await followed(lambda after: store.read(after, 100)) == [(4, 4), (2, 6), (1, 7)]
    assert await followed(lambda after: store.rows(after, 100)) == [(4, 4), (2, 6), (1, 7)]
    assert await followed(lambda after: store.stretch(after, 100)) == [(4, 4), (2, 6), (1, 7)]
