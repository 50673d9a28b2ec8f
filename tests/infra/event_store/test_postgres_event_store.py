"""The event store on PostgreSQL: the contract, and what is its own."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest

from commands.ports import Key, KeyTaken, Unavailable
from infra.event_store import Codec, UnknownEvent
from infra.kafka.messages import LogRow
from tests.contracts.event_store import NOON, EventStoreContract, a_user, caused, everything, moved, places
from tests.contracts.journal import JournalContract
from tests.contracts.parcel import Letter, Parcel
from tests.infra.event_store.conftest import OpenPostgres


class TestPostgresEventStore(EventStoreContract, JournalContract):
    """The contract, on a real database."""


async def test_an_event_of_an_unknown_name_is_an_error_that_names_it(open_store: OpenPostgres) -> None:
    newer, older = await open_store(), await open_store(codec=Codec([Parcel]))
    letter = await newer.load(Letter, uuid4())
    letter.write("hello")
    await newer.save([letter], caused())
    with pytest.raises(UnknownEvent, match=r"test\.letter\.written\.v1"):
        await older.history([letter.id])


async def test_a_follower_gets_all_that_stands_before_an_unknown_event(open_store: OpenPostgres) -> None:
    newer, older = await open_store(), await open_store(codec=Codec([Parcel]))
    position = await moved(newer, uuid4(), "Oslo", "Rome")
    letter = await newer.load(Letter, uuid4())
    letter.write("hello")
    await newer.save([letter], caused())
    assert places(await everything(older, until=position)) == ["Oslo", "Rome"]
    with pytest.raises(UnknownEvent):
        await everything(older, after=position, until=position + 1)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu"])
@pytest.mark.parametrize("microsecond", [0, 120, 999_999])
async def test_rows_for_who_passes_them_on_have_ids_and_instants_as_texts(
    open_store: OpenPostgres, zone: str, microsecond: int
) -> None:
    store = await open_store()
    stream, actor = uuid4(), a_user()
    instant = NOON.replace(microsecond=microsecond)
    cause = caused(actor=actor, at=instant.astimezone(ZoneInfo(zone)))
    position = await moved(store, stream, "Oslo", cause=cause)
    await moved(store, stream, "Rome")
    rows, end = await store.rows(position - 1, 10)
    assert (len(rows), end) == (2, rows[-1][0])
    first = LogRow._make(rows[0])
    told = f"{instant:%Y-%m-%dT%H:%M:%S}.{microsecond:06}Z"
    assert first[:4] == (position, str(stream), 1, "test.parcel.moved.v1")
    assert first[4:] == (b'{"place":"Oslo"}', told, str(actor.id), "user", str(cause.id), "move")
    assert LogRow._make(rows[1]).actor is None, "what the product does by itself"


async def test_rows_of_a_log_without_its_journal_are_not_passed_on(open_store: OpenPostgres, log: str) -> None:
    store = await open_store()
    position = await moved(store, uuid4(), "Oslo")
    async with await psycopg.AsyncConnection.connect(log) as connection:
        await connection.execute("DELETE FROM command")
    with pytest.raises(LookupError, match=f"event {position} has no command"):
        await store.rows(0, 10)


async def test_address_and_answer_are_unreadable_at_rest_and_bound_to_their_command(
    open_store: OpenPostgres, log: str
) -> None:
    store = await open_store()
    actor = a_user()
    causes = [caused(actor=actor, address=f"192.0.2.{n}", answer=b"secret", key=Key(f"{n}", b"f")) for n in range(2)]
    for cause in causes:
        await moved(store, uuid4(), "Oslo", cause=cause)
    async with await psycopg.AsyncConnection.connect(log) as connection:
        for address, answer in await (await connection.execute("SELECT address, answer FROM command")).fetchall():
            assert b"192.0.2" not in address
            assert b"secret" not in answer
        assert await store.address(causes[0].id) == "192.0.2.0"
        await connection.execute("UPDATE command SET address = (SELECT address FROM command WHERE key = '1')")
    assert await store.address(causes[0].id) is None, "one command's address cannot be passed off as another's"
    assert await store.address(uuid4()) is None


async def test_a_destroyed_key_leaves_the_journal_unreadable_and_everything_working(open_store: OpenPostgres) -> None:
    store, other = await open_store(), await open_store()
    actor = a_user()
    cause = caused(actor=actor, address="192.0.2.1", answer=b"secret", key=Key("k", b"f"))
    await moved(store, uuid4(), "Oslo", cause=cause)
    assert actor.id is not None
    await store.destroy_key(actor.id)
    for reader in (store, other):
        kept = await reader.kept("k")
        assert kept is not None
        assert (kept.command, kept.answer) == (cause.id, None)
        assert await reader.address(cause.id) is None
    again = caused(actor=actor, address="192.0.2.1", answer=b"secret")
    await moved(store, uuid4(), "Rome", cause=again)
    assert await store.address(again.id) is None
    with pytest.raises(psycopg.errors.NotNullViolation):
        await store.destroy_key(None)  # type: ignore[arg-type]


async def test_strangers_and_the_product_itself_share_one_key(open_store: OpenPostgres) -> None:
    store = await open_store()
    cause = caused(address="192.0.2.1")
    await moved(store, uuid4(), "Oslo", cause=cause)
    assert await (await open_store()).address(cause.id) == "192.0.2.1"


async def test_an_old_key_is_forgotten_and_its_text_can_be_used_again(open_store: OpenPostgres) -> None:
    store = await open_store(keep=timedelta(0))
    first, second = caused(key=Key("k", b"f"), answer=b"1"), caused(key=Key("k", b"f"), answer=b"2")
    await moved(store, uuid4(), "Oslo", cause=first)
    assert await store.kept("k") is None
    await moved(store, uuid4(), "Rome", cause=second)
    with pytest.raises(KeyTaken):
        await moved(await open_store(), uuid4(), "Bonn", cause=caused(key=Key("k", b"f")))


async def test_housekeeping_drops_what_is_old_and_only_that(open_store: OpenPostgres, log: str) -> None:
    store = await open_store()
    for n in range(3):
        await moved(store, uuid4(), "Oslo", cause=caused(key=Key(f"{n}", b"f"), answer=b"told"))
    async with await psycopg.AsyncConnection.connect(log) as connection:
        await connection.execute("UPDATE command SET recorded_at = now() - interval '25 hours' WHERE key IN ('0', '1')")
    assert await store.forget_old_keys() == 2
    assert await store.forget_old_keys() == 0
    async with await psycopg.AsyncConnection.connect(log) as connection:
        cursor = await connection.execute(
            "SELECT key, answer IS NULL, fingerprint IS NULL FROM command ORDER BY position"
        )
        assert await cursor.fetchall() == [(None, True, True), (None, True, True), ("2", False, False)]


async def test_the_cache_is_bounded_and_nothing_is_wrong_without_it(open_store: OpenPostgres) -> None:
    store = await open_store(cached=1)
    streams = [uuid4() for _ in range(5)]
    for turn in range(3):
        for stream in streams:
            await moved(store, stream, f"place {turn}")
    assert [(await store.load(Parcel, stream)).version for stream in streams] == [3] * 5
    assert len(store._cache._kept) == 1


async def test_too_many_that_wait_are_told_so(open_store: OpenPostgres) -> None:
    store = await open_store(waiting=4, writers=1)
    parcels = [Parcel.at(uuid4()) for _ in range(12)]
    for parcel in parcels:
        parcel.move("Oslo")
    await moved(store, uuid4(), "Oslo")
    ends = await asyncio.gather(*(store.save([p], caused()) for p in parcels), return_exceptions=True)
    refused = [end for end in ends if isinstance(end, Unavailable)]
    assert refused
    assert len([end for end in ends if isinstance(end, int)]) == 12 - len(refused)


async def test_a_closed_store_is_unavailable(open_store: OpenPostgres) -> None:
    store = await open_store()
    stream = uuid4()
    await moved(store, stream, "Oslo")
    await store.close()
    with pytest.raises(Unavailable):
        await moved(store, stream, "Rome")
    with pytest.raises(Unavailable):
        await store.read(0, 1)


async def test_whoever_waits_for_events_is_woken_by_its_own_process_and_by_others(open_store: OpenPostgres) -> None:
    one, other = await open_store(), await open_store()
    assert not await one.wait_for_events(0, 0.01)
    for writer in (one, other):
        head = await one.end()
        waiting = [asyncio.create_task(one.wait_for_events(head, 20)) for _ in range(3)]
        await asyncio.sleep(0)
        assert await moved(writer, uuid4(), "Oslo") == head + 1
        assert await asyncio.gather(*waiting) == [True] * 3
        assert [event.position for event in (await one.read(head, 10)).events] == [head + 1]
    assert await one.wait_for_events(0, 0), "what is there already is not waited for"


async def test_nothing_recorded_lies_past_the_end(open_store: OpenPostgres) -> None:
    store = await open_store()
    assert await store.end() == 0
    assert await moved(store, uuid4(), "Oslo", "Rome") == await store.end() == 2
