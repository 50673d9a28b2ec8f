"""Where commits wait for a copy on another server: nothing is acknowledged that is not there yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from commands.ports import Conflict, Key, Unavailable
from infra.event_store import Codec, PostgresEventStore
from infra.event_store.group_commit import NO_COPY
from infra.postgres.migrate import migrate
from tests.contracts.event_store import caused, everything, moved
from tests.contracts.parcel import Parcel
from tests.infra.event_store.proof.cluster import Cluster, cluster
from tests.infra.event_store.proof.standby import Standby, followed_by

WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@pytest.fixture
def primary() -> Iterator[Cluster]:
    with cluster() as primary:
        yield primary


@pytest.fixture
def standby(primary: Cluster) -> Iterator[Standby]:
    with followed_by(primary) as standby:
        yield standby


async def until_one_waits(primary: Cluster, saving: asyncio.Task[int]) -> None:
    """Return once a commit waits for its copy; whoever saves must not have been told anything by then."""
    while await waiting(primary) == 0:
        assert not saving.done() or saving.exception() is not None, saving
        await asyncio.sleep(0.01)


async def waiting(primary: Cluster) -> int:
    """How many commits wait for their copy."""
    async with await psycopg.AsyncConnection.connect(primary.conninfo) as watcher:
        ((count,),) = await (await watcher.execute(WAITS)).fetchall()
    return int(count)


async def test_an_append_that_a_crash_left_without_its_copy_is_not_acknowledged(
    primary: Cluster, standby: Standby
) -> None:
    """It stands in the log of the server that came back, and would be gone with it."""
    await migrate(primary.conninfo)
    async with PostgresEventStore(primary.conninfo, Codec([Parcel]), writers=1, patience=4.0, stall=2.0) as store:
        await moved(store, uuid4(), "Rome")  # so that all is made that a first save makes
        parcel = await store.load(Parcel, uuid4())
        parcel.move("Oslo")
        await asyncio.to_thread(standby.stop)
        cause = caused(key=Key("k", b"f"), answer=b"told")
        saving = asyncio.create_task(store.save([parcel], cause))
        await until_one_waits(primary, saving)
        await primary.crash()
        await until_one_waits(primary, saving)
        assert [event.fact for event in await store.history([parcel.id])] != [], "it stands there"
        with pytest.raises(Unavailable):
            await store.kept("k")
        await asyncio.to_thread(standby.start)
        await asyncio.gather(saving, return_exceptions=True)
        acknowledged = saving.exception() is None
        await asyncio.to_thread(standby.wait_until_it_follows)
        await asyncio.to_thread(primary.kill)
        await asyncio.to_thread(standby.promote)
    async with PostgresEventStore(standby.conninfo, Codec([Parcel])) as other:
        there = await other.history([parcel.id])
        assert len(there) == 1 or not acknowledged
        kept = await other.kept("k")
        assert kept is None or kept.answer == b"told"


async def test_while_no_standby_follows_nobody_else_is_kept_waiting_for_one(primary: Cluster, standby: Standby) -> None:
    """Each commit that waits keeps a connection at the server: after the first, appends are refused at once."""
    await migrate(primary.conninfo)
    async with PostgresEventStore(primary.conninfo, Codec([Parcel]), patience=1.0, stall=1.0) as store:
        await moved(store, uuid4(), "Rome")
        await asyncio.to_thread(standby.stop)
        with pytest.raises(Unavailable):
            await moved(store, uuid4(), "Oslo")
        async with asyncio.timeout(60):
            while store.trouble != NO_COPY:  # noqa: ASYNC110 - it is found out by a trial
                await asyncio.sleep(0.01)
        kept = await waiting(primary)
        assert kept > 0
        for _ in range(20):
            with pytest.raises(Unavailable, match=NO_COPY):
                await moved(store, uuid4(), "Bonn")
        assert await waiting(primary) == kept
        await asyncio.to_thread(standby.start)
        async with asyncio.timeout(60):
            while store.trouble is not None:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
        assert await moved(store, uuid4(), "Bonn") > 0


async def test_after_a_failover_to_a_copy_that_lacked_the_end_the_log_is_whole(
    primary: Cluster, standby: Standby
) -> None:
    """What it lacked is lost; but nothing is built on that, and nobody is left standing or passes what comes."""
    await migrate(primary.conninfo)
    async with PostgresEventStore(standby.either, Codec([Parcel]), patience=10.0) as store:
        stream = uuid4()
        kept = await moved(store, stream, "Oslo")
        await asyncio.to_thread(standby.lag_behind)
        await moved(store, stream, "Rome")
        end = await moved(store, uuid4(), *(str(number) for number in range(100)))
        assert len(await everything(store, until=end)) == 102
        await asyncio.to_thread(primary.kill)
        await asyncio.to_thread(standby.start)
        await asyncio.to_thread(standby.promote)
        with pytest.raises(Conflict):
            await moved(store, stream, "Bonn")
        last = await moved(store, stream, "Kyiv")
        assert last < end
        found = await everything(store, after=kept, until=last)
        async with PostgresEventStore(standby.conninfo, Codec([Parcel])) as other:
            assert (await other.load(Parcel, stream)).places == ("Oslo", "Kyiv")
    assert [event.position for event in found] == [last]
