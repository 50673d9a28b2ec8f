"""Data to measure on, made in this process by the product's own commands, aggregates and event store."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from pydantic import SecretStr

from benchmarks.servers import SUPERADMIN
from commands.bus import Ask
from commands.ports import Cause
from domain.actor import NOBODY, Actor
from domain.agreement import Agreement, Links
from domain.calendar_month import CalendarMonth
from domain.calendar_night import Place
from domain.kernel import Aggregate
from domain.listing import BookingPolicies, Listing
from domain.policies import Grace
from domain.pricing import price
from domain.reservation import Reservation
from domain.session import Session
from domain.stay import Nights, Stay, months
from domain.user import User
from infra.build import build
from infra.postgres.migrate import migrate
from infra.product import Product
from infra.roles import Role
from infra.settings import Settings

AT_ONCE = 12
SOON = 600.0
"""Seconds in which the read models must have followed."""


@dataclass(frozen=True)
class Person:
    """Somebody who calls, with a token."""

    id: UUID
    actor: Actor
    token: str


@asynccontextmanager
async def marketplace(conninfo: str) -> AsyncIterator["Marketplace"]:
    """An empty marketplace on a new database, with its projector at work; all is visible to reads when it closes."""
    await migrate(conninfo)
    settings = Settings(
        _env_file=None,
        mode="production",
        payments="simulator",
        superadmin_email=SUPERADMIN[0],
        superadmin_password=SecretStr(SUPERADMIN[1]),
        login_failures_per_address=1_000_000,
    )
    async with build(settings, conninfo=conninfo, roles=frozenset({Role.PROJECTOR})) as product:
        yield Marketplace(product)
        await product.side.waiting.until_now(product.side.models, SOON)


class Marketplace:
    """What the benchmarks need to be there."""

    def __init__(self, product: Product) -> None:
        self.product = product

    async def command(self, name: str, body: dict[str, Any], actor: Actor = NOBODY) -> dict[str, Any]:
        """One of the product's commands; the resource that it answers."""
        command, now = self.product.registry[name], self.product.clock.now()
        ask = Ask(actor, now, now, lambda answer, shown: msgspec.json.encode(shown or answer.extra, enc_hook=str))
        done = await self.product.bus.run(command, command.message.model_validate(body), ask)
        found: dict[str, Any] = msgspec.json.decode(done.body)
        return found

    async def person(self, name: str) -> Person:
        """Somebody who registered and has a session."""
        email, password = f"{name}@people.example", f"{name}-secret"
        user = await self.command("registerUser", {"email": email, "password": password, "fullname": name})
        return await self.log_in(UUID(user["id"]))

    async def admin(self) -> Person:
        """The superAdmin."""
        session = await self.command("login", {"username": SUPERADMIN[0], "password": SUPERADMIN[1]})
        id = UUID(session["userId"])
        return Person(id, Actor(id, "superAdmin", UUID(session["sessionId"])), session["accessToken"])

    async def log_in(self, id: UUID) -> Person:
        """A session of a user, without the wait for their password."""
        user = await self.product.store.load(User, id)
        session = Session.at(self.product.services.new_id())
        session.start(id, user.epoch)
        await self.save((session,), "login", Actor(id, user.role))
        token = await self.product.services.identity.tokens.issue(
            user=id, session=session.id, role=user.role, at=self.product.clock.real_now()
        )
        return Person(id, Actor(id, user.role, session.id), token)

    async def listing(self, host: Person, number: int) -> UUID:
        """A published listing with a price, fees, discounts and a tax."""
        offer = {
            "title": f"Room {number}",
            "description": "Quiet, bright, and five minutes from the river.",
            "address": f"{number} Rue des Martyrs",
            "propertyType": "room",
            "approvalType": "instant",
            "isPublished": True,
            "pricePerNight": 80 + number % 120,
            "currency": "EUR",
            "cityTaxPercent": 5.5,
            "location": {
                "lat": 48.8566,
                "lon": 2.3522,
                "city": "Paris",
                "countryCode": "FR",
                "timeZone": "Europe/Paris",
            },
            "bookingPolicies": {"maxGuests": 4, "cleaningFee": 45, "weeklyDiscountPercent": 7.5},
            "cancellationPolicy": {"tier": "moderate"},
        }
        return UUID((await self.command("createListing", offer, host.actor))["id"])

    async def override(self, host: Person, listing: UUID, start: date, nights: int, price: int) -> None:
        """Other prices for some nights."""
        entry = {
            "listingId": str(listing),
            "date": start,
            "dateTo": start + timedelta(days=nights),
            "isAvailable": True,
            "priceOverride": price,
        }
        command, now = self.product.registry["createListingCalendar"], self.product.clock.now()
        ask = Ask(host.actor, now, now, lambda _, __: b"{}")
        await self.product.bus.run(command, command.message.model_validate(entry), ask)

    async def api_key(self, admin: Person) -> str:
        """A key with which a program calls."""
        command, now = self.product.registry["createApiKey"], self.product.clock.now()
        ask = Ask(admin.actor, now, now, lambda _, shown: msgspec.json.encode(shown, enc_hook=str))
        done = await self.product.bus.run(command, command.message.model_validate({}), ask)
        key: str = msgspec.json.decode(done.body)["key"]
        return key

    async def past_stays(self, guest: Person, listing_id: UUID, number: int) -> None:
        """So many stays of one night, each booked, paid and over: the last of them ended yesterday."""
        listing = await self.product.store.load(Listing, listing_id)
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        by_month: dict[date, list[date]] = {}
        for back in range(1, number + 1):
            night = yesterday - timedelta(days=back)
            by_month.setdefault(night.replace(day=1), []).append(night)
        await gather(self._past_month(guest, listing, nights) for nights in by_month.values())

    async def _past_month(self, guest: Person, listing: Listing, nights: list[date]) -> None:
        """One after the other, as they share the month's stream."""
        for night in nights:
            await self._past_stay(guest, listing, Nights(night, night + timedelta(days=1)))

    async def _past_stay(self, guest: Person, listing: Listing, nights: Nights) -> None:
        assert listing.host is not None
        terms, store = self.product.services.terms, self.product.store
        stay = Stay(nights, listing.zone, terms.check_in_time, terms.check_out_time)
        booked = stay.check_in - timedelta(days=10)
        reservation = Reservation.at(self.product.services.new_id())
        agreement = Agreement(
            listing=listing.id,
            guest=guest.id,
            host=listing.host,
            stay=stay,
            guest_count=2,
            approval="instant",
            price=price(nights, listing.rates, {}, terms),
            cancellation=listing.policy(Grace()),
            booking_policies=listing.offer.policies or BookingPolicies(),
        )
        ((day, _),) = months(nights)
        month = await store.load(CalendarMonth, CalendarMonth.id_of(listing.id, day))
        month.claim(Place(listing.id, listing.host, listing.zone), reservation.id, nights, "hold")
        reservation.request(agreement, Links(), at=booked, terms=terms)
        await self.save((reservation, month), "createReservation", guest.actor, booked)
        month.settle(reservation.id)
        reservation.confirm(at=booked)
        await self.save((reservation, month), "startReservationPayment", guest.actor, booked)
        reservation.complete(at=stay.check_out)
        await self.save((reservation,), "completeStay", Actor(role="system"), stay.check_out)

    async def save(
        self, aggregates: tuple[Aggregate, ...], name: str, actor: Actor, at: datetime | None = None
    ) -> None:
        """Record what these have decided, as the command of that name would have."""
        cause = Cause(self.product.services.new_id(), name, actor, at or self.product.clock.now())
        await self.product.store.save(aggregates, cause)


async def gather(jobs: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    """What the jobs come to, in their order; not too many at once."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(job: Coroutine[Any, Any, Any]) -> Any:
        async with room:
            return await job

    return await asyncio.gather(*(one(job) for job in jobs))
