"""Where commands are tested as their callers meet them: the bus, an event store and its read models, without HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

from pydantic import ValidationError

from commands.bus import Ask, Bus, Shown
from commands.catalogue import COMMANDS
from commands.ports import Answer
from commands.registry import Command, Registry
from commands.services import Services
from domain.actor import NOBODY, Actor, Role
from domain.catalogue import AGGREGATES, RESOURCES
from domain.errors import Invalid
from domain.kernel import Recorded
from domain.resource import Resource
from domain.terms import Terms
from infra.event_store import Codec, PostgresEventStore
from infra.http.envelope import decode, encode
from infra.ids import new_id
from infra.postgres.migrate import migrate
from infra.read_models.side import ReadSide
from infra.zone_finder import ZoneFinder
from projections.catalogue import PROJECTIONS
from projections.projection import Projection
from read_api.lists import USUAL_SORT
from read_api.ports import Rows
from read_api.query import Query
from read_api.shown import shown

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def somebody(role: Role = "user") -> Actor:
    """A caller nobody knows yet."""
    return Actor(uuid4(), role, session=uuid4())


@dataclass
class House:
    """One marketplace, at a time that the test sets."""

    bus: Bus
    store: PostgresEventStore
    reads: ReadSide
    registry: Registry
    now: datetime = NOON
    resources: dict[str, Resource] = field(default_factory=dict)

    async def ask(self, command: str, by: Actor, **body: Any) -> Any:
        """The resource, or resources, that a command answers with, as its caller sees it. Raises as the bus does."""
        wanted = self.registry[command]
        sent = {name: value for name, value in body.items() if name not in wanted.message.IGNORED}
        try:
            message = wanted.message.model_validate(decode(encode(sent)))
        except ValidationError as malformed:
            raise Invalid({".".join(map(str, e["loc"])): e["msg"] for e in malformed.errors()}) from None
        ask = Ask(by, self.now, self.now, _rendered, str(uuid4()))
        return decode((await self.bus.run(wanted, message, ask)).body)["shown"]

    async def get(self, resource: str, id: str, by: Actor = NOBODY) -> dict[str, Any] | None:
        """A document as the caller sees it, None if they do not, with all in it that is recorded by now."""
        declared = self.resources[resource]
        await self.reads.documents.find(resource, UUID(id))
        document = await self.reads.store.get(declared, UUID(id), by)
        return None if document is None else shown(declared, document, by)

    async def listed(self, resource: str, by: Actor = NOBODY) -> list[dict[str, Any]]:
        """All that the caller sees of a resource."""
        declared = self.resources[resource]
        await self.reads.documents.select(resource, id=None)
        rows: Rows = await self.reads.store.page(Query(declared, USUAL_SORT, rows=1_000), by)
        return [shown(declared, document, by) for document in rows.documents]

    async def recorded(self) -> int:
        """How much has ever been recorded."""
        return await self.store.end()

    async def log(self, *streams: UUID) -> list[Recorded]:
        """All that happened to these streams."""
        return await self.store.history(streams)


def _rendered(_: Answer, shown: Shown) -> bytes:
    return encode({"shown": shown})


@asynccontextmanager
async def open_house(
    database: str,
    resources: Iterable[Resource] = (),
    commands: Iterable[Command] = (),
    projections: Iterable[Projection] = (),
) -> AsyncIterator[House]:
    """A marketplace on an empty database, with these declared beside its own."""
    await migrate(database)
    declared = (*RESOURCES, *resources)
    async with PostgresEventStore(database, Codec(AGGREGATES)) as store:
        side = ReadSide(database, store, (*PROJECTIONS, *projections), declared, now=lambda: NOON)
        async with side:
            services = SimpleNamespace(new_id=new_id, terms=Terms(), documents=side.documents, zones=ZoneFinder())
            following = asyncio.create_task(side.runner.run())
            bus = Bus(store, cast("Services", services))
            try:
                yield House(bus, store, side, Registry((*COMMANDS, *commands)), resources={r.name: r for r in declared})
            finally:
                following.cancel()
                with suppress(asyncio.CancelledError):
                    await following


PARIS = {"lat": 48.85, "lon": 2.35}
LOFT: dict[str, Any] = {
    "title": "Loft",
    "address": "1 rue de la Paix",
    "description": "Under the roof",
    "propertyType": "loft",
    "location": PARIS,
    "currency": "EUR",
    "pricePerNight": 99.99,
    "approvalType": "instant",
    "isPublished": True,
}
"""What a listing needs."""


async def listed(house: House, host: Actor, **other: Any) -> dict[str, Any]:
    """A loft of that host."""
    listing: dict[str, Any] = await house.ask("createListing", host, **LOFT | other)
    return listing


async def entered(house: House, host: Actor, listing: str, night: str = "2026-07-01", **said: Any) -> dict[str, Any]:
    """What a host says of a night of theirs."""
    body = {"listingId": listing, "date": night, "isAvailable": True} | said
    entry: dict[str, Any] = await house.ask("createListingCalendar", host, **body)
    return entry


async def entries(house: House, listing: str, by: Actor = NOBODY) -> dict[str, dict[str, Any]]:
    """The calendar of a listing as somebody sees it, by date."""
    return {e["date"]: e for e in await house.listed("listingCalendar", by) if e["listingId"] == listing}
