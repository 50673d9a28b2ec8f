"""A marketplace with a past: as many events as wanted, with the bytes and the order that its aggregates give them.

What is asked for by the million is written by COPY: each event is made once by the product's own aggregates and codec,
for every stay that a calendar has room for, and then told of other listings, guests and reservations.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

import psycopg

from benchmarks import seed
from domain.actor import Actor
from domain.agreement import Agreement, Links
from domain.calendar_month import CalendarMonth
from domain.calendar_night import Place
from domain.catalogue import AGGREGATES
from domain.claim import Claim
from domain.kernel import Aggregate
from domain.listing import BookingPolicies, Listing
from domain.operator import Operator, Profile
from domain.policies import Grace
from domain.pricing import price
from domain.reservation import Reservation
from domain.stay import Nights, Stay
from domain.terms import Terms
from infra.event_store import Codec
from infra.event_store.codec import Stored
from infra.ids import new_id

STAYS = 12
"""In a month of one listing's calendar, of two nights each."""
MONTHS = 24
PAID_AFTER, OVER_AFTER = 20, 3000
"""How many other bookings are asked for until one is paid, and until it is over."""
A_BOOKING = 5
"""Events: it is requested and its nights are claimed, it is confirmed and they are settled, it is complete."""

EVENTS = "COPY event (position, stream, version, name, state, command) FROM STDIN (FORMAT BINARY)"
COMMANDS = """COPY command (id, name, actor, role, tenant, request_id, at, position, recorded_at)
  FROM STDIN (FORMAT BINARY)"""
DRAWN = "SELECT coalesce(max(position), 0) FROM event"


class Command(NamedTuple):
    """One command, and what it recorded."""

    name: str
    actor: Actor
    at: datetime
    events: Sequence[Stored]


@dataclass(frozen=True)
class Told:
    """The events of one stay: what they say, with the ids that others are put in the place of."""

    requested: bytes
    claimed: bytes
    confirmed: bytes
    settled: bytes
    completed: bytes
    booked: datetime
    over: datetime


@dataclass
class Past:
    """Listings, and all that was ever booked there. Bookings are numbered: the listings take turns."""

    listing: Listing
    """The one that all others are like."""
    guest: UUID
    terms: Terms
    first: date
    """A first of a month: when the calendars begin."""
    listings: list[UUID]
    guests: list[UUID]
    offer: Stored
    reservations: list[UUID] = field(default_factory=list)
    told: dict[int, Told] = field(default_factory=dict)
    sample: UUID = field(default_factory=uuid4)

    def commands(self, bookings: int) -> Iterator[Command]:
        """The listings, then bookings from first to last: asked for, paid and over, each among others."""
        yield from self.offers()
        for number in range(bookings + OVER_AFTER):
            if number < bookings:
                yield self.requested(number)
            if 0 <= number - PAID_AFTER < bookings:
                yield self.paid(number - PAID_AFTER)
            if 0 <= number - OVER_AFTER < bookings:
                yield self.over(number - OVER_AFTER)

    def offers(self) -> Iterator[Command]:
        """The listings."""
        host = Actor(self.listing.host, "user")
        for listing in self.listings:
            offer = self.offer._replace(stream=listing)
            yield Command("createListing", host, self._told(0).booked, [offer])

    def held(self, number: int) -> Command:
        """The booking is asked for, where none is ever paid."""
        return self.requested(number, self._stay(number) % STAYS + 1)

    def requested(self, number: int, version: int | None = None) -> Command:
        """The booking is asked for: its nights are held."""
        told, listing, stay = self._told(number), self._listing(number), self._stay(number)
        guest = self.guests[number % len(self.guests)]
        reservation = new_id()
        if version is None:
            self.reservations.append(reservation)
        request = told.requested.replace(_text(self.listing.id), _text(listing))
        claim = told.claimed.replace(_text(self.listing.id), _text(listing))
        events = [
            Stored(reservation, 1, "reservation.requested.v1", request.replace(_text(self.guest), _text(guest))),
            Stored(
                self._month(number),
                version or 2 * (stay % STAYS) + 1,
                "calendar.claimed.v1",
                claim.replace(_text(self.sample), _text(reservation)),
            ),
        ]
        return Command("createReservation", Actor(guest, "user"), told.booked, events)

    def paid(self, number: int) -> Command:
        """It is paid: its nights are booked."""
        told, reservation = self._told(number), self.reservations[number]
        settled = told.settled.replace(_text(self.sample), _text(reservation))
        events = [
            Stored(reservation, 2, "reservation.confirmed.v1", told.confirmed),
            Stored(self._month(number), 2 * (self._stay(number) % STAYS) + 2, "calendar.settled.v1", settled),
        ]
        guest = Actor(self.guests[number % len(self.guests)], "user")
        return Command("startReservationPayment", guest, told.booked, events)

    def over(self, number: int) -> Command:
        """The guests have checked out."""
        told = self._told(number)
        events = [Stored(self.reservations[number], 3, "reservation.completed.v1", told.completed)]
        return Command("completeStay", Actor(role="system"), told.over, events)

    def _listing(self, number: int) -> UUID:
        return self.listings[number % len(self.listings)]

    def _stay(self, number: int) -> int:
        return number // len(self.listings)

    def _month(self, number: int) -> UUID:
        return CalendarMonth.id_of(self._listing(number), self._told(number).over.date().replace(day=1))

    def _told(self, number: int) -> Told:
        stay = self._stay(number)
        if stay not in self.told:
            self.told[stay] = self._tell(stay)
        return self.told[stay]

    def _tell(self, number: int) -> Told:
        month, place = divmod(number, STAYS)
        years, month = divmod(self.first.month - 1 + month, 12)
        arrival = date(self.first.year + years, month + 1, 1 + 2 * place)
        nights = Nights(arrival, arrival + timedelta(days=2))
        assert self.listing.host is not None
        stay = Stay(nights, self.listing.zone, self.terms.check_in_time, self.terms.check_out_time)
        booked = stay.check_in - timedelta(days=10)
        reservation = Reservation.at(self.sample)
        calendar = CalendarMonth.at(CalendarMonth.id_of(self.listing.id, arrival))
        calendar.claim(Place(self.listing.id, self.listing.host, self.listing.zone), self.sample, nights, "hold")
        agreement = Agreement(
            listing=self.listing.id,
            guest=self.guest,
            host=self.listing.host,
            stay=stay,
            guest_count=2,
            approval="instant",
            price=price(nights, self.listing.rates, {}, self.terms),
            cancellation=self.listing.policy(Grace()),
            booking_policies=self.listing.offer.policies or BookingPolicies(),
        )
        reservation.request(agreement, Links(), at=booked, terms=self.terms)
        calendar.settle(self.sample)
        reservation.confirm(at=booked)
        reservation.complete(at=stay.check_out)
        requested, confirmed, completed = _states(reservation)
        claimed, settled = _states(calendar)
        return Told(requested, claimed, confirmed, settled, completed, booked, stay.check_out)


