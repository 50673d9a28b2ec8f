"""What a reader takes for drawn was drawn, and stays drawn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

import psycopg
import pytest
from psycopg import AsyncConnection

from infra.event_store import Codec, PostgresEventStore
from infra.event_store.feed import DRAWN
from infra.postgres.migrate import migrate
from tests.contracts.event_store import moved
from tests.contracts.parcel import Parcel
from tests.infra.event_store.appending import append
from tests.infra.event_store.proof.cluster import Cluster, cluster
from tests.infra.event_store.proof.logs import FencedReader, StoreReader
from tests.infra.event_store.proof.lost_events import Reader

LOOKS = 50_000
"""Of one call of the functions below."""
CALLS = 100
"""Until the fault must have been seen, which shows once in 30 000 looks or so."""
TAIL = 200
"""Positions; more than `nextval` writes ahead."""

AHEAD = """CREATE FUNCTION {name}(looks int, OUT ahead int) LANGUAGE plpgsql AS $$
DECLARE told bigint; drawn bigint;
BEGIN
  ahead := 0;
  FOR i IN 1..looks LOOP
    {look};
    drawn := pg_sequence_last_value('log_position');
    IF told > drawn THEN ahead := ahead + 1; END IF;
  END LOOP;
END $$"""


@pytest.fixture
async def drawing(log: str) -> AsyncIterator[AsyncConnection]:
    """A connection that looks on while another draws positions, one after the other."""
    done = asyncio.Event()

    async def draw() -> None:
        async with await AsyncConnection.connect(log, autocommit=True) as connection:
            while not done.is_set():
                await connection.execute("SELECT nextval('log_position') FROM generate_series(1, 10000) OFFSET 10000")

    async with await AsyncConnection.connect(log, autocommit=True) as connection:
        drawer = asyncio.create_task(draw())
        yield connection
        done.set()
        await drawer


async def ahead(connection: AsyncConnection, name: str) -> int:
    row = await (await connection.execute(f"SELECT {name}({LOOKS})")).fetchone()
    assert row is not None
    return int(row[0])


async def test_no_position_is_taken_for_drawn_before_it_is(drawing: AsyncConnection) -> None:
    """`nextval` writes a record for 32 positions to come; who looks at that moment sees the last of them."""
    fence = "told := (fence(9223372036854775807)).drawn"
    await drawing.execute(AHEAD.format(name="fenced", look=fence))
    await drawing.execute(AHEAD.format(name="asked", look=f"told := ({DRAWN})"))
    for _ in range(3):
        assert await ahead(drawing, "fenced") == 0
        assert await ahead(drawing, "asked") == 0


async def test_a_plain_look_at_the_sequence_is_seen_to_run_ahead(drawing: AsyncConnection) -> None:
    await drawing.execute(AHEAD.format(name="plain", look="told := (SELECT last_value FROM log_position)"))
    for _ in range(CALLS):
        if await ahead(drawing, "plain"):
            return
    raise AssertionError(f"not once in {CALLS * LOOKS} looks")


@asynccontextmanager
async def of_the_product(conninfo: str) -> AsyncIterator[Reader]:
    async with PostgresEventStore(conninfo, Codec([Parcel])) as store:
        yield StoreReader(store)


@asynccontextmanager
async def without_a_nail(conninfo: str) -> AsyncIterator[Reader]:
    """Takes a tail that was rolled back for passed, as soon as it is settled."""
    async with await AsyncConnection.connect(conninfo, autocommit=True) as connection:
        yield FencedReader(connection)


Opened = Callable[[str], AbstractAsyncContextManager[Reader]]


async def followed_past_a_crash(crashing: Cluster, reader: Opened) -> tuple[int, set[int], set[int]]:
    """A reader passes a tail that was rolled back; the server is killed; another reader goes on from there.

    Answers that position, and the positions of what is recorded then and of what both were given.
    """
    conninfo = crashing.conninfo
    await migrate(conninfo)
    crashing.process("walwriter").suspend()  # it would put everything on disk a moment later
    given: set[int] = set()
    async with reader(conninfo) as one:
        async with await AsyncConnection.connect(conninfo) as connection:
            await append(connection, uuid4(), range(1, 2))
            await connection.commit()
            await append(connection, uuid4(), range(1, TAIL))
            await connection.rollback()
        position = 0
        while position < TAIL:
            rows, position = await one.look(position)
            given |= {row.position for row in rows}
        passed = position
        crashing.kill()
    crashing.start()
    async with PostgresEventStore(conninfo, Codec([Parcel])) as store:
        end = await moved(store, uuid4(), "Oslo", "Rome")
    async with reader(conninfo) as other:
        for _ in range(10):
            rows, position = await other.look(position)
            given |= {row.position for row in rows}
    with psycopg.connect(conninfo) as connection:
        recorded = {row[0] for row in connection.execute("SELECT position FROM event")}
    assert end in recorded
    return passed, recorded, given


async def test_a_tail_that_was_rolled_back_is_passed_for_good() -> None:
    """What a reader has passed does not come again, though a crash takes all that was not yet on disk."""
    with cluster() as crashing:
        passed, recorded, given = await followed_past_a_crash(crashing, of_the_product)
    assert passed >= TAIL
    assert given == recorded
    assert all(position == 1 or position > passed for position in recorded)


async def test_a_reader_that_passes_a_tail_without_more_is_seen_to_lose_what_takes_its_place() -> None:
    with cluster() as crashing:
        passed, recorded, given = await followed_past_a_crash(crashing, without_a_nail)
    assert passed >= TAIL
    assert given == {1}
    assert any(1 < position <= passed for position in recorded)


async def test_after_a_crash_followers_go_on_at_once() -> None:
    """The transaction id that a fence was made of was not yet given to anybody, as the server then knows it."""
    with cluster() as crashing:
        conninfo = crashing.conninfo
        await migrate(conninfo)
        async with PostgresEventStore(conninfo, Codec([Parcel])) as store:
            position = await moved(store, uuid4(), "Oslo")
            crashing.process("walwriter").suspend()
            connection = await AsyncConnection.connect(conninfo)
            await append(connection, uuid4(), range(1, 2))
            with psycopg.connect(conninfo, autocommit=True) as other:
                for _ in range(100):
                    other.execute("SELECT pg_current_xact_id()")
            assert await store.read(0, 10) == ([], 0), "somebody is under way"
            await crashing.crash()
            await connection.close()
            page = await store.read(0, 10)
    assert [event.position for event in page.events] == [position]
