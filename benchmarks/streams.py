"""What the longest streams of a marketplace cost to load, by their length: `python -m benchmarks.streams`.

From the cache a load costs the same whatever the length. These are cold ones; beside them what a change reads of the
stream to answer with its document (`history`). Milliseconds; the record of a run is in docs/adr.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from statistics import median
from uuid import uuid4

from benchmarks import servers
from benchmarks.figures import Spread, machine
from commands.ports import Cause
from domain.actor import SYSTEM
from domain.calendar_month import CalendarMonth
from domain.calendar_night import Entry, Place
from domain.catalogue import AGGREGATES
from domain.claim import Claim
from domain.kernel import Aggregate
from domain.listing import BookingPolicies, Listing, Location, Offer
from domain.money import Money
from domain.operator import Operator
from domain.operator import Profile as Employee
from domain.stay import Nights
from domain.user import Profile, User
from infra.event_store import Codec, PostgresEventStore
from infra.event_store.upcasts import UPCASTS
from infra.postgres.migrate import migrate

LENGTHS = (10, 100, 1_000, 5_000, 10_000)
AT_ONCE = 500
"""Events in one save while a stream is made."""
HOST, NOW = uuid4(), datetime(2026, 7, 1, 12, tzinfo=UTC)
FIRST = date(2026, 7, 1)
Changes = Callable[[], tuple[Aggregate, Iterator[None]]]


def claimed_month() -> tuple[Aggregate, Iterator[None]]:
    """Nights claimed, settled and released again and again."""
    month = CalendarMonth.at(uuid4())

    def changes() -> Iterator[None]:
        place, turn = Place(uuid4(), HOST, "Europe/Paris"), 0
        while True:
            claim, first = uuid4(), FIRST + timedelta(days=turn % 28)
            month.claim(place, claim, Nights(first, first + timedelta(days=3)), "hold")
            yield
            month.settle(claim)
            yield
            month.release(claim)
            yield
            turn += 1

    return month, changes()


def priced_month() -> tuple[Aggregate, Iterator[None]]:
    """A host's program that sets another price for each of the 31 nights every day."""
    month = CalendarMonth.at(uuid4())

    def changes() -> Iterator[None]:
        place = Place(uuid4(), HOST, "Europe/Paris")
        month.enter(place, Nights(FIRST, FIRST + timedelta(days=31)), Entry(Money(100, "EUR")), available=True)
        yield
        turn = 0
        while True:
            month.change(FIRST + timedelta(days=turn % 31), Entry(Money(101 + turn, "EUR")))
            yield
            turn += 1

    return month, changes()


def listing() -> tuple[Aggregate, Iterator[None]]:
    """A listing whose price is changed again and again."""
    it = Listing.at(uuid4())
    where = Location(48_856_600_000, 2_352_200_000, "Europe/Paris", "Paris", "FR")
    words = "Quiet, bright, and five minutes from the river. " * 4
    offer = Offer(
        "Room", "1 Rue des Martyrs", words, "room", where, "EUR", 8_000, "instant", policies=BookingPolicies()
    )

    def changes() -> Iterator[None]:
        it.create(HOST, offer, published=True)
        yield
        price = 8_000
        while True:
            price += 1
            it.change(replace(offer, price_per_night=price), published=True)
            yield

    return it, changes()


def operator() -> tuple[Aggregate, Iterator[None]]:
    """An operator kept in step with another system."""
    it = Operator.at(uuid4())
    profile = Employee("olga@people.example", "Olga", "+33 1 23 45 67 89")

    def changes() -> Iterator[None]:
        it.create(profile)
        yield
        number = 0
        while True:
            number += 1
            it.update(replace(profile, external_id=str(number)))
            yield

    return it, changes()


def user() -> tuple[Aggregate, Iterator[None]]:
    """A user who changes their profile and their password; a login is a stream of its own."""
    it = User.at(uuid4())

    def changes() -> Iterator[None]:
        it.register(email="u@people.example", profile=Profile("U", None, None, None), role="user", email_verified=True)
        yield
        number = 0
        while True:
            number += 1
            it.change_profile(Profile(f"U {number}", None, "en", "Hello"))
            yield
            it.change_password(None)
            yield

    return it, changes()


def claim() -> tuple[Aggregate, Iterator[None]]:
    """An e-mail address that is taken and given up."""
    it = Claim.at(uuid4())

    def changes() -> Iterator[None]:
        while True:
            holder = uuid4()
            it.take(holder, "TAKEN", "It is taken.")
            yield
            it.give_up(holder)
            yield

    return it, changes()


STREAMS: dict[str, Changes] = {
    "month: claimed, settled, released": claimed_month,
    "month: nights priced one by one": priced_month,
    "listing: changed": listing,
    "operator: updated": operator,
    "user: profile and password changed": user,
    "claim: taken and given up": claim,
}


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS, help="events of the streams")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, each of all streams (5)")
    told = parser.parse_args()
    with servers.postgres() as conninfo:
        print(machine(conninfo), "\n")
        await migrate(conninfo)
        async with PostgresEventStore(conninfo, Codec(AGGREGATES, UPCASTS)) as maker:
            made = {(what, n): await _made(maker, STREAMS[what], n) for what in STREAMS for n in told.lengths}
        await _measure(conninfo, made, told.rounds, told.lengths)


async def _made(store: PostgresEventStore, kind: Changes, events: int) -> Aggregate:
    stream, changes = kind()
    left = events
    while left:
        for _ in islice(changes, min(left, AT_ONCE)):
            left -= 1
        await store.save([stream], Cause(uuid4(), "change", SYSTEM, NOW))
    return stream


async def _measure(conninfo: str, made: dict[tuple[str, int], Aggregate], rounds: int, lengths: list[int]) -> None:
    took: dict[tuple[str, int], list[tuple[float, float, float]]] = {key: [] for key in made}
    async with PostgresEventStore(conninfo, Codec(AGGREGATES, UPCASTS), cached=0) as store:
        for _ in range(rounds + 1):
            for key, known in made.items():
                start, used = time.perf_counter(), time.process_time()
                found = await store.load(type(known), known.id)
                took_ms, used_ms = 1000 * (time.perf_counter() - start), 1000 * (time.process_time() - used)
                assert found.version == known.version
                start = time.perf_counter()
                await store.history([known.id])
                took[key].append((took_ms, used_ms, 1000 * (time.perf_counter() - start)))
    print("| cold load: ms (of them processor); history: ms | " + " | ".join(f"{n:,} events" for n in lengths) + " |")
    print("|---" * (len(lengths) + 1) + "|")
    for what in STREAMS:
        cells = []
        for n in lengths:
            loads, processor, histories = map(list, zip(*took[what, n][1:], strict=True))  # the first had cold plans
            cells.append(f"{Spread.of(loads).text(1)}, {median(processor):.1f}; {Spread.of(histories).text(1)}")
        print(f"| {what} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    asyncio.run(main())
