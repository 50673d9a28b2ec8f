"""Catching up: projectors that share the read models over Kafka, beside one that has them all."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg
from psycopg import sql

from benchmarks import past, servers, worker
from benchmarks.capacity.measured import CORES
from benchmarks.capacity.model import several
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from domain.catalogue import RESOURCES
from infra.kafka import group_of, relay_of
from infra.read_models.side import models_of
from infra.settings import Settings
from projections.catalogue import PROJECTIONS
from tests.services.kafka import KafkaServer

TITLE = "Several projectors against one, over Kafka"
EVENTS = 500_000
ROUNDS = 2
"""Of half a million events, which take minutes; who begins changes from one to the other."""
MEMBERS = (1, 2, 4)


@dataclass(frozen=True)
class Caught:
    """So many projectors have caught up."""

    rate: float
    """Events a second."""
    projectors: float
    """Microseconds of processor an event, all of them together."""
    database: float
    broker: float


@contextlib.contextmanager
def kafka() -> Iterator[str]:
    """The address of a broker of our own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="innkeep-bench-kafka-") as folder:
        server = KafkaServer(Path(folder))
        server.start()
        try:
            yield server.servers
        finally:
            server.kill()


def settings(brokers: str, prefix: str) -> Settings:
    """Of projectors that share all read models there."""
    return Settings(kafka_bootstrap_servers=brokers, kafka_prefix=prefix, kafka_read_models="all")


@asynccontextmanager
async def member(database: str, brokers: str, prefix: str, group: str) -> AsyncIterator[worker.Work]:
    """One projector of a group, until all of the log is in all of the models, whoever took it in."""
    async with worker.read_side(database) as (store, side):
        lanes = group_of(settings(brokers, prefix), store, side, name=group)
        assert lanes is not None

        async def work() -> None:
            running = asyncio.create_task(lanes.run())
            await side.waiting.until_now(side.models, worker.SOON)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        yield work


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    database, events = servers.database(conninfo, "sharing"), 20_000 if plan.quick else EVENTS
    bookings, prefix = events // past.A_BOOKING, f"b{uuid4().hex[:8]}"
    plan.say(f"making {events:,} events")
    past.written(database, (await past.made(database, bookings)).commands(bookings))
    taken: dict[int, list[Caught]] = {members: [] for members in MEMBERS}
    with kafka() as brokers:
        plan.say("telling Kafka of them")
        await _relay(database, brokers, prefix)
        for number in range(ROUNDS):
            for members in MEMBERS if number % 2 else MEMBERS[::-1]:
                taken[members].append(await _catch_up(database, brokers, prefix, members, events))
                plan.say(f"round {number + 1}/{ROUNDS}: {members} of them, {taken[members][-1].rate:,.0f} events/s")
    return _result(events, taken)


def _result(events: int, taken: dict[int, list[Caught]]) -> Result:
    rates = {n: Measured(f"{n} of them", "events/s", [each.rate for each in rounds]) for n, rounds in taken.items()}
    used = [
        Measured(f"{n} of them: {name}", "µs of processor", [getattr(each, part) for each in rounds])
        for n, rounds in taken.items()
        for part, name in (("projectors", "projectors"), ("database", "PostgreSQL"), ("broker", "Kafka"))
    ]
    return Result(
        TITLE,
        f"A log of {events:,} events, which Kafka has already, is taken into every read model, from the first event to "
        "the last, by so many processes of one consumer group, each with new tables to begin with. The model of "
        "capacity knows what one of them did in the same round, and what an event cost it, PostgreSQL and Kafka.",
        (*rates.values(), *used),
        (
            Ratio("two ÷ one", rates[2], rates[1], at_least=1.3),
            *(
                Ratio(f"{n} processes: predicted ÷ measured", _predicted(taken[1], n), rates[n], 0.75, 1.25)
                for n in MEMBERS[1:]
            ),
        ),
        (
            "The time includes that the group forms.",
            (
                "PostgreSQL and Kafka share the two cores with the projectors: what all of them use for an event, "
                "divided by two, is the least time that it can take there."
            ),
        ),
    )


def _predicted(of_one: Sequence[Caught], processes: int) -> Measured:
    costs = [(each.projectors / 1e6, (each.database + each.broker) / 1e6) for each in of_one]
    return Measured("", "", [several(one.rate, of, processes, CORES) for one, of in zip(of_one, costs, strict=True)])


async def _relay(database: str, brokers: str, prefix: str) -> None:
    async with worker.read_side(database) as (store, side):
        relay = relay_of(settings(brokers, prefix), database, store, side.models)
        assert relay is not None
        running = asyncio.create_task(relay.run())
        end = await store.end()
        while relay.position < end:  # noqa: ASYNC110 - it rings no bell
            await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _catch_up(database: str, brokers: str, prefix: str, members: int, events: int) -> Caught:
    """Let so many project all of it, into new tables."""
    with psycopg.connect(database) as connection:
        for model in models_of(PROJECTIONS, RESOURCES).values():
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(model.table)))
        connection.execute("DELETE FROM read_model")
    group = uuid4().hex  # another each time: it begins where Kafka does
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(worker.started("benchmarks.sharing:member", database, brokers, prefix, group))
            for _ in range(members)
        ]
        before, start = _used(database, workers), time.perf_counter()
        for each in workers:
            each.begin()
        for each in workers:
            await asyncio.to_thread(each.end)
        seconds = time.perf_counter() - start
        used = [1e6 * (now - then) / events for now, then in zip(_used(database, workers), before, strict=True)]
        return Caught(events / seconds, *used)


def _used(database: str, workers: Sequence[worker.Worker]) -> tuple[float, float, float]:
    """Seconds of processor that projectors, PostgreSQL and Kafka have used."""
    brokers = [child for child in psutil.Process().children() if child.name() == "java"]
    return (
        sum(servers.used(psutil.Process(each.process.pid)) for each in workers),
        servers.database_used(database),
        sum(servers.used(broker) for broker in brokers),
    )
