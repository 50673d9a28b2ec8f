"""Listings to book and guests who book them: the same for the product and for its rivals."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from benchmarks import load, seed
from benchmarks.rivals import crud

SLOT = 5
"""Days of the calendar that one booking may take; its stay has 2 to 5 nights."""
SLOTS = 140
LISTINGS = """COPY crud_listing (published, cleaning, weekly_rate, tax_rate, max_guests, currency, zone, policies,
  cancellation, id, host, price) FROM STDIN"""


@dataclass(frozen=True)
class Street:
    """What there is to book, and who books."""

    guests: Sequence[seed.Person]
    host: seed.Person
    listings: Sequence[UUID]
    first: date
    public_pem: str
    shown: dict[str, Any]
    """A listing's document: what the rival keeps of its policies is the same."""

    def day(self, number: int) -> date:
        return self.first + timedelta(days=number)

    def price(self, number: int) -> int:
        return (80 + number % 120) * 100

    def overrides(self, number: int) -> dict[date, int]:
        start = self.first + timedelta(days=30 + number % 300)
        return {start + timedelta(days=n): self.price(number) + 5000 for n in range(7)}

    def requests(self, chance: int) -> Iterator[bytes]:
        """Bookings of nights that are free, in a random order that is the same for all."""
        order, keys = random.Random(chance), load.keys()
        slots = order.sample(range(len(self.listings) * SLOTS), len(self.listings) * SLOTS)
        bearers = [f"Bearer {guest.token}" for guest in self.guests]
        for turn, slot in enumerate(slots):
            place, listing = divmod(slot, len(self.listings))
            arrival = self.first + timedelta(days=place * SLOT)
            body = (
                f'{{"listingId":"{self.listings[listing]}","checkIn":"{arrival}",'
                f'"checkOut":"{arrival + timedelta(days=2 + slot % 4)}","guestCount":2}}'
            )
            headers = {"Authorization": bearers[turn % len(bearers)], "Idempotency-Key": next(keys)}
            yield load.request("POST", "/v1/reservations", body.encode(), headers)


async def made(conninfo: str, listings: int, guests: int) -> Street:
    """As many listings and guests, in the product's database."""
    first = datetime.now(UTC).date() + timedelta(days=2)
    async with seed.marketplace(conninfo) as marketplace:
        host = await marketplace.person("hanna")
        people = await seed.gather(marketplace.person(f"guest{number}") for number in range(guests))
        places = await seed.gather(marketplace.listing(host, number) for number in range(listings))
        key = await marketplace.product.signing_keys.current()
        await marketplace.product.side.waiting.until_now(("listing",), seed.SOON)
        shown = await marketplace.product.services.documents.find("listing", places[0])
        street = Street(people, host, places, first, key.public_pem, shown or {})
        await seed.gather(
            marketplace.override(host, listing, min(nights), len(nights), max(nights.values()) // 100)
            for number, listing in enumerate(places)
            if (nights := street.overrides(number))
        )
    return street


def copied(conninfo: str, street: Street) -> None:
    """The same people, listings and prices for the rival."""
    policies = msgspec.json.encode(street.shown["bookingPolicies"], enc_hook=float).decode()
    steps = [{"hoursBeforeCheckIn": 120, "refundPercent": 100}, {"hoursBeforeCheckIn": 24, "refundPercent": 50}]
    cancellation = msgspec.json.encode({"tier": "moderate", "steps": steps}).decode()
    terms = (True, 4500, 750, 550, 4, "EUR", "Europe/Paris", policies, cancellation)
    with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
        cursor.execute(crud.TABLES)
        people = [(guest.id, guest.actor.session) for guest in street.guests]
        cursor.executemany("INSERT INTO crud_user VALUES (%s, 'user', true)", [(id,) for id, _ in people])
        cursor.executemany("INSERT INTO crud_session VALUES (%s, %s, false)", [(own, id) for id, own in people])
        with cursor.copy(LISTINGS) as copy:
            for number, listing in enumerate(street.listings):
                copy.write_row((*terms, listing, street.host.id, street.price(number)))
        with cursor.copy("COPY crud_override (listing, night, price) FROM STDIN") as copy:
            for number, listing in enumerate(street.listings):
                for night, price in street.overrides(number).items():
                    copy.write_row((listing, night, price))
        cursor.execute("ANALYZE")
