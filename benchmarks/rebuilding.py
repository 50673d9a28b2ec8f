"""A rebuild of one read model from a long log, beside reading and decoding the log alone."""

import psycopg

from benchmarks import past, servers, worker
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from benchmarks.rivals import plain_read
from projections.reservations import RESERVATIONS

TITLE = "Rebuilding a read model"
MODEL = "reservation"


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    events = 50_000 if plan.quick else 1_000_000
    database, bookings = servers.database(conninfo, "rebuilding"), events // past.A_BOOKING
    plan.say(f"making {events:,} events")
    past.written(database, (await past.made(database, bookings)).commands(bookings))
    names = {fact.TOPIC for fact in RESERVATIONS.handles}
    product: list[float] = []
    whole: list[float] = []
    part: list[float] = []
    for number in range(-1, plan.rounds):
        rows, seconds = plain_read.read(database)
        handled, of_these = plain_read.read(database, names)
        with worker.started("benchmarks.worker:rebuild", database, MODEL) as rebuild:
            took = rebuild.go()
        _check(database, bookings)
        if number >= 0:
            product.append(took)
            whole.append(seconds)
            part.append(of_these)
        plan.say(
            f"round {number + 1}/{plan.rounds}: rebuilt in {took:.1f} s, read in {seconds:.1f} s, "
            f"its own events in {of_these:.1f} s"
        )
    rebuilt, read, own = (
        Measured("rebuild", "s", product, 2),
        Measured("SELECT and decode, the whole log", "s", whole, 2),
        Measured("SELECT and decode, this model's events", "s", part, 2),
    )
    return Result(
        TITLE,
        f"A log of {rows:,} events, {bookings:,} bookings of two nights from request to check-out; the read model "
        f"`{MODEL}` is made anew as `innkeep rebuild` makes it: a fresh table with its indexes, filled from the log "
        "and put in the place of the old one. The rival selects the rows through a server-side cursor and decodes "
        "their JSON, with msgspec, into plain values.",
        (rebuilt, read, own),
        (
            Ratio("whole log: read ÷ rebuild", read, rebuilt, at_least=0.5),
            Ratio("this model's events: read ÷ rebuild", own, rebuilt),
        ),
        (f"{handled:,} of the events concern the model; it has {bookings:,} documents afterwards, which is checked.",),
    )


def _check(database: str, bookings: int) -> None:
    """Every booking has its document, as it ended. Raises AssertionError."""
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT count(*) FROM doc_reservation WHERE body->>'bookingStatus' = 'complete'")
        ((documents,),) = found.fetchall()
    if documents != bookings:
        raise AssertionError(f"{documents} of {bookings} reservations are there")
