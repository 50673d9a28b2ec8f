"""A log that was restored from an older copy, and a Kafka that was told of more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import psycopg
import pytest

from infra.event_store import Codec, PostgresEventStore
from infra.kafka.lanes import LaneRow, Routes, Told, decode, topic_of
from infra.postgres.migrate import migrate
from infra.restored import Restored, go_on
from tests.contracts.parcel import Letter, Parcel
from tests.infra.kafka.reader import all_values
from tests.infra.kafka.test_relay import House, running, until
from tests.services.kafka import KafkaServer

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(400)]


@asynccontextmanager
async def opened(database: str, kafka: KafkaServer, prefix: str) -> AsyncIterator[House]:
    """A process that knows nothing but what the database has."""
    async with PostgresEventStore(database, Codec([Parcel, Letter])) as store:
        house = House(database, store, kafka, prefix)
        house.lanes = Told(topic_of(prefix), Routes({}, Codec([Letter])))  # a parcel is unknown: it goes into all lanes
        yield house


def restored(database: str, end: int, told: int) -> None:
    """The database as an older copy had it: the log up to there, and what the relay had said of itself."""
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM command WHERE id IN (SELECT command FROM event WHERE position > %s)", [end])
        connection.execute("DELETE FROM event WHERE position > %s", [end])
        connection.execute("SELECT setval('log_position', %s)", [end])
        connection.execute("UPDATE relay SET position = %s", [told])


async def gone_on(house: House) -> Restored:
    async with house.wire() as wire:
        return await go_on(house.conninfo, wire, topic_of(house.prefix), None)


async def test_the_relay_stands_still_until_the_log_goes_on_past_what_kafka_knows(
    database: str, kafka: KafkaServer
) -> None:
    """Nothing of the restored log is left out, and no position is told of two events."""
    prefix, stream = f"t{uuid4().hex[:12]}", uuid4()
    await migrate(database)
    async with opened(database, kafka, prefix) as before:
        kept = await before.write([stream], 5)
        lost = await told(before, [stream], 10)
    restored(database, kept, kept - 2)
    async with opened(database, kafka, prefix) as after:
        relay = after.relay()
        async with running(relay):
            await until(lambda: relay.trouble is not None)
            assert "innkeep restored" in (await relay.health())["problem"]
            assert await gone_on(after) == Restored(kept, {"Kafka": lost}, lost - kept)
            last = await after.write([stream], 4)
            await until(lambda: relay.position >= last)
        assert "problem" not in await relay.health()
        assert (await gone_on(after)).lost == 0
        found = await asyncio.to_thread(after.read, lost + 4)
    new = [read for read in found if read.position > lost]
    assert [read.version for read in new] == [6, 7, 8, 9]
    again = [read.position for read in found if read.position <= kept]
    assert sorted(again) == sorted([*range(1, kept + 1), kept - 1, kept])


async def test_a_restored_log_that_has_grown_past_kafka_is_known_all_the_same(
    database: str, kafka: KafkaServer
) -> None:
    """By the event at the position that Kafka has: it is another's."""
    prefix, stream = f"t{uuid4().hex[:12]}", uuid4()
    await migrate(database)
    async with opened(database, kafka, prefix) as before:
        kept = await before.write([stream], 2)
        lost = await told(before, [stream], 3)
    restored(database, kept, kept)
    async with opened(database, kafka, prefix) as after:
        assert await after.write([stream], 9) > lost
        relay = after.relay()
        async with running(relay):
            await until(lambda: relay.trouble is not None)
            assert "innkeep restored" in (await relay.health())["problem"]
            done = await gone_on(after)
            assert (done.lost, done.retold) == (0, (kept + 1, lost))
            last = await after.write([stream], 1)
            await until(lambda: relay.position >= last)
        assert "problem" not in await relay.health()
        assert (await gone_on(after)).retold is None


async def test_projectors_find_nothing_in_their_lanes_that_the_log_has_lost(database: str, kafka: KafkaServer) -> None:
    prefix, stream = f"t{uuid4().hex[:12]}", uuid4()
    await migrate(database)
    async with opened(database, kafka, prefix) as before:
        kept = await before.write([stream], 5)
        lost = await told(before, [stream], 10)
        assert {*range(1, lost + 1)} <= await in_lanes(before)
    restored(database, kept, kept - 2)
    async with opened(database, kafka, prefix) as after:
        await gone_on(after)
        last = await told(after, [stream], 4)
        assert await in_lanes(after) == {kept - 1, kept, *range(lost + 1, last + 1)}


async def test_a_kafka_without_lanes_is_put_right_as_well(database: str, kafka: KafkaServer) -> None:
    async with opened(database, kafka, f"t{uuid4().hex[:12]}") as house, house.wire() as wire:
        await wire.forget(topic_of(house.prefix))


async def in_lanes(house: House) -> set[int]:
    """The positions of all events that the topic of the lanes has."""
    values = await asyncio.to_thread(all_values, house.kafka.servers, topic_of(house.prefix))
    return {said.position for value in values if isinstance(said := decode(value), LaneRow)}


async def told(house: House, streams: list[UUID], rounds: int) -> int:
    """Events that a relay has told of; answers the last position."""
    relay = house.relay()
    async with running(relay):
        last = await house.write(streams, rounds)
        await until(lambda: relay.position >= last)
    return last
