"""The whole product without HTTP: its bus, its clock and its scheduler, on a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
from pydantic import ValidationError

from commands.bus import Ask, Shown
from commands.ports import Answer
from commands.quotes import GetQuote, quote
from domain.actor import NOBODY, SYSTEM, Actor, Role
from domain.errors import Invalid
from domain.kernel import Recorded
from infra.build import build
from infra.http.envelope import decode, encode
from infra.postgres.migrate import migrate
from infra.product import Product
from infra.settings import Settings
from read_api.shown import shown
from tests.commands.house import LOFT

VISA = {"paymentMethodId": "pm_card_visa"}
NOON_IN = "UTC"


def somebody(role: Role = "user") -> Actor:
    """A caller nobody knows yet."""
    return Actor(uuid4(), role, session=uuid4())


async def registered(market: Marketplace, name: str) -> Actor:
    """A user with an account."""
    email = f"{name}-{uuid4().hex}@people.example"
    user = await market.ask("registerUser", NOBODY, email=email, password="secret-123", fullname=name)
    return Actor(UUID(user["id"]), "user", session=uuid4())


@dataclass
class Marketplace:
    """What tests do with the product. Its clock runs; they only move it on."""

    product: Product

    @property
    def now(self) -> datetime:
        """The product's time."""
        return self.product.clock.now()

    def day(self, ahead: int) -> str:
        """So many days from today, at listings that are on UTC."""
        return (self.now.date() + timedelta(days=ahead)).isoformat()

    async def ask(self, command: str, by: Actor, **body: Any) -> Any:
        """The resource that a command answers with, as its caller sees it. Raises as the bus does."""
        return (await self.answered(command, by, **body))["shown"]

    async def answered(self, command: str, by: Actor, *, at: datetime | None = None, **body: Any) -> dict[str, Any]:
        """All that a command answers."""
        wanted = self.product.registry[command]
        sent = {name: value for name, value in body.items() if name not in wanted.message.IGNORED}
        try:
            message = wanted.message.model_validate(decode(encode(sent)))
        except ValidationError as malformed:
            raise Invalid({".".join(map(str, e["loc"])): e["msg"] for e in malformed.errors()}) from None
        ask = Ask(by, at or self.now, self.product.clock.real_now(), _rendered, str(uuid4()))
        answered: dict[str, Any] = decode((await self.product.bus.run(wanted, message, ask)).body)
        return answered

    async def quote(self, by: Actor = NOBODY, **asked: Any) -> dict[str, Any]:
        """What a stay would cost. Raises as the bus does."""
        try:
            message = GetQuote.model_validate(asked)
        except ValidationError as malformed:
            raise Invalid({".".join(map(str, e["loc"])): e["msg"] for e in malformed.errors()}) from None
        bus, clock = self.product.bus, self.product.clock
        answer = await bus.look(quote, message, by, at=clock.now(), real_now=clock.real_now())
        found: dict[str, Any] = decode(encode(answer.extra))["quote"]
        return found

    async def get(self, resource: str, id: str, by: Actor = SYSTEM) -> dict[str, Any] | None:
        """A document as the caller sees it, None if they do not, with all in it that is recorded by now."""
        declared = self.product.resources[resource]
        await self.product.services.documents.find(resource, UUID(id))
        document = await self.product.side.store.get(declared, UUID(id), by)
        return None if document is None else shown(declared, document, by)

    async def reservation(self, id: str, by: Actor = SYSTEM) -> dict[str, Any]:
        """A reservation that is there."""
        found = await self.get("reservation", id, by)
        assert found is not None
        return found

    async def log(self, *streams: UUID) -> list[Recorded]:
        """All that happened to these streams."""
        return await self.product.store.history(streams)

    async def pass_time(self, by: timedelta) -> None:
        """Move the clock on; all that becomes due is acted on."""
        await self.product.scheduler.run_until(await self.product.clock.advance(by))

    async def listing(self, host: Actor, **over: Any) -> dict[str, Any]:
        """A published listing on UTC; fields differ as said."""
        made: dict[str, Any] = await self.ask("createListing", host, **(LOFT | {"location": UTC_PLACE} | over))
        return made

    async def book(self, guest: Actor, listing: dict[str, Any], ahead: int = 30, nights: int = 3, **over: Any) -> Any:
        """A pending reservation, so many days from today."""
        asked = {
            "listingId": listing["id"],
            "checkIn": self.day(ahead),
            "checkOut": self.day(ahead + nights),
            "guestCount": 1,
        }
        return await self.ask("createReservation", guest, **(asked | over))

    async def pay(self, guest: Actor, reservation: dict[str, Any], method: str = "pm_card_visa", **more: Any) -> Any:
        """What starting a payment answers with."""
        params = {"paymentMethodId": method} | more
        return await self.ask(
            "startReservationPayment", guest, reservationId=reservation["id"], paymentUserParams=params
        )


UTC_PLACE = {"lat": 51.5, "lon": -0.12, "timeZone": "UTC"}


def money(value: Any) -> Decimal:
    """An amount as the wire has it, compared exactly."""
    return Decimal(str(value))


def nights_of(reservation: dict[str, Any]) -> list[date]:
    """The nights that its price has lines for."""
    return [date.fromisoformat(line["date"]) for line in reservation["priceLines"] if line["kind"] == "night"]


def _rendered(answer: Answer, told: Shown) -> bytes:
    return encode({"shown": told, "status": answer.status, "extra": answer.extra})


@asynccontextmanager
async def open_marketplace(database: str, **overrides: Any) -> AsyncIterator[Marketplace]:
    """A marketplace on an empty database, doing all its work. It opens at noon, so that no test meets midnight."""
    await migrate(database)
    settings = Settings(mode="sandbox", _env_file=None)
    async with build(settings, conninfo=database, **overrides) as product:
        await product.clock.advance(_until_noon(product.clock.now()))
        yield Marketplace(product)
    await _check_changes(database)


async def _check_changes(database: str) -> None:
    """No command took a resource more than one version on, but for payments: several things may come of one at once.

    Of the streams named here callers see no version, or no change; that money came in vain is found out in passing.
    """
    unseen = ["payment", "payment_attempt", "review_window"]
    async with await psycopg.AsyncConnection.connect(database) as connection:
        found = await connection.execute(
            "SELECT c.name, array_agg(e.name ORDER BY e.version) FROM event AS e JOIN command AS c ON c.id = e.command"
            " WHERE c.name NOT ILIKE '%%payment%%' AND e.name <> 'reservation.paid_in_vain.v1'"
            " AND split_part(e.name, '.', 1) <> ALL(%s) GROUP BY c.id, e.stream HAVING count(*) > 1",
            [unseen],
        )
        several = await found.fetchall()
        assert not several, several


def _until_noon(now: datetime) -> timedelta:
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    return noon - now if now < noon else noon + timedelta(days=1) - now
