"""One process of the product as far as accounts need it: the real log, read models, bus and callers on PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from commands.bus import Ask, Bus, Done
from commands.credentials import Identity
from commands.ports import Answer, Key
from commands.registry import Command
from commands.services import Services
from domain.actor import NOBODY, Actor
from domain.catalogue import AGGREGATES, RESOURCES
from domain.errors import Refused
from domain.kernel import Recorded
from domain.terms import Terms
from domain.user import AccountTerms
from infra.event_store import Codec, PostgresEventStore
from infra.identity.api_keys import KeyTexts
from infra.identity.callers import Callers, Credentials
from infra.identity.passwords import Argon2, Cost
from infra.identity.signing import SigningKeys
from infra.identity.throttle import PostgresThrottle
from infra.identity.tokens import SignedTokens
from infra.postgres.line import Line
from infra.read_models.asking import Asking
from infra.read_models.catalogue import prepare
from infra.read_models.documents import DocumentModel
from infra.read_models.for_commands import CommandDocuments
from infra.read_models.model import by_name
from infra.read_models.progress import Progress
from infra.read_models.runner import Runner
from infra.read_models.store import PostgresReadStore
from infra.read_models.waiting import Waiting
from projections.catalogue import PROJECTIONS
from projections.projection import Projection
from tests.infra.identity.ids import ordered_ids

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(hours=24)
CHEAP = Cost(rounds=1, memory_kib=8, lanes=1)
PASSWORD = "correct horse"
NEEDED = {"user", "apiKey", "listing", "listingCalendar"}
"""The read models that accounts look at; `Documents` stands in for reservations."""
ROOT_EMAIL = "root@innkeep.example"


@dataclass
class WallClock:
    """The wall's time, moved by hand."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class CountingArgon2(Argon2):
    """The real hasher, which notes what it was asked: the work done for an attempt can be compared."""

    def __init__(self) -> None:
        super().__init__(CHEAP)
        self.checked: list[str] = []

    def _matches(self, kept: str, password: str) -> bool:
        self.checked.append(kept.rsplit("$", 2)[0])
        return super()._matches(kept, password)


class Documents(CommandDocuments):
    """The read models, and reservations as the test wants them to be."""

    stays: tuple[dict[str, Any], ...] = ()

    async def select(self, resource: str, **equals: Any) -> list[dict[str, Any]]:
        if resource == "reservation":
            return [s for s in self.stays if all(s[name] == value for name, value in equals.items())]
        return await super().select(resource, **equals)


@dataclass
class House:
    """What the edge would hold."""

    store: PostgresEventStore
    bus: Bus
    callers: Callers
    tokens: SignedTokens
    keys: SigningKeys
    hasher: CountingArgon2
    documents: Documents
    clock: WallClock
    registry: dict[str, Command] = field(default_factory=dict)

    async def ask(
        self, name: str, actor: Actor = NOBODY, *, address: str = "192.0.2.1", key: Key | None = None, **wire: Any
    ) -> Done:
        """Run the command of that name with these fields, as they stand on the wire."""
        command = self.registry[name]
        at = self.clock.now
        ask = Ask(actor=actor, at=at, real_now=at, render=_rendered, address=address, key=key)
        return await self.bus.run(command, command.message.model_validate(wire), ask)

    async def tell(self, name: str, actor: Actor = NOBODY, **wire: Any) -> dict[str, Any]:
        """As `ask`; answers the resource, or the bare answer."""
        body: dict[str, Any] = json.loads((await self.ask(name, actor, **wire)).body)
        return body

    async def login(self, email: str, password: str = PASSWORD, **how: Any) -> str:
        """A new access token."""
        token: str = (await self.tell("login", username=email, password=password, **how))["accessToken"]
        return token

    async def by_token(self, token: str) -> Actor:
        """Who comes with that token, as `Authorization: Bearer`."""
        return await self.callers.caller(Credentials(authorization=f"Bearer {token}"))

    async def register(self, email: str, password: str = PASSWORD) -> tuple[UUID, Actor]:
        """A user, and who they are once logged in."""
        user = await self.tell("registerUser", email=email, password=password, fullname="A Person")
        return UUID(user["id"]), await self.by_token(await self.login(email, password))

    async def events(self) -> list[Recorded]:
        """All that is recorded by now."""
        end = await self.store.end()
        found: list[Recorded] = []
        position = 0
        while position < end:
            page = await self.store.read(position, 1_000)
            found, position = [*found, *page.events], page.position
            await asyncio.sleep(0)  # what is not settled yet soon is
        return found


OpenHouse = Callable[..., Awaitable[House]]
"""Starts one more process on the test's database."""


def _rendered(answer: Answer, shown: Any) -> bytes:
    return json.dumps(shown if shown is not None else answer.extra, default=str).encode()


@contextlib.asynccontextmanager
async def a_process(conninfo: str, clock: WallClock, *, verified_email_only: bool = False) -> AsyncIterator[House]:
    """A process on that database, migrated already. Any number may run."""
    from commands.catalogue import registry  # noqa: PLC0415 - as build() does it

    resources = {resource.name: resource for resource in RESOURCES}
    projections = {p.resource: p for p in PROJECTIONS if isinstance(p, Projection) and p.resource in NEEDED}
    models = by_name(
        DocumentModel(p, [r for r in RESOURCES if r.documents == p.resource]) for p in projections.values()
    )
    progress = Progress()
    await prepare(conninfo, models)
    async with (
        PostgresEventStore(conninfo, Codec(AGGREGATES)) as store,
        Asking(conninfo, size=2) as asking,
        contextlib.AsyncExitStack() as stack,
    ):
        waiting = Waiting(asking, progress, store.end)
        documents = Documents(PostgresReadStore(asking, resources, waiting), waiting, store, projections, resources)
        line = Line(conninfo, "identity")
        stack.push_async_callback(line.close)
        keys = SigningKeys(line, DAY, clock)
        tokens = SignedTokens(keys, DAY, clock)
        hasher = CountingArgon2()
        terms = AccountTerms(verified_email_only=verified_email_only)
        identity = Identity(hasher, tokens, PostgresThrottle(line), KeyTexts(), terms)
        unused: dict[str, Any] = dict.fromkeys(port.name for port in fields(Services))
        ports = {"new_id": ordered_ids(), "terms": Terms(), "documents": documents, "identity": identity}
        bus = Bus(store, Services(**unused | ports))
        projector = asyncio.create_task(Runner(conninfo, store, models, progress).run())
        by_its_name = {command.name: command for command in registry()}
        yield House(store, bus, Callers(store, tokens), tokens, keys, hasher, documents, clock, by_its_name)
        projector.cancel()
        await asyncio.gather(projector, return_exceptions=True)


async def refusal(house: House, name: str, actor: Actor, **wire: Any) -> str:
    """The rule that refuses it."""
    with pytest.raises(Refused) as refused:
        await house.ask(name, actor, **wire)
    return refused.value.rule


async def root_of(house: House) -> Actor:
    """The superAdmin that every house begins with, logged in."""
    return await house.by_token(await house.login(ROOT_EMAIL))


async def made(house: House, root: Actor, email: str, role: str) -> tuple[UUID, Actor]:
    """A user with that role, logged in."""
    id, _ = await house.register(email)
    await house.ask("updateUserRole", root, userId=str(id), roleId=role)
    return id, await house.by_token(await house.login(email))
