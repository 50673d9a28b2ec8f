"""Processes tell each other that the log has grown; who is told nothing looks all the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import psycopg
import pytest

from infra.event_store.notifier import Notifier
from infra.postgres.migrate import migrate
from tests.conftest import fresh_schema
from tests.contracts.event_store import moved
from tests.infra.event_store.conftest import OpenPostgres

LISTENERS = "FROM pg_stat_activity WHERE application_name = 'innkeep listener' AND datname = current_database()"


class Ear:
    """Counts what is heard."""

    def __init__(self) -> None:
        self.heard = 0
        self._more = asyncio.Event()

    def __call__(self) -> None:
        self.heard += 1
        self._more.set()

    async def hears(self, times: int) -> None:
        """Return once it has heard so often. Raises TimeoutError."""
        async with asyncio.timeout(20):
            while self.heard < times:
                self._more.clear()
                await self._more.wait()


Opened = Callable[[str, Ear], Awaitable[Notifier]]


@pytest.fixture
async def notifier() -> AsyncIterator[Opened]:
    """Opens notifiers that listen already."""
    async with AsyncExitStack() as stack:

        async def opened(conninfo: str, ear: Ear) -> Notifier:
            one = Notifier(conninfo, ear)
            stack.push_async_callback(one.close)
            one.listen()
            await ear.hears(1)  # whatever was said before it listened
            return one

        yield opened


async def test_others_hear_it_and_oneself_does_not(log: str, notifier: Opened) -> None:
    mine, others = Ear(), [Ear(), Ear()]
    one = await notifier(log, mine)
    for ear in others:
        await notifier(log, ear)
    one.tell()
    for ear in others:
        await ear.hears(2)
    last = Ear()
    (await notifier(log, last)).tell()
    await mine.hears(2)
    assert mine.heard == 2, "of its own word it heard nothing"


async def test_what_is_appended_meanwhile_shares_a_word(log: str, notifier: Opened) -> None:
    ear, end = Ear(), Ear()
    one = await notifier(log, Ear())
    await notifier(log, ear)
    await notifier(log, end)
    for _ in range(1000):
        one.tell()
    await ear.hears(2)
    for _ in range(1000):
        one.tell()
    await ear.hears(3)
    await one.close()
    assert (ear.heard, end.heard) == (3, 3)


async def test_each_log_has_its_own_word(postgres: str, log: str, notifier: Opened) -> None:
    with fresh_schema(postgres) as elsewhere:
        await migrate(elsewhere)
        here, there = Ear(), Ear()
        await notifier(log, here)
        await notifier(elsewhere, there)
        speaker = await notifier(elsewhere, Ear())
        speaker.tell()
        await there.hears(2)
        (await notifier(log, Ear())).tell()
        await here.hears(2)
        assert (here.heard, there.heard) == (2, 2)
        await speaker.close()


async def test_who_is_cut_off_listens_again(log: str, notifier: Opened) -> None:
    ear = Ear()
    one = await notifier(log, ear)
    async with await psycopg.AsyncConnection.connect(log, autocommit=True) as connection:
        await connection.execute(f"SELECT pg_terminate_backend(pid) {LISTENERS}")
    await ear.hears(2)
    other = Ear()
    (await notifier(log, other)).tell()
    await ear.hears(3)
    one.tell()
    await other.hears(2)


async def test_without_a_word_followers_find_it_all_the_same(open_store: OpenPostgres, log: str) -> None:
    one, other = await open_store(), await open_store()
    assert not await one.wait_for_events(0, 0.01)
    async with await psycopg.AsyncConnection.connect(log, autocommit=True) as connection:
        waiting = asyncio.create_task(one.wait_for_events(0, 20))
        while (await connection.execute(f"SELECT pg_terminate_backend(pid) {LISTENERS}")).rowcount == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    await moved(other, uuid4(), "Oslo")
    assert await waiting


async def test_what_is_closed_neither_speaks_nor_listens(log: str) -> None:
    before, ear = asyncio.all_tasks(), Ear()
    one = Notifier(log, ear)
    await one.close()
    one.listen()
    one.tell()
    assert asyncio.all_tasks() == before
    assert ear.heard == 0


async def test_a_database_that_is_away_troubles_nobody() -> None:
    before = asyncio.all_tasks()
    one = Notifier("postgresql:///nothing?host=/nowhere", Ear())
    one.listen()
    one.tell()
    await asyncio.sleep(0)
    await one.close()
    assert asyncio.all_tasks() == before


async def test_a_store_tells_others_of_what_it_appends(open_store: OpenPostgres, log: str, notifier: Opened) -> None:
    ear = Ear()
    await notifier(log, ear)
    await moved(await open_store(), uuid4(), "Oslo")
    await ear.hears(2)
