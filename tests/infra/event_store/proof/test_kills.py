"""`kill -9` in mid-append: all that was acknowledged is there, nothing is half there, followers miss nothing."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import AsyncConnection

from commands.ports import Unavailable
from infra.event_store import Codec, PostgresEventStore
from infra.postgres.migrate import migrate
from tests.contracts.parcel import Parcel
from tests.infra.event_store.appending import append
from tests.infra.event_store.proof import writing
from tests.infra.event_store.proof.cluster import Cluster, cluster
from tests.infra.event_store.proof.diary import Diary, Event, faults, recorded, save

KILLS = 50
CLIENTS = 12
MORE = 40
"""Saves that must have been acknowledged from one kill to the next."""
TAIL = 100


class Follower:
    """Follows the log to the end, whatever happens meanwhile."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._store = store
        self._position = 0
        self.seen: list[Event] = []

    async def follow(self) -> None:
        while True:
            try:
                await self.look()
                await self._store.wait_for_events(self._position, 1)
            except Unavailable:
                await asyncio.sleep(0.01)

    async def look(self) -> bool:
        page = await self._store.read(self._position, 500)
        self.seen += [Event(event.position, event.stream, event.version, event.command) for event in page.events]
        moved = page.position > self._position
        self._position = page.position
        return moved

    async def to_the_end(self) -> list[Event]:
        end = await self._store.end()
        async with asyncio.timeout(30):
            while self._position < end:
                if not await self.look():
                    await asyncio.sleep(0.005)
        return self.seen


@asynccontextmanager
async def following(conninfo: str) -> AsyncIterator[list[Follower]]:
    """Two followers, each in a store of its own; they are left with what they saw by the end of the block."""
    async with (
        PostgresEventStore(conninfo, Codec([Parcel])) as one,
        PostgresEventStore(conninfo, Codec([Parcel])) as other,
    ):
        followers = [Follower(one), Follower(other)]
        tasks = [asyncio.create_task(follower.follow()) for follower in followers]
        try:
            yield followers
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends
        for follower in followers:
            await follower.to_the_end()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - of what another process writes
            await asyncio.sleep(0.002)


def hold(diary: Diary, conninfo: str, followers: list[Follower]) -> None:
    """Everything against everything."""
    events, journal = recorded(conninfo)
    assert list(faults(diary, events, journal)) == []
    for follower in followers:
        assert follower.seen == events


@pytest.mark.timeout(300)
async def test_a_writer_killed_in_mid_append_leaves_all_it_was_told_and_nothing_half(log: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([writing.__name__])
    diary = Diary()
    async with following(log) as followers:
        for number in range(KILLS):
            notes = tmp_path / f"notes {number}"
            notes.touch()
            process = context.Process(target=writing.write, args=(log, str(notes)), daemon=True)
            process.start()
            await until(lambda notes=notes: notes.read_bytes().count(b"told") >= MORE)  # type: ignore[misc]
            await asyncio.sleep(random.uniform(0, 0.02))
            process.kill()
            await asyncio.to_thread(process.join)
            told = writing.read(str(notes))
            diary.asked |= told.asked
            diary.told |= told.told
    hold(diary, log, followers)
    assert len(diary.told) >= KILLS * MORE
    assert len(diary.open) >= KILLS, "each was in the middle of something"


@pytest.mark.timeout(300)
async def test_postgresql_killed_in_mid_append_keeps_all_it_acknowledged_and_nothing_half() -> None:
    """Stores, clients and followers live on, and go on as soon as there is a server again."""
    diary = Diary()
    with cluster() as crashing:
        await migrate(crashing.conninfo)
        async with (
            following(crashing.conninfo) as followers,
            PostgresEventStore(crashing.conninfo, Codec([Parcel])) as store,
        ):
            writers = [asyncio.create_task(_insist(store, diary, number)) for number in range(CLIENTS)]
            writers.append(asyncio.create_task(_roll_back(crashing.conninfo)))
            for _ in range(KILLS):
                told = len(diary.told)
                await until(lambda told=told: len(diary.told) >= told + MORE)  # type: ignore[misc]
                await asyncio.sleep(random.uniform(0, 0.02))
                await crashing.crash()
            for writer in writers:
                writer.cancel()
            ends = await asyncio.gather(*writers, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends
        hold(diary, crashing.conninfo, followers)
    assert len(diary.told) >= KILLS * MORE


async def _insist(store: PostgresEventStore, diary: Diary, first: int) -> None:
    for number in count(first):
        try:
            await save(store, diary, number)
        except Unavailable:
            await asyncio.sleep(0.01)


async def _roll_back(conninfo: str) -> None:
    """Long tails of positions that nothing stands at."""
    while True:
        with suppress(psycopg.Error):
            connection = await AsyncConnection.connect(conninfo)
            try:
                while True:
                    await append(connection, uuid4(), range(1, TAIL))
                    await connection.rollback()
                    await asyncio.sleep(0.02)
            finally:
                await connection.close()
        await asyncio.sleep(0.02)


async def test_an_acknowledgement_before_the_disk_has_it_is_seen_to_be_lost() -> None:
    with cluster() as crashing:
        await migrate(crashing.conninfo)
        crashing.process("walwriter").suspend()
        diary = await _hasty(crashing)
        crashing.kill()
        crashing.start()
        told = list(faults(diary, *recorded(crashing.conninfo)))
    assert len(told) == 1
    assert "was acknowledged" in told[0]


async def _hasty(crashing: Cluster) -> Diary:
    command, diary = uuid4(), Diary()
    connection = await AsyncConnection.connect(crashing.conninfo)
    await connection.execute("SET synchronous_commit = off")
    diary.asked[command] = 1
    diary.told[command] = await append(connection, uuid4(), range(1, 2))
    await connection.commit()
    await connection.close()
    return diary


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("DELETE FROM event WHERE version = 1", "has 1 of 2 events"),
        ("DELETE FROM command", "a row up to None"),
        ("UPDATE command SET position = 1", "a row up to 1"),
        ("DELETE FROM event", "was acknowledged"),
        ("UPDATE event SET command = gen_random_uuid()", "was never asked for"),
    ],
)
async def test_the_diary_knows_each_fault(log: str, tampering: str, fault: str) -> None:
    diary = Diary()
    async with PostgresEventStore(log, Codec([Parcel])) as store:
        await save(store, diary, 4)  # two events of one stream
    assert list(faults(diary, *recorded(log))) == []
    with psycopg.connect(log) as connection:
        connection.execute(tampering.encode())
    assert any(fault in told for told in faults(diary, *recorded(log)))
