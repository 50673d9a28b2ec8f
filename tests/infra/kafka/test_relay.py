"""The relay against a real broker: all that happened, in order, once, whatever is killed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from secrets import token_hex
from uuid import UUID, uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from infra.event_store import Codec, PostgresEventStore
from infra.kafka.lanes import Told
from infra.kafka.messages import Messages, Outgoing
from infra.kafka.relay import Relay
from infra.kafka.wire import Fenced, KafkaAway, Wire
from infra.postgres.migrate import migrate
from tests.contracts.event_store import moved
from tests.contracts.parcel import Letter, Parcel
from tests.infra.kafka.reader import Read, read_all
from tests.services.kafka import KafkaServer

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(400)]  # a broker starts slowly on a busy machine


class House:
    """A log, a broker, and relays between them."""

    def __init__(self, conninfo: str, store: PostgresEventStore, kafka: KafkaServer, prefix: str = "") -> None:
        self.conninfo, self.store, self.kafka = conninfo, store, kafka
        self.prefix = prefix or f"t{uuid4().hex[:12]}"
        self.name = f"{self.prefix}.relay"
        self.topic = f"{self.prefix}.log.test"
        self.messages = Messages(self.prefix, {"test.parcel.moved.v1": []})
        self.lanes: Told | None = None

    def relay(self) -> Relay:
        """One more, as another process would have it."""
        return Relay(self.conninfo, self.store, self.messages, self.wire, name=self.name, lanes=self.lanes)

    def wire(self) -> Wire:
        return Wire(self.kafka.servers, self.name, patience=20)

    async def write(self, streams: list[UUID], rounds: int) -> int:
        """Events in turns; answers the last position."""
        last = 0
        for place in range(rounds):
            for stream in streams:
                last = await moved(self.store, stream, f"place {place} of {last}")
        return last

    def read(self, at_least: int) -> list[Read]:
        return read_all(self.kafka.servers, self.topic, at_least=at_least)


@pytest.fixture
async def house(database: str, kafka: KafkaServer) -> AsyncIterator[House]:
    await migrate(database)
    async with PostgresEventStore(database, Codec([Parcel, Letter])) as store:
        yield House(database, store, kafka)


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(relay.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], bool], seconds: float = 180) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what it looks at rings no bell
            await asyncio.sleep(0.02)


def all_there_once_in_order(found: list[Read], log: dict[UUID, int]) -> None:
    """Each stream's versions follow one another from 1 to the last, and positions rise with them."""
    versions: defaultdict[str, list[int]] = defaultdict(list)
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for read in found:
        versions[read.key].append(read.version)
        positions[read.key].append(read.position)
    assert dict(versions) == {str(stream): list(range(1, last + 1)) for stream, last in log.items()}
    assert all(places == sorted(set(places)) for places in positions.values())


async def test_all_that_happened_and_happens_is_told_once_and_in_order(house: House) -> None:
    streams = [uuid4() for _ in range(20)]
    await house.write(streams, 10)
    relay = house.relay()
    async with running(relay):
        last = await house.write(streams, 5)
        await until(lambda: relay.position >= last)
    found = await asyncio.to_thread(house.read, 300)
    all_there_once_in_order(found, dict.fromkeys(streams, 15))


async def test_another_relay_takes_over_where_the_first_was_ended(house: House) -> None:
    streams = [uuid4() for _ in range(5)]
    first, second = house.relay(), house.relay()
    async with running(second):
        async with running(first):
            await until(lambda: first.leads or second.leads)
            last = await house.write(streams, 4)
            await until(lambda: max(first.position, second.position) >= last)
            assert first.leads != second.leads
        last = await house.write(streams, 4)
        await until(lambda: second.position >= last)
    found = await asyncio.to_thread(house.read, 40)
    all_there_once_in_order(found, dict.fromkeys(streams, 8))


