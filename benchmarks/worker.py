"""A part of the product in a process of its own: it makes ready, does one thing when it is told to, and says how long
that took. So no round has what another left in memory.
"""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import islice

import structlog
import uvloop

from benchmarks import servers
from benchmarks.saves import ACTORS, saves
from domain.catalogue import AGGREGATES, RESOURCES
from infra.cli.serving import spare_the_collector
from infra.clock import wall_now
from infra.event_store import Codec, PostgresEventStore
from infra.event_store.upcasts import UPCASTS
from infra.postgres.migrate import migrate
from infra.read_models.side import ReadSide
from projections.catalogue import PROJECTIONS

SOON = 3600.0
"""Seconds that the read models may take to follow."""
Work = Callable[[], Awaitable[object]]


@asynccontextmanager
async def read_side(database: str) -> AsyncIterator[tuple[PostgresEventStore, ReadSide]]:
    """The product's store and read models, wired as its build() does; nothing runs."""
    async with (
        PostgresEventStore(database, Codec(AGGREGATES, UPCASTS)) as store,
        ReadSide(database, store, PROJECTIONS, RESOURCES, now=wall_now) as side,
    ):
        yield store, side


@asynccontextmanager
async def project(database: str) -> AsyncIterator[Work]:
    """The projector, from where it stands to the end of the log."""
    async with read_side(database) as (_, side):

        async def work() -> None:
            running = asyncio.create_task(side.runner.run())
            await side.waiting.until_now(side.models, SOON)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        yield work


@asynccontextmanager
async def rebuild(database: str, model: str) -> AsyncIterator[Work]:
    """The rebuild of one read model, as `innkeep rebuild` does it."""
    async with read_side(database) as (_, side):
        yield lambda: side.rebuild(model)


@asynccontextmanager
async def append(database: str, number: str, callers: str) -> AsyncIterator[Work]:
    """So many saves by so many callers at once, each sending its next when the last was acknowledged."""
    await migrate(database)
    async with PostgresEventStore(database, Codec(AGGREGATES, UPCASTS)) as store:
        left = iter(list(saves(ACTORS + int(number))))
        for save in islice(left, ACTORS):
            await store.save(save.months, save.cause)

        async def caller() -> None:
            for save in left:
                await store.save(save.months, save.cause)

        async def work() -> None:
            await asyncio.gather(*(caller() for _ in range(int(callers))))

        yield work


async def main(job: str, *arguments: str) -> None:
    """Makes ready, waits for a line, works, tells the seconds. A job is named `module:function`."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # what is printed is what is told
    module, _, name = job.partition(":")
    job_of: Callable[..., AbstractAsyncContextManager[Work]] = getattr(import_module(module), name)
    async with job_of(*arguments) as work:
        spare_the_collector()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        start = time.perf_counter()
        await work()
        print(time.perf_counter() - start, flush=True)


@dataclass(frozen=True)
class Worker:
    """Such a process, ready to begin."""

    process: "subprocess.Popen[str]"

    def begin(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def end(self) -> float:
        """Seconds that it took. Raises RuntimeError if it failed."""
        assert self.process.stdout
        told = self.process.stdout.readline()
        if not told:
            raise RuntimeError(f"{self.process.args!r} failed")
        return float(told)

    def go(self) -> float:
        self.begin()
        return self.end()


@contextlib.contextmanager
def started(job: str, *arguments: str) -> Iterator[Worker]:
    """One of the jobs, ready to begin."""
    command = [sys.executable, "-m", "benchmarks.worker", job, *arguments]
    process = subprocess.Popen(command, cwd=servers.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{command!r} did not start")
        yield Worker(process)
        process.wait(servers.STOP)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
