"""Appends of two processes on one database, beside `pgbench` inserting the same rows."""

import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks import servers, worker
from benchmarks.appending import COUNT, PRODUCT
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from benchmarks.rivals import pgbench
from benchmarks.saves import ACTORS, SIZES, events_of, rounded
from infra.postgres.migrate import migrate

TITLE = "Appending, two processes"
CALLERS = 32
"""Of each process."""
A_SECOND = 3_000
"""Saves that each process makes ready for a second of a round."""
CLIENTS = (2, 8, 32, 64)
"""Of pgbench: the best of these is what the product is measured against."""


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    own, other = (servers.database(conninfo, f"append_twice_{name}") for name in ("product", "pgbench"))
    await migrate(other)
    recorded = _two(own, rounded(500))[0]
    with tempfile.TemporaryDirectory() as folder:
        files = pgbench.scripts(own, Path(folder), SIZES)
        tried = {clients: pgbench.run(other, files, SIZES, clients, min(3.0, plan.seconds))[1] for clients in CLIENTS}
        best = max(tried, key=lambda clients: tried[clients])
        plan.say("pgbench, events/s by clients: " + ", ".join(f"{of} {rate:,.0f}" for of, rate in tried.items()))
        rates: dict[str, list[float]] = {"product": [], "pgbench": []}
        for number in range(-1, plan.rounds):
            for name in rates if number % 2 else reversed(rates):
                if name == "pgbench":
                    rate = pgbench.run(other, files, SIZES, best, plan.seconds if number >= 0 else 1.0)[1]
                else:
                    events, rate = _two(own, rounded(A_SECOND * (plan.seconds if number >= 0 else 1.0)))
                    recorded += events
                    _check(own, recorded)
                if number >= 0:
                    rates[name].append(rate)
                plan.say(f"round {number + 1}/{plan.rounds}: {name} {rate:,.0f} events/s")
    product, rival = (Measured(name, "events/s", values) for name, values in rates.items())
    by_clients = ", ".join(f"{clients} {rate:,.0f}" for clients, rate in tried.items())
    return Result(
        TITLE,
        "Saves of one, two and three events in turns, each with its journal row. The product: two processes, "
        f"{CALLERS} callers in each. `pgbench -M prepared` with {pgbench.THREADS} threads: the same rows of the same "
        "sizes into the same tables with the same indexes, one statement and one transaction a save; no version "
        "conflict to tell from another, no lock, no notification.",
        (product, rival),
        (Ratio("product ÷ pgbench", product, rival, at_least=0.4),),
        (f"pgbench was measured with {best} clients, the best of a try beforehand (events/s): {by_clients}.",),
    )


def _two(database: str, saves: int) -> tuple[int, float]:
    """So many saves of each of two processes at once: events in the log, and a second until the slower has ended."""
    arguments = (database, str(saves), str(CALLERS))
    with worker.started(PRODUCT, *arguments) as one, worker.started(PRODUCT, *arguments) as two:
        start = time.perf_counter()
        one.begin()
        two.begin()
        one.end()
        two.end()
        seconds = time.perf_counter() - start
    return 2 * events_of(ACTORS + saves), 2 * events_of(saves) / seconds


def _check(database: str, events: int) -> None:
    """All of them are recorded. Raises AssertionError."""
    with psycopg.connect(database) as connection:
        ((found,),) = connection.execute(COUNT[PRODUCT].encode()).fetchall()
    if found != events:
        raise AssertionError(f"{events} events were acknowledged and {found} are there")
