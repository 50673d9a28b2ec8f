"""Several projector processes over one log, and what the model says of them beforehand.

Everything that a projector could begin with is held back by one transaction until all of them stand ready, so that none
has a start before the others.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from benchmarks import past, servers, worker
from benchmarks.capacity.model import several
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from infra.read_models.side import ReadSide

TITLE = "Several projector processes, and the model of capacity"
COUNTS = (1, 2, 4)
CORES = float(os.cpu_count() or 1)
READY_SECONDS, LOOK_SECONDS, LONGEST = 5.0, 0.05, 600.0
NO_END = "SET idle_in_transaction_session_timeout = 0"
LOOKING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'innkeep projector'"
START_SECONDS = 60.0
HOLD = "SELECT pg_current_xact_id()"
WORKS = 0.15
"""A process that used this share of the busiest one's processor time has worked; less is what standing by costs."""


@dataclass(frozen=True)
class Run:
    """So many processes took in a log."""

    rate: float
    """Events a second."""
    projectors: float
    """Seconds of processor time an event, all of them together."""
    database: float
    workers: int
    """Processes that did some of it."""


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures a run of each, and reckons the same from a run of one beforehand."""
    events = 15_000 if plan.quick else 60_000
    rounds = 1 if plan.quick else min(plan.rounds, 3)
    base = await _run(plan, conninfo, "calibration", 1, events)
    measured: dict[int, list[float]] = {count: [] for count in COUNTS}
    predicted: dict[int, list[float]] = {count: [] for count in COUNTS}
    notes = []
    for number in range(rounds):
        for count in COUNTS:
            told = await _run(plan, conninfo, f"capacity_{number}_{count}", count, events)
            measured[count].append(told.rate)
            predicted[count].append(several(base.rate, (base.projectors, base.database), told.workers, CORES))
            notes.append(f"{count} started, {told.workers} worked")
    return Result(
        TITLE,
        f"A log of {events:,} events is taken into every read model by 1, 2 and 4 processes of `innkeep projector`, "
        "started together. The model knows a run of one process beforehand: its events a second, and what an event "
        "costs the projector and PostgreSQL in processor time; it is told how many of the processes share the work.",
        [
            *(Measured(f"{count} processes", "events/s", measured[count]) for count in COUNTS),
            *(Measured(f"{count} processes, as the model has it", "events/s", predicted[count]) for count in COUNTS),
        ],
        [
            Ratio(
                f"{count} processes: predicted ÷ measured",
                Measured("", "", predicted[count]),
                Measured("", "", measured[count]),
                at_least=0.75,
                at_most=1.25,
            )
            for count in COUNTS
        ],
        (
            f"{'; '.join(notes[: len(COUNTS)])}.",
            (
                f"An event costs {base.projectors * 1e6:,.0f} µs in the projector and {base.database * 1e6:,.0f} µs in "
                "PostgreSQL."
            ),
        ),
    )


async def _run(plan: Plan, conninfo: str, name: str, count: int, events: int) -> Run:
    database = servers.database(conninfo, name)
    bookings = events // past.A_BOOKING
    made = (await past.made(database, bookings)).commands(bookings)
    async with _caught_up(database) as side:
        with psycopg.connect(database) as hold:
            hold.execute(NO_END)
            hold.execute(HOLD)
            written = past.written(database, made)
            with _projectors(database, count) as processes:
                await _all_ready(database, count)
                used = [servers.used(process) for process in processes]
                base = servers.database_used(database)
                hold.commit()
                start = time.perf_counter()
                await _until_there(side)
                seconds = time.perf_counter() - start
                used = [servers.used(process) - before for process, before in zip(processes, used, strict=True)]
                base = servers.database_used(database) - base
    workers = sum(each >= WORKS * max(used) for each in used)
    plan.say(f"{name}: {count} processes, of which {workers} worked: {written / seconds:,.0f} events/s")
    return Run(written / seconds, sum(used) / written, base / written, workers)


@asynccontextmanager
async def _caught_up(database: str) -> AsyncIterator[ReadSide]:
    """The read models, with all in them that was there before the run."""
    with worker.started("benchmarks.worker:project", database) as product:
        product.go()
    async with worker.read_side(database) as (_, side):
        yield side


async def _all_ready(database: str, count: int) -> None:
    """Return once all of them look at the log, and have rested from their start."""
    end = time.monotonic() + START_SECONDS
    with psycopg.connect(database, autocommit=True) as connection:
        while time.monotonic() < end and connection.execute(LOOKING).fetchall()[0][0] < count:  # noqa: ASYNC110 - what other processes do rings no bell here
            await asyncio.sleep(LOOK_SECONDS)
    await asyncio.sleep(READY_SECONDS)


async def _until_there(side: ReadSide) -> None:
    """Return once no read model is behind. Raises TimeoutError."""
    end = time.monotonic() + LONGEST
    while any(model.events_behind for model in await side.health()):
        if time.monotonic() > end:
            raise TimeoutError("the projectors do not come to the end of the log")
        await asyncio.sleep(LOOK_SECONDS)


@contextlib.contextmanager
def _projectors(database: str, count: int) -> Iterator[list[psutil.Process]]:
    """So many of them. Settings from outside hold for them too, such as where they are fed from."""
    program = str(Path(sys.executable).with_name("innkeep"))
    environment = os.environ | {
        "INNKEEP_MODE": "sandbox",
        "INNKEEP_DATABASE_URL": database,
        "INNKEEP_LOG_LEVEL": "warning",
    }
    processes = [subprocess.Popen([program, "projector"], env=environment) for _ in range(count)]
    try:
        yield [psutil.Process(process.pid) for process in processes]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(servers.STOP)