def operators(number: int, changes: int, admin: Actor, at: datetime) -> Iterator[Command]:
    """So many operators, each made and then changed so many times."""
    sample, codec, email = Operator.at(uuid4()), Codec([Operator, Claim]), "operator-0@backoffice.example"
    claim = Claim.at(uuid4())
    sample.create(Profile(email, "Operator 0", "+48 000"))
    for change in range(1, changes + 1):
        sample.update(Profile(email, "Operator 0", f"+48 {change:03}"))
    claim.take(sample.id, "EMAIL_TAKEN", "Another operator has this e-mail.")
    facts: list[Stored] = [codec.encode(fact) for fact in sample.pending_events]  # type: ignore[arg-type]
    (taken,) = _states(claim)
    for turn in range(number):
        id, own = new_id(), email.replace("-0@", f"-{turn}@")
        claimed = Stored(
            Claim.id_of("operator-email", own), 1, "claim.taken.v1", taken.replace(_text(sample.id), _text(id))
        )
        for fact in facts:
            said = fact._replace(stream=id, state=fact.state.replace(email.encode(), own.encode()))
            first = fact.version == 1
            yield Command("createOperator" if first else "updateOperator", admin, at, [said, claimed][: 1 + first])


async def made(
    conninfo: str, bookings: int, first: date = date(2022, 1, 1), people: tuple[str, str] = ("hanna", "gus")
) -> Past:
    """A past of so many bookings. Of it a host, a guest and the listing that all others are like are recorded."""
    async with seed.marketplace(conninfo) as marketplace:
        host, guest = await marketplace.person(people[0]), await marketplace.person(people[1])
        listing = await marketplace.product.store.load(Listing, await marketplace.listing(host, 0))
        (offer,) = await marketplace.product.store.history([listing.id])
        terms = marketplace.product.services.terms
    listings = max(2 * PAID_AFTER, -(-bookings // (MONTHS * STAYS)))
    guests = [new_id() for _ in range(max(10, bookings // 10))]
    encoded = Codec(AGGREGATES).encode(offer.fact)
    return Past(listing, guest.id, terms, first, [new_id() for _ in range(listings)], guests, encoded)


def written(conninfo: str, commands: Iterable[Command]) -> int:
    """Into the log, while nobody reads or writes it; answers how many events."""
    with psycopg.connect(conninfo) as one, psycopg.connect(conninfo) as two:
        ((before,),) = one.execute(DRAWN).fetchall()
        position = before
        with one.cursor().copy(EVENTS) as events, two.cursor().copy(COMMANDS) as rows:
            events.set_types(["int8", "uuid", "int4", "text", "bytea", "uuid"])
            rows.set_types(["uuid", "text", "uuid", "text", "text", "text", "timestamptz", "int8", "timestamptz"])
            for command in commands:
                id = new_id()
                for event in command.events:
                    position += 1
                    events.write_row((position, *event, id))
                actor, role, at = command.actor.id, command.actor.role, command.at
                rows.write_row((id, command.name, actor, role, "default", str(id), at, position, at))
        one.execute("SELECT setval('log_position', %s)", [position])
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE event")
        connection.execute("VACUUM ANALYZE command")
    return int(position - before)


def _states(aggregate: Aggregate) -> list[bytes]:
    codec = Codec([type(aggregate)])
    return [codec.encode(fact).state for fact in aggregate.pending_events]  # type: ignore[arg-type]


def _text(id: UUID) -> bytes:
    return str(id).encode()
