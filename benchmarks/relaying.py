"""The relay, beside a bare idempotent producer that sends the same messages."""

import asyncio
import time
from uuid import uuid4

from confluent_kafka import Producer

from benchmarks import past, servers, worker
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from benchmarks.sharing import kafka
from domain.catalogue import AGGREGATES
from infra.cli.serving import spare_the_collector
from infra.event_store import Codec, PostgresEventStore
from infra.event_store.codec import ENVELOPE
from infra.event_store.golden import personal_fields
from infra.kafka.ahead import PAGE
from infra.kafka.messages import LogRow, Messages, Outgoing
from infra.kafka.relay import Relay
from infra.kafka.wire import Wire

TITLE = "Telling Kafka"
EVENTS = 50_000
WARM = 8
"""Rounds before anything is measured: a broker that was just started spends a core on compiling itself. That costs
both, and more the one that takes longer.
"""


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    database, events = servers.database(conninfo, "relaying"), 10_000 if plan.quick else EVENTS
    bookings = events // past.A_BOOKING
    past.written(database, (await past.made(database, bookings)).commands(bookings))
    relayed, produced = [], []
    facts = Codec(AGGREGATES).facts
    async with worker.read_side(database) as (store, _):
        end = await store.end()
        with kafka() as brokers:
            for number in range(-1 if plan.quick else -WARM, plan.rounds):
                prefix = f"b{uuid4().hex[:8]}"
                messages = Messages(prefix, {topic: personal_fields(fact, ENVELOPE) for topic, fact in facts.items()})
                made = await _made(store, messages, end)
                spare_the_collector()  # as every process of the product, and not to look through all these
                relay = await _relay(database, store, (brokers, f"{prefix}.relay"), messages, end)
                bare = await asyncio.to_thread(_produce, brokers, made)
                what = f"round {number + 1}/{plan.rounds}" if number >= 0 else "beforehand"
                plan.say(f"{what}: {end / relay:,.0f} and {end / bare:,.0f} events/s")
                if number >= 0:
                    relayed.append(end / relay)
                    produced.append(end / bare)
    product = Measured("relay", "events/s", relayed)
    rival = Measured("bare producer", "events/s", produced)
    return Result(
        TITLE,
        f"A log of {end:,} events, {len(made):,} messages. The relay reads it and tells it in transactions; the bare "
        "producer is idempotent, as compressed, and sends the very messages from memory to the same topics. Both did "
        f"{WARM} rounds more beforehand, until the broker's code was compiled.",
        (product, rival),
        (Ratio("relay ÷ bare producer", product, rival, at_least=0.4),),
    )


async def _made(store: PostgresEventStore, messages: Messages, end: int) -> list[Outgoing]:
    """All messages of the log."""
    made: list[Outgoing] = []
    position = 0
    while position < end:
        rows, position = await store.rows(position, PAGE)
        made += [message for row in rows for message in messages.of(LogRow._make(row))]
    return made


async def _relay(
    database: str, store: PostgresEventStore, told: tuple[str, str], messages: Messages, end: int
) -> float:
    """Seconds from taking the lead, topics made, until all is told."""
    brokers, name = told
    relay = Relay(database, store, messages, lambda: Wire(brokers, name), name=name)
    running = asyncio.create_task(relay.run())
    while not relay.leads:  # noqa: ASYNC110 - it rings no bell
        await asyncio.sleep(0.001)
    start = time.perf_counter()
    while relay.position < end:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.001)
    seconds = time.perf_counter() - start
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return seconds


def _produce(brokers: str, messages: list[Outgoing]) -> float:
    """Seconds until all of these are acknowledged."""
    producer = Producer(
        {
            "bootstrap.servers": brokers,
            "enable.idempotence": True,
            "compression.type": "lz4",
            "linger.ms": 1,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    producer.list_topics(timeout=30)
    start = time.perf_counter()
    for message in messages:
        producer.produce(message.topic, message.value, message.key, headers=message.headers)
    if producer.flush(120):
        raise RuntimeError("Kafka has not acknowledged all of it")
    return time.perf_counter() - start
