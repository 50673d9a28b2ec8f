"""Appends: many callers in one process, beside the library's recorder with as many threads."""

import psycopg

from benchmarks import servers, worker
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from benchmarks.saves import ACTORS, events_of, rounded

TITLE = "Appending, one process"
CALLERS = 32
PRODUCT, LIBRARY = "benchmarks.worker:append", "benchmarks.rivals.library:append"
A_SECOND = {PRODUCT: 4_000, LIBRARY: 600}
"""Saves that are made ready for each second of a round."""
COUNT = {
    PRODUCT: "SELECT count(*) FROM event WHERE name LIKE 'calendar.%'",
    LIBRARY: "SELECT count(*) FROM stored_events",
}


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    databases = {job: servers.database(conninfo, f"append_{number}") for number, job in enumerate(A_SECOND)}
    rates: dict[str, list[float]] = {job: [] for job in A_SECOND}
    recorded = dict.fromkeys(A_SECOND, 0)
    for number in range(-1, plan.rounds):
        for job in A_SECOND if number % 2 else reversed(A_SECOND):
            saves = rounded(A_SECOND[job] * (plan.seconds if number >= 0 else 1.0))
            with worker.started(job, databases[job], str(saves), str(CALLERS)) as process:
                seconds = process.go()
            recorded[job] += events_of(ACTORS + saves)
            _check(databases[job], job, recorded[job])
            if number >= 0:
                rates[job].append(events_of(saves) / seconds)
            plan.say(f"round {number + 1}/{plan.rounds}: {job} {events_of(saves) / seconds:,.0f} events/s")
    product = Measured("product", "events/s", rates[PRODUCT])
    library = Measured("library", "events/s", rates[LIBRARY])
    half = [Measured(f"{of.name}, saves", "saves/s", [rate / 2 for rate in of.values]) for of in (product, library)]
    return Result(
        TITLE,
        f"Saves of one, two and three events in turns, {CALLERS} at a time, the same bytes for both. The product: "
        "aggregates encoded and saved by its store, with a journal row for each save (idempotency key, sealed answer "
        f"and address), from {CALLERS} tasks. The library: stored events, without a journal, into its default "
        f"PostgreSQL recorder, which locks the table and notifies, from {CALLERS} threads with as many connections.",
        (product, library, *half),
        (Ratio("product ÷ library", product, library, at_least=7),),
        ("Both logs were counted after each round: every event that was acknowledged is there.",),
    )


def _check(database: str, job: str, events: int) -> None:
    """All of them are recorded. Raises AssertionError."""
    with psycopg.connect(database) as connection:
        ((found,),) = connection.execute(COUNT[job].encode()).fetchall()
    if found != events:
        raise AssertionError(f"{job} acknowledged {events} events and has {found}")
