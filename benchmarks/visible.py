"""From a commit to another process that has read the event, while little happens."""

import asyncio
import contextlib
import json
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Protocol

from benchmarks import servers, worker
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from benchmarks.saves import saves
from domain.catalogue import AGGREGATES
from infra.event_store import Codec, PostgresEventStore
from infra.event_store.feed import Feed
from infra.postgres.line import Line
from infra.postgres.migrate import migrate

TITLE = "From commit to visible"
GAP = (0.06, 0.16)
"""Seconds between two saves: a follower has come to its longest pause by then."""
ALLOWED = 20.0
"""Milliseconds."""
PAGE = 100
AGAIN = 1.0


class Log(Protocol):
    """What is followed."""

    async def until_past(self, position: int) -> tuple[int, int]:
        """Wait for events past the position: how many were read, and the position they reach to."""
        ...


class Told:
    """Followed as the product does."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._store = store

    async def until_past(self, position: int) -> tuple[int, int]:
        while not (page := await self._store.read(position, PAGE)).events:
            await self._store.wait_for_events(position, AGAIN)
        return len(page.events), page.position


class Looking:
    """Followed by looks alone, ever more slowly while nothing happens."""

    def __init__(self, line: Line) -> None:
        self._feed = Feed(line)

    async def until_past(self, position: int) -> tuple[int, int]:
        while not (found := await self._feed.read(position, PAGE))[0]:
            await self._feed.wait(position, AGAIN)
        return len(found[0]), found[1]


@asynccontextmanager
async def opened(database: str, way: str) -> AsyncIterator[Log]:
    if way == "told":
        async with PostgresEventStore(database, Codec(AGGREGATES)) as store:
            await store.wait_for_events(await store.end(), AGAIN)  # connections
            yield Told(store)
    else:
        line = Line(database, "looking")
        yield Looking(line)
        await line.close()


@asynccontextmanager
async def follow(database: str, way: str, start: str, number: str, notes: str) -> AsyncIterator[worker.Work]:
    """Notes when it has read so many events that come after a position."""
    async with opened(database, way) as log:

        async def work() -> None:
            position, left, seen = int(start), int(number), []
            while left > 0:
                count, position = await log.until_past(position)
                seen.append((position, time.monotonic()))
                left -= count
            await asyncio.to_thread(Path(notes).write_text, json.dumps(seen))

        yield work


@dataclass
class Way:
    """One way to follow, and how long it took, in milliseconds, by round."""

    name: str
    middle: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    def take(self, delays: list[float]) -> None:
        percentiles = quantiles(delays, n=100, method="inclusive")
        self.middle.append(percentiles[49])
        self.late.append(percentiles[98])

    def measured(self, what: str) -> list[Measured]:
        return [Measured(f"{what}, p50", "ms", self.middle, 2), Measured(f"{what}, p99", "ms", self.late, 2)]


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    database = servers.database(conninfo, "visible")
    await migrate(database)
    number = round(2 * plan.seconds / (sum(GAP) / 2))
    ways = [Way("told"), Way("looking")]
    async with PostgresEventStore(database, Codec(AGGREGATES)) as store:
        for round_ in range(plan.rounds):
            for way, delays in zip(ways, await _round(database, store, ways, number), strict=True):
                way.take(delays)
            plan.say(f"round {round_ + 1}/{plan.rounds}: p99 {ways[0].late[-1]:.2f}, {ways[1].late[-1]:.2f} ms")
    told, looking = ways[0].measured("told"), ways[1].measured("by looks alone")
    allowed = Measured("allowed", "ms", [ALLOWED] * plan.rounds)
    return Result(
        TITLE,
        f"{number} saves a round in one process, one every {GAP[0] * 1000:.0f} to {GAP[1] * 1000:.0f} ms; two other "
        "processes follow the log. Measured from the save's acknowledgement to the events being read.",
        (*told, *looking),
        (
            Ratio(f"p99 ÷ {ALLOWED:.0f} ms", told[1], allowed, at_most=1.0),
            Ratio("p99, told ÷ by looks alone", told[1], looking[1]),
        ),
    )


async def _round(database: str, store: PostgresEventStore, ways: list[Way], number: int) -> list[list[float]]:
    start, saved = await store.end(), []
    ready = list(saves(number))
    events = sum(len(save.months) for save in ready)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        followers = []
        for way in ways:
            arguments = (database, way.name, str(start), str(events), str(folder / way.name))
            followers.append(stack.enter_context(worker.started("benchmarks.visible:follow", *arguments)))
        for follower in followers:
            follower.begin()
        for save in ready:
            await asyncio.sleep(random.uniform(*GAP))
            saved.append((await store.save(save.months, save.cause), time.monotonic()))
        for follower in followers:
            await asyncio.to_thread(follower.end)
        return [_delays(saved, json.loads((folder / way.name).read_text())) for way in ways]


def _delays(saved: list[tuple[int, float]], seen: list[tuple[int, float]]) -> list[float]:
    """Milliseconds from each save to when its events had been read."""
    return [1000 * max(0.0, next(when for reached, when in seen if reached >= position) - at) for position, at in saved]
