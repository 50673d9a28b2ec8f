"""Booking at a listing with a long past: it must cost no more than at one with a short past."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from uuid import UUID

from benchmarks import load, seed, servers
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan

TITLE = "Booking at a listing with a long past"
NIGHTS = 700
"""Nights that can be booked at a listing, one at a time."""


@dataclass
class Past:
    """A listing with so many stays behind it."""

    stays: int
    listing: UUID
    guest: seed.Person
    took: list[float] = field(default_factory=list)
    """Milliseconds a booking, the median of each round."""

    def requests(self) -> Iterator[bytes]:
        first, keys = datetime.now(UTC).date() + timedelta(days=2), load.keys()
        for night in range(NIGHTS):
            body = (
                f'{{"listingId":"{self.listing}","checkIn":"{first + timedelta(days=night)}",'
                f'"checkOut":"{first + timedelta(days=night + 1)}","guestCount":2}}'
            )
            headers = {"Authorization": f"Bearer {self.guest.token}", "Idempotency-Key": next(keys)}
            yield load.request("POST", "/v1/reservations", body.encode(), headers)


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    database = servers.database(conninfo, "history")
    numbers = (5, 500 if plan.quick else 5_000)
    plan.say(f"making listings with {numbers[0]} and {numbers[1]:,} past stays")
    async with seed.marketplace(database) as marketplace:
        host, guest = await marketplace.person("hanna"), await marketplace.person("gus")
        pasts = [Past(stays, await marketplace.listing(host, 0), guest) for stays in numbers]
        for past in pasts:
            await marketplace.past_stays(guest, past.listing, past.stays)
    with servers.product(database) as server:
        await _rounds(plan, server.port, pasts)
    short, long = (Measured(f"after {past.stays:,} stays", "ms a booking", past.took, 2) for past in pasts)
    return Result(
        TITLE,
        "`POST /v1/reservations`, one night each, one at a time, in turns at two listings of one server; the median of "
        "each round.",
        (short, long),
        (Ratio(f"{pasts[1].stays:,} ÷ {pasts[0].stays:,} past stays", long, short, at_most=1.2),),
    )


async def _rounds(plan: Plan, port: int, pasts: list[Past]) -> None:
    each = NIGHTS // (plan.rounds + 1)
    requests = {past.stays: past.requests() for past in pasts}
    for number in range(-1, plan.rounds):
        took: dict[int, list[float]] = {past.stays: [] for past in pasts}
        for step in range(each):
            for past in pasts if step % 2 else reversed(pasts):
                told = await load.run(port, requests[past.stays], connections=1, number=1)
                told.check(201)
                took[past.stays] += told.took
        if number >= 0:
            for past in pasts:
                past.took.append(1000 * median(took[past.stays]))
        told_of = ", ".join(f"{1000 * median(took[past.stays]):.2f} ms after {past.stays:,}" for past in pasts)
        plan.say(f"round {number + 1}/{plan.rounds}: {told_of}")
