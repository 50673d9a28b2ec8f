"""Searching while a read model is rebuilt and bookings arrive, beside the same without the rebuild: on PostgreSQL."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode

from benchmarks import load, past, servers, street
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan

TITLE = "Searching during a rebuild"
BOOKINGS = 50
"""A second."""
SEARCHES = 8
"""A second."""
EVENTS, QUICK = 200_000, 20_000
"""Of the log that the rebuild reads."""
LISTINGS, GUESTS = 120, 50
MODEL = "reservation"
SECONDS = 20.0
"""Of a round without the rebuild: p99 wants some searches."""


@dataclass
class Figures:
    """Milliseconds a search, by round."""

    middle: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    def take(self, told: load.Told) -> None:
        percentiles = quantiles([1_000 * took for took in told.took], n=100, method="inclusive")
        self.middle.append(percentiles[49])
        self.late.append(percentiles[98])

    def measured(self, name: str) -> list[Measured]:
        return [
            Measured(f"{name}, p50", "ms", self.middle, 1),
            Measured(f"{name}, p99", "ms", self.late, 1),
        ]


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    events = QUICK if plan.quick else EVENTS
    database = servers.database(conninfo, "searching_rebuild")
    plan.say(f"making {events:,} events")
    bookings = events // past.A_BOOKING
    past.written(database, (await past.made(database, bookings, people=("pia", "paul"))).commands(bookings))
    there = await street.made(database, LISTINGS, GUESTS)
    quiet, busy = Figures(), Figures()
    took: list[float] = []
    with servers.product(database) as server:
        coming = there.requests(1)
        for number in range(-1, plan.rounds):
            async with _bookings(server.port, coming):
                told = await _searches(server.port, there, number, asyncio.sleep(SECONDS))
                start = time.perf_counter()
                during = await _searches(server.port, there, number, _rebuilt(database))
                seconds = time.perf_counter() - start
            if number >= 0:
                quiet.take(told)
                busy.take(during)
                took.append(seconds)
                plan.say(f"round {number + 1}/{plan.rounds}: p99 {quiet.late[-1]:.1f}, {busy.late[-1]:.1f} ms")
    return _result(events, quiet, busy, took)


@asynccontextmanager
async def _bookings(port: int, coming: Iterator[bytes]) -> AsyncIterator[None]:
    """So many a second arrive meanwhile; each is checked."""
    ending = asyncio.Event()
    booking = asyncio.create_task(load.paced(port, coming, rate=BOOKINGS, until=ending))
    try:
        yield
    finally:
        ending.set()
        (await booking).check(201)


async def _searches(port: int, there: street.Street, number: int, meanwhile: Awaitable[None]) -> load.Told:
    """So many a second until that is done; each is checked."""
    ending = asyncio.Event()
    searching = asyncio.create_task(load.paced(port, _asked(there, number), rate=SEARCHES, until=ending))
    try:
        await meanwhile
    finally:
        ending.set()
        told = await searching
    told.check(200)
    return told


def _asked(there: street.Street, number: int) -> Iterator[bytes]:
    """What guests ask: a word, near the city, for some nights, the cheapest first."""
    for ahead in cycle(range(5 + number, 500, 7)):
        dates = {"checkIn": there.day(ahead), "checkOut": there.day(ahead) + timedelta(days=3)}
        asked = {"q": "river", "near": "48.85,2.35", "distance": 5_000, "guests": 2, "sort": "price", **dates}
        yield load.request("GET", f"/v1/search/listings?{urlencode(asked)}")


async def _rebuilt(database: str) -> None:
    """One rebuild as an operator begins it. Raises AssertionError if it fails."""
    program = Path(sys.executable).with_name("innkeep")
    process = await asyncio.create_subprocess_exec(
        program,
        "rebuild",
        MODEL,
        env={"PATH": "/usr/bin:/bin", "INNKEEP_DATABASE_URL": database},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=servers.ROOT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


def _result(events: int, quiet: Figures, busy: Figures, took: list[float]) -> Result:
    middle, late = quiet.measured("no rebuild")
    busy_middle, busy_late = busy.measured("during a rebuild")
    return Result(
        TITLE,
        f"{SEARCHES} searches for listings a second (a word, a distance, three nights, the cheapest stay first, all "
        f"facets) at one process on PostgreSQL, while {BOOKINGS} bookings a second arrive there: {SECONDS:.0f} s of it "
        f"without, then as long as `innkeep rebuild {MODEL}`, a process of its own, takes over a log of {events:,} "
        "events. Every booking and every search is checked.",
        (middle, late, busy_middle, busy_late, Measured("the rebuild", "s", took, 1)),
        (
            Ratio("p99, during a rebuild ÷ without", busy_late, late, at_most=2),
            Ratio("p50, during a rebuild ÷ without", busy_middle, middle),
        ),
    )
