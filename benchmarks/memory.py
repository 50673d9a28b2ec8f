"""Memory of a running server while a million bookings pass through it: it must not grow."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from statistics import median

import psutil
from psycopg import AsyncConnection

from benchmarks import load, past, servers, street
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from infra.event_store.group_commit import APPEND
from infra.ids import new_id

TITLE = "Memory of a server"
CACHED = 12_000
"""Bookings over HTTP before anything is measured: more than there is room for in the server's cache of aggregates."""
AT_ONCE = 500
"""Bookings appended in one transaction."""
AHEAD = 10_000
"""Events that the read models may be behind while more is appended."""
A_SECOND = 20
"""Bookings over HTTP, all the while."""
WARM = 0.15
"""Of the bookings appended, before the first look."""
LOOKS = 5
BEHIND = "SELECT (SELECT max(position) FROM event) - (SELECT min(position) FROM read_model)"


@dataclass
class Watched:
    """A server, and what it was seen to hold, in MB, after how many bookings."""

    process: psutil.Process
    seen: list[tuple[int, float]] = field(default_factory=list)
    answered: int = 0

    async def look(self, bookings: int) -> float:
        """The median of some seconds."""
        sizes = []
        for _ in range(10):
            sizes.append(self.process.memory_info().rss / 1e6)
            await asyncio.sleep(0.5)
        self.seen.append((bookings, median(sizes)))
        return self.seen[-1][1]


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    bookings = 50_000 if plan.quick else 1_000_000
    database = servers.database(conninfo, "memory")
    plan.say("making listings and guests")
    there = await street.made(database, 300, 32)
    now = datetime.now(UTC).date()
    behind = await past.made(database, bookings, now.replace(year=now.year + 1, month=1, day=1), ("helga", "gerd"))
    past.written(database, behind.offers())
    start = time.perf_counter()
    with servers.product(database) as server:
        watched = Watched(psutil.Process(server.pid))
        requests = there.requests(1)
        number = CACHED // 10 if plan.quick else CACHED
        told = await load.run(server.port, islice(requests, number), connections=32, seconds=300.0)
        told.check(201)
        watched.answered = len(told.answers)
        steady = asyncio.create_task(_book(server.port, requests, watched))
        await _append(plan, database, behind, bookings, watched)
        steady.cancel()
        await asyncio.gather(steady, return_exceptions=True)
    return _result(plan, watched, bookings, time.perf_counter() - start)


async def _append(plan: Plan, database: str, behind: past.Past, bookings: int, watched: Watched) -> None:
    """All of the bookings, never far ahead of the read models; looks at the server in between."""
    warm = round(WARM * bookings)
    stops = [warm + round((bookings - warm) * look / LOOKS) for look in range(LOOKS + 1)]
    done = 0
    async with await AsyncConnection.connect(database, autocommit=True, prepare_threshold=0) as connection:
        for stop in stops:
            began, first = time.perf_counter(), done
            while done < stop:
                some = range(done, min(done + AT_ONCE, stop))
                await connection.execute(APPEND, _columns([behind.held(number) for number in some]))
                done = some.stop
                await _wait(connection, AHEAD)
            await _wait(connection, A_SECOND * 4)
            rate = (done - first) / (time.perf_counter() - began)
            size = await watched.look(done)
            plan.say(f"{size:,.0f} MB after {done:,} bookings, {rate:,.0f} of them a second")


async def _wait(connection: AsyncConnection, events: int) -> None:
    """Until the read models are no more than so many events behind."""
    while True:
        row = await (await connection.execute(BEHIND)).fetchone()
        if row is None or row[0] <= events:
            return
        await asyncio.sleep(0.05)


async def _book(port: int, requests: Iterator[bytes], watched: Watched) -> None:
    """Real bookings, so many a second, until cancelled."""
    while True:
        told, _ = await asyncio.gather(
            load.run(port, requests, connections=4, number=A_SECOND),
            asyncio.sleep(1.0),
        )
        told.check(201)
        watched.answered += len(told.answers)


def _columns(commands: list[past.Command]) -> list[list[object]]:
    """As `append_events` takes them."""
    ids = [new_id() for _ in commands]
    events = [(*event, id) for id, command in zip(ids, commands, strict=True) for event in command.events]
    rows = [
        (id, of.name, of.actor.id, of.actor.role, None, "default", str(id), None, of.at, None, None, None)
        for id, of in zip(ids, commands, strict=True)
    ]
    return [list(column) for column in (*zip(*events, strict=True), *zip(*rows, strict=True))]


def _result(plan: Plan, watched: Watched, bookings: int, seconds: float) -> Result:
    (_, first), *later = watched.seen
    begun = Measured(f"after {watched.seen[0][0]:,} bookings", "MB", [first])
    end = Measured(f"after {bookings:,} bookings", "MB", [later[-1][1]])
    between = ", ".join(f"{size:,.0f} after {number:,}" for number, size in watched.seen)
    return Result(
        TITLE,
        f"One `innkeep serve` takes in {bookings:,} bookings, {2 * bookings:,} events, which are appended beside it as "
        f"fast as its read models follow, while {A_SECOND} real bookings a second pass through it. Before the first "
        "look its cache of aggregates was filled by bookings over HTTP. Resident set size.",
        (begun, end),
        (Ratio("end ÷ beginning", end, begun, at_most=1.1),),
        (
            f"MB along the way: {between}.",
            f"{watched.answered:,} bookings were made over HTTP, each answered 201; all of it took {seconds:,.0f} s.",
            *(["This was too short to fill the server's bounded caches: it grew by them."] if plan.quick else []),
        ),
    )
