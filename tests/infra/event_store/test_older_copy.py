"""The log is an older copy all of a sudden, as after a failover to a server that lacked its end: nothing is built on
what is no more, and nobody passes what is drawn anew.
"""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import psycopg
import pytest

from commands.ports import Conflict, Key
from infra.event_store import PostgresEventStore
from infra.event_store.sealing import NOBODY
from tests.contracts.event_store import a_user, caused, everything, moved
from tests.contracts.parcel import Parcel
from tests.infra.event_store.appending import append
from tests.infra.event_store.conftest import OpenPostgres

HANG_UP = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name LIKE 'innkeep%' AND datname = current_database() AND pid <> pg_backend_pid()"""


def lose(log: str, after: int) -> None:
    """All past that position is gone, and with it every connection."""
    with psycopg.connect(log, autocommit=True) as connection:
        connection.execute("DELETE FROM event WHERE position > %s", [after])
        connection.execute("DELETE FROM command WHERE position > %s", [after])
        connection.execute("DELETE FROM actor_key WHERE actor <> %s", [NOBODY])
        connection.execute("SELECT setval('log_position', %s)", [after])
        connection.execute(HANG_UP)


def versions(log: str, stream: UUID) -> list[int]:
    with psycopg.connect(log) as connection:
        return [v for (v,) in connection.execute("SELECT version FROM event WHERE stream = %s ORDER BY 1", [stream])]


async def test_what_was_decided_on_lost_events_is_no_sequel_to_older_ones(open_store: OpenPostgres, log: str) -> None:
    """The stream would have a gap, and nobody could load it ever again."""
    store, other = await open_store(), await open_store()
    stream = uuid4()
    kept = await moved(store, stream, "Oslo")
    await moved(store, stream, "Rome")
    lose(log, kept)
    parcel = await store.load(Parcel, stream)
    assert parcel.places == ("Oslo", "Rome"), "nobody has asked the database yet"
    parcel.move("Bonn")
    with pytest.raises(Conflict):
        await store.save([parcel], caused())
    assert versions(log, stream) == [1]
    await moved(store, stream, "Kyiv")
    assert (await other.load(Parcel, stream)).places == ("Oslo", "Kyiv")


async def test_those_who_share_its_transaction_are_recorded_all_the_same(open_store: OpenPostgres, log: str) -> None:
    store = await open_store(writers=1)
    stream = uuid4()
    kept = await moved(store, stream, "Oslo")
    await moved(store, stream, "Rome")
    lose(log, kept)
    others = [uuid4() for _ in range(3)]
    ends = await asyncio.gather(*(moved(store, s, "Bonn") for s in (stream, *others)), return_exceptions=True)
    assert [isinstance(end, Conflict) for end in ends] == [True, False, False, False]
    assert [versions(log, s) for s in others] == [[1], [1], [1]]


async def test_what_is_remembered_is_forgotten_with_the_connection(open_store: OpenPostgres, log: str) -> None:
    """Another process may have written something else in the place of what is lost."""
    store, other = await open_store(), await open_store()
    stream = uuid4()
    kept = await moved(store, stream, "Oslo")
    await moved(store, stream, "Rome")
    lose(log, kept)
    assert await moved(other, stream, "Kyiv") == kept + 1
    assert (await store.load(Parcel, stream, fresh=True)).places == ("Oslo", "Kyiv")
    assert (await store.load(Parcel, stream)).places == ("Oslo", "Kyiv")


async def test_an_answer_is_sealed_with_no_key_that_is_lost(open_store: OpenPostgres, log: str) -> None:
    """Nobody could read it, and a retry would be taken for one of a command that was cut off."""
    store, other = await open_store(), await open_store()
    anna = a_user()
    kept = await moved(store, uuid4(), "Oslo")
    await moved(store, uuid4(), "Rome", cause=caused(actor=anna))
    lose(log, kept)
    await moved(store, uuid4(), "Bonn")  # so that it is noticed
    await moved(store, uuid4(), "Kyiv", cause=caused(actor=anna, key=Key("k", b"f"), answer=b"told"))
    found = await other.kept("k")
    assert found is not None
    assert found.answer == b"told"


async def test_positions_that_are_drawn_anew_are_not_passed(open_store: OpenPostgres, log: str) -> None:
    store = await open_store()
    kept = await moved(store, uuid4(), "Oslo")
    end = await moved(store, uuid4(), *(str(number) for number in range(20)))
    assert len(await everything(store, until=end)) == 21
    lose(log, kept)
    async with await psycopg.AsyncConnection.connect(log) as slow:
        first = await append(slow, uuid4(), range(1, 2))
        later = await moved(store, uuid4(), "Rome")
        assert kept < first < later < end
        assert await reached(store, kept) == kept, "somebody older is under way"
        await slow.commit()
    assert [event.position for event in await everything(store, after=kept, until=later)] == [first, later]


async def reached(store: PostgresEventStore, after: int) -> int:
    """How far a follower is after some looks."""
    for _ in range(5):
        after = (await store.read(after, 100)).position
    return after
