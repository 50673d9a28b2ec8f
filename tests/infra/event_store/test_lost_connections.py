"""Connections are lost, killed and silent while saves are under way: each save ends exactly once, and truly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import psycopg
import pytest

from commands.ports import Key, Unavailable
from infra.event_store import PostgresEventStore
from tests.contracts.event_store import caused, everything, moved, places
from tests.contracts.parcel import Parcel
from tests.infra.event_store.conftest import OpenPostgres
from tests.infra.event_store.wire import Wire, wire_to

KILL = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name LIKE 'innkeep writer%' AND datname = current_database() AND pid <> pg_backend_pid()"""


@pytest.fixture
async def wire(log: str) -> AsyncIterator[Wire]:
    async with wire_to(log) as whole:
        yield whole


async def warmed_up(store: PostgresEventStore) -> PostgresEventStore:
    """The store with its connections open and its statements prepared."""
    await moved(store, uuid4(), "anywhere")
    return store


async def test_a_save_whose_answer_is_lost_is_recognised_as_recorded(open_store: OpenPostgres, wire: Wire) -> None:
    store, other = await open_store(conninfo=wire.conninfo, writers=1), await open_store()
    await store.load(Parcel, uuid4())
    stream, cause = uuid4(), caused(key=Key("k", b"f"))
    wire.lose_answer_to(cause.id.bytes)
    position = await moved(store, stream, "Oslo", "Rome", cause=cause)
    assert wire.lost == 1
    assert [(e.position, e.version) for e in await other.history([stream])] == [(position - 1, 1), (position, 2)]


async def test_of_saves_that_shared_a_lost_answer_each_is_told_its_own_end(
    open_store: OpenPostgres, wire: Wire
) -> None:
    store, other = await open_store(conninfo=wire.conninfo, writers=1), await open_store()
    await warmed_up(store)
    streams, causes = [uuid4() for _ in range(10)], [caused() for _ in range(10)]
    wire.lose_answer_to(causes[0].id.bytes)
    saves = [moved(store, stream, "Oslo", cause=cause) for stream, cause in zip(streams, causes, strict=True)]
    positions = await asyncio.gather(*saves)
    assert wire.lost == 1
    recorded = {event.stream: event.position for event in await other.history(streams)}
    assert recorded == dict(zip(streams, positions, strict=True))


async def test_the_second_save_of_a_command_is_not_taken_for_its_first(open_store: OpenPostgres, wire: Wire) -> None:
    store = await warmed_up(await open_store(conninfo=wire.conninfo, writers=1))
    cause = caused(key=Key("twice", b"f"))
    parcel = await store.load(Parcel, uuid4())
    parcel.move("Oslo")
    first = await store.save([parcel], cause)
    parcel.move("Rome")
    wire.hang_up()
    second = await store.save([parcel], cause)
    assert second > first
    parcel.move("Bonn")
    wire.lose_answer_to(cause.id.bytes)
    third = await store.save([parcel], cause)
    assert wire.lost == 1
    assert [event.position for event in await store.history([parcel.id])] == [first, second, third]


async def test_backends_killed_in_mid_append_lose_nothing_and_fail_nobody(open_store: OpenPostgres, log: str) -> None:
    store = await warmed_up(await open_store())
    told: dict[UUID, int] = {}
    done = asyncio.Event()

    async def client() -> None:
        for _ in range(60):
            cause = caused()
            told[cause.id] = await moved(store, uuid4(), "Oslo", "Rome", cause=cause)

    async def killer() -> int:
        kills = 0
        async with await psycopg.AsyncConnection.connect(log, autocommit=True) as connection:
            while not done.is_set():
                kills += (await connection.execute(KILL)).rowcount
                await moved(store, uuid4(), "a kill apart")
        return kills

    killing = asyncio.create_task(killer())
    await asyncio.gather(*(client() for _ in range(16)))
    done.set()
    assert await killing > 0
    async with await psycopg.AsyncConnection.connect(log) as connection:
        cursor = await connection.execute("SELECT command, max(position), count(*) FROM event GROUP BY command")
        recorded = {command: (position, count) for command, position, count in await cursor.fetchall()}
    assert {command: recorded[command] for command in told} == {c: (position, 2) for c, position in told.items()}


async def test_without_a_database_everything_is_unavailable_and_works_again_when_it_is_back(
    open_store: OpenPostgres, wire: Wire
) -> None:
    store = await warmed_up(await open_store(conninfo=wire.conninfo, patience=0.2))
    stream = uuid4()
    await moved(store, stream, "Oslo")
    session = uuid4()
    await wire.cut()
    parcel = await store.load(Parcel, stream)
    parcel.move("Rome")
    ends = await asyncio.gather(
        store.save([parcel], caused()),
        store.load(Parcel, uuid4()),
        store.read(0, 10),
        store.history([stream]),
        store.kept("k"),
        store.last_position(session),
        store.head(),
        store.wait_for_events(100, 20),
        return_exceptions=True,
    )
    assert [type(end) for end in ends] == [Unavailable] * len(ends)
    await wire.mend()
    position = await moved(store, stream, "Bonn")
    assert places(await everything(store, until=position))[-2:] == ["Oslo", "Bonn"], "what was refused is not recorded"


async def test_a_silent_database_is_unavailable_too(open_store: OpenPostgres, wire: Wire) -> None:
    store = await warmed_up(await open_store(conninfo=wire.conninfo, patience=0.2, stall=0.2))
    await store.kept("k")
    wire.hold()
    for silent in (moved(store, uuid4(), "Oslo"), store.kept("k"), store.read(0, 1)):
        with pytest.raises(Unavailable):
            await silent
    wire.flow()
    await moved(store, uuid4(), "Rome")
