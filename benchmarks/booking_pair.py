"""Booking over HTTP with two processes: the product beside naive CRUD, one insert with an exclusion constraint."""

import contextlib
from statistics import median

import httpx
import psycopg

from benchmarks import servers, street
from benchmarks.booking import CONNECTIONS, FIND_EVENT, FIND_ROW, Contestant, rounds
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from benchmarks.rivals import floor, naive

TITLE = "Booking over HTTP, two processes"


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    own, other, least = (servers.database(conninfo, f"booking_pair_{name}") for name in ("product", "naive", "floor"))
    plan.say("making listings and guests")
    there = await street.made(own, 200 if plan.quick else 2000, CONNECTIONS)
    with psycopg.connect(other) as connection:
        connection.execute(naive.TABLES)
    floor.prepare(least)
    with contextlib.ExitStack() as stack:
        product = [stack.enter_context(servers.product(own, role)) for role in ("serve", "api")]
        rival = [stack.enter_context(servers.rival("naive", other)) for _ in range(2)]
        key = {"RIVAL_PUBLIC_KEY": there.public_pem}
        lowest = [stack.enter_context(servers.rival("floor", least, **key)) for _ in range(2)]
        contestants = (
            Contestant("product", product, there.requests(1), FIND_EVENT),
            Contestant("naive CRUD", rival, there.requests(1), FIND_ROW.format("naive_reservation")),
            Contestant("floor", lowest, there.requests(1), FIND_EVENT),
        )
        _check_refuses(rival[0].port, there)
        await rounds(plan, contestants)
    ours, naively, bottom = (Measured(c.name, "bookings/s", [done.rate for done in c.rounds]) for c in contestants)
    used = [
        Measured(f"{c.name}: servers and PostgreSQL", "µs of processor", [r.server + r.database for r in c.rounds])
        for c in contestants
    ]
    booked = ", ".join(f"{c.name} {c.acknowledged:,}" for c in contestants)
    sizes = ", ".join(f"{c.name} {c.size:,}" for c in contestants)
    cost = [median(of.values) for of in used]
    return Result(
        TITLE,
        f"The same requests over {CONNECTIONS} connections, half of them to each of two processes on one database. The "
        "product: `innkeep serve` (API, projector and scheduler) and `innkeep api`. Naive CRUD: two uvicorn processes; "
        "no login, no rules, no price, no retry safety, no read model. The floor: as with one process.",
        (ours, naively, bottom, *used),
        (
            Ratio("product ÷ naive CRUD", ours, naively, at_least=1.0),
            Ratio("floor ÷ naive CRUD", bottom, naively),
            Ratio("product ÷ floor", ours, bottom),
        ),
        (
            f"Every answer was a 201 and is recorded: {booked}.",
            f"Bytes of an answer: {sizes}.",
            f"In processor time, servers and PostgreSQL, a booking costs {cost[0] / cost[1]:.2f} times the naive one.",
            (
                "The read models had everything "
                f"{max(done.behind for done in contestants[0].rounds):.1f} s after the last booking of a round."
            ),
        ),
    )


def _check_refuses(port: int, there: street.Street) -> None:
    """The rival keeps its one promise: of two stays that share a night it refuses the second. Raises AssertionError."""
    last = street.SLOT * street.SLOTS + 10  # beyond what is booked here
    told = [
        httpx.post(
            f"http://127.0.0.1:{port}/v1/reservations",
            json={
                "listingId": str(there.listings[0]),
                "checkIn": str(there.day(last + late)),
                "checkOut": str(there.day(last + late + 2)),
                "guestCount": 2,
            },
        ).status_code
        for late in (0, 1, 2)
    ]
    if told != [201, 409, 201]:
        raise AssertionError(f"of three stays, each overlapping the last by a night, it said {told}")
