"""Projecting into OpenSearch: the product's indexer over a log, beside a bare bulk of the very documents it writes."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks import engines, past, servers, worker
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from benchmarks.rivals import bulk
from infra.event_store import PostgresEventStore
from infra.opensearch.client import Cluster
from infra.opensearch.side import SearchSide

TITLE = "Projecting into OpenSearch"
BOOKINGS = 1_000
QUICK = 200
RIVALS = {"bulk": 1, "bulk, four at once": 4}
PAUSE = 0.02


class Recorder(Cluster):
    """Keeps what is sent in bulk."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.sent: list[bulk.Lines] = []

    async def bulk(self, lines: Sequence[Any]) -> list[Mapping[str, Any]]:
        """Send it, and keep it, if it is documents and not how far they have come."""
        if all(isinstance(line, bytes) for line in lines):
            self.sent += zip(lines[::2], lines[1::2], strict=True)
        return await super().bulk(lines)


@dataclass
class Log:
    """A log whose read models are made, and what the indexer writes of it."""

    database: str
    url: str
    events: int
    lines: list[bulk.Lines] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    with engines.opensearch() as url:
        log = await made(plan, conninfo, url, QUICK if plan.quick else BOOKINGS)
        taken: dict[str, list[float]] = {"product": [], **{name: [] for name in RIVALS}}
        for number in range(-1, plan.rounds):
            names = list(taken)
            for name in names[number % 3 :] + names[: number % 3]:  # who begins changes from round to round
                seconds = await (_index(log) if name == "product" else _bulk(log, RIVALS[name]))
                await _check_same(log)
                if number >= 0:
                    taken[name].append(len(log.lines) / seconds)
                plan.say(f"round {number + 1}/{plan.rounds}: {name} {len(log.lines) / seconds:,.0f} documents/s")
    return _result(log, taken)


async def made(plan: Plan, conninfo: str, url: str, bookings: int) -> Log:
    """A log on a new database, its read models, and all that the indexer writes, from one try."""
    database = servers.database(conninfo, "indexing")
    plan.say(f"making {bookings * past.A_BOOKING:,} events")
    events = past.written(database, (await past.made(database, bookings)).commands(bookings))
    with worker.started("benchmarks.worker:project", database) as projector:
        projector.go()
    log = Log(database, url, events)
    recorder = Recorder(url)
    async with engines.search_side(database, recorder) as (store, search):
        await engines.emptied(search)
        await _to_the_end(store, search)
        log.counts = await engines.counted(search)
    log.lines = recorder.sent
    return log


@asynccontextmanager
async def follow(database: str, url: str) -> AsyncIterator[worker.Work]:
    """The indexer, from the beginning of the log to its end."""
    async with engines.search_side(database, Cluster(url)) as (store, search):
        await engines.emptied(search)
        yield lambda: _to_the_end(store, search)


async def _to_the_end(store: PostgresEventStore, search: SearchSide) -> None:
    end = await store.end()
    running = asyncio.create_task(search.indexer.run())
    while search.progress.reached(search.indexes) < end:
        if running.done():
            running.result()
        await search.progress.rise(PAUSE)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def _index(log: Log) -> float:
    """Seconds until the product has written all of it, into empty indexes."""
    with worker.started("benchmarks.indexing:follow", log.database, log.url) as indexer:
        return indexer.go()


async def _bulk(log: Log, connections: int) -> float:
    """Seconds until the rival has."""
    async with engines.search_side(log.database, Cluster(log.url)) as (_, search):
        await engines.emptied(search)
    start = time.perf_counter()
    await asyncio.to_thread(bulk.write, log.url, log.lines, connections)
    return time.perf_counter() - start


async def _check_same(log: Log) -> None:
    """As many documents are in every index. Raises AssertionError."""
    async with engines.search_side(log.database, Cluster(log.url)) as (_, search):
        counts = await engines.counted(search)
    if counts != log.counts:
        raise AssertionError(f"{counts} documents are there, not {log.counts}")


def _result(log: Log, taken: dict[str, list[float]]) -> Result:
    product, one, four = (Measured(name, "documents/s", values) for name, values in taken.items())
    places = [json.loads(place)["index"] for place, _ in log.lines]
    documents = len({(place["_index"], place["_id"]) for place in places})
    size = sum(len(body) for _, body in log.lines) // len(log.lines)
    return Result(
        TITLE,
        f"A log of {log.events:,} events, bookings of two nights from request to check-out, whose read models are "
        "there. The product's indexer follows it to its end: it finds what each page touched in "
        f"{len(log.counts)} indexes (those of bookings and listings, with what is joined), reads it from PostgreSQL, "
        "composes the search documents, and writes them under their positions. The rival has the very same documents "
        f"as the bytes that are sent, and sends them in bulk requests of {bulk.PORTION:,}. A process of its own each "
        "time, indexes empty; one node of OpenSearch shares the machine.",
        (product, one, four),
        (
            Ratio("product ÷ bulk", product, one, at_least=0.6),
            Ratio("product ÷ bulk, four at once", product, four),
        ),
        (
            (
                f"{len(log.lines):,} documents are written, {size:,} bytes each; {documents:,} are there in the end, "
                "as some change from page to page. They were counted after each round."
            ),
        ),
    )