async def opened(wire: Wire, house: House) -> int:
    """Its position, asked for again while a broker that has just started cannot say it."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await wire.open(house.messages.topics)
            except KafkaAway:
                await asyncio.sleep(0.5)


async def reach(wire: Wire, position: int) -> None:
    """A transaction of no message but that position."""
    await wire.put([])
    await wire.commit(position)


async def test_a_relay_that_was_overtaken_without_knowing_is_fenced(house: House) -> None:
    async with house.wire() as old, house.wire() as new:
        await opened(old, house)
        await reach(old, 3)
        assert await opened(new, house) == 3
        with pytest.raises(Fenced):
            await reach(old, 4)
        await reach(new, 5)
        async with house.wire() as third:
            assert await opened(third, house) == 5


async def ended(house: House, at_least: int) -> None:
    """Return once Kafka has ended every transaction.

    It says that one is committed before that is written where the messages are. A broker that is alone, and is killed
    in between, takes the partitions for deleted when it starts, and never ends it.
    """
    await asyncio.to_thread(house.read, at_least)
    async with house.wire() as wire:
        await wire.told()


async def test_a_transaction_that_kafka_does_not_end_is_named(house: House) -> None:
    """It cannot tell the position then; once somebody has ended it, the relay goes on from there."""
    streams = [uuid4() for _ in range(3)]
    last = await house.write(streams, 2)
    relay = house.relay()
    async with running(relay):
        await until(lambda: relay.position >= last)
    consumer = Consumer({"bootstrap.servers": house.kafka.servers, "group.id": house.name})
    other = Producer({"bootstrap.servers": house.kafka.servers, "transactional.id": f"{house.name}.other"})
    other.init_transactions(60)
    other.begin_transaction()
    place = TopicPartition(f"{house.name}.position", 0, last)
    other.send_offsets_to_transaction([place], consumer.consumer_group_metadata(), 60)
    last = await house.write(streams, 2)
    relay = house.relay()
    async with running(relay):
        await until(lambda: relay.trouble is not None)
        assert "find-hanging" in str((await relay.health())["problem"])
        other.abort_transaction(60)
        await until(lambda: relay.position >= last)
    consumer.close()
    found = await asyncio.to_thread(house.read, 12)
    all_there_once_in_order(found, dict.fromkeys(streams, 4))


async def test_a_broker_that_is_killed_loses_and_doubles_nothing(house: House) -> None:
    streams = [uuid4() for _ in range(10)]
    relay = house.relay()
    async with running(relay):
        last = await house.write(streams, 3)
        await until(lambda: relay.position >= last)
        await ended(house, last)
        await asyncio.to_thread(house.kafka.kill)
        last = await house.write(streams, 3)  # nothing here waits for Kafka
        await until(lambda: not relay.leads)
        assert "KafkaAway" in str((await relay.health())["problem"])
        await asyncio.to_thread(house.kafka.start)
        await until(lambda: relay.position >= last)
        assert "problem" not in await relay.health()
    found = await asyncio.to_thread(house.read, 60)
    all_there_once_in_order(found, dict.fromkeys(streams, 6))


async def test_a_transaction_that_is_never_ended_is_told_of_by_the_relay_that_goes_on(house: House) -> None:
    relay = Relay(house.conninfo, house.store, house.messages, house.wire, name=house.name, look_seconds=0.5)
    async with running(relay):
        first = await house.write([uuid4()], 3)
        await until(lambda: relay.position >= first)
        hung = Producer({"bootstrap.servers": house.kafka.servers, "transactional.id": f"{house.prefix}.hung"})
        hung.init_transactions(30)
        hung.begin_transaction()
        hung.produce(house.topic, b"{}", "key", 4)
        hung.flush(30)
        await until(lambda: bool(relay.standing))
        last = await house.write([uuid4() for _ in range(12)], 3)
        await until(lambda: relay.position >= last)
        told = await relay.health()
        assert told["leads"]
        assert "problem" not in told
        assert f"stand still at {house.topic}[4]: see docs/operations.md" in told["warning"]
        hung.abort_transaction(30)
        await until(lambda: not relay.standing)
        assert "warning" not in await relay.health()
    assert not relay.standing, "who does not lead does not look"


async def test_what_keeps_the_relay_is_said_before_its_wire_is_closed(house: House) -> None:
    """Closing waits for a broker that may not answer."""
    closing = asyncio.Event()

    class SlowToClose(Wire):
        async def put(self, messages: Sequence[Outgoing]) -> None:
            raise KafkaAway(f"no room for {len(messages)} messages")

        async def close(self) -> None:
            closing.set()
            await asyncio.sleep(60)

    def wire() -> Wire:
        return SlowToClose(house.kafka.servers, house.name, patience=20)

    relay = Relay(house.conninfo, house.store, house.messages, wire, name=house.name)
    async with running(relay):
        await house.write([uuid4()], 1)
        async with asyncio.timeout(60):
            await closing.wait()
        assert (await relay.health())["problem"] == "KafkaAway: no room for 1 messages"


@pytest.mark.parametrize("made_before", [False, True])
async def test_an_event_as_large_as_a_request_makes_it_is_told_as_well(house: House, *, made_before: bool) -> None:
    """A body of a million bytes may grow by a quarter; Kafka's own limits are about a million."""
    stream = uuid4()
    if made_before:
        admin = AdminClient({"bootstrap.servers": house.kafka.servers})
        admin.create_topics([NewTopic(house.topic, 1)])[house.topic].result(60)
    await house.write([stream], 1)
    await moved(house.store, stream, token_hex(625_000))
    last = await house.write([stream], 1)
    relay = house.relay()
    async with running(relay):
        await until(lambda: relay.position >= last, 60)
    all_there_once_in_order(await asyncio.to_thread(house.read, 3), {stream: 3})
