"""What a row of the table of retries is, and the town where its scenes play."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

from commands.bus import Ask, Done
from commands.ports import Answer, Key
from domain.actor import SYSTEM, Actor
from domain.kernel import Recorded
from infra.http.envelope import decode, encode
from tests.commands.marketplace import Marketplace, somebody
from tests.commands.till import Frail

NOTHING: Literal["nothing"] = "nothing"
"""It holds already: answered, and nothing is recorded."""
ANOTHER: Literal["another"] = "another"
"""Whoever asks twice without a key wants two."""
PASSWORD = "correct horse"


@dataclass
class Town:
    """One marketplace, with a provider that can be cut off, and the people in it."""

    market: Marketplace
    provider: Frail
    host: Actor = field(default_factory=somebody)
    guest: Actor = field(default_factory=somebody)
    admin: Actor = field(default_factory=lambda: somebody("admin"))

    async def do(self, asked: Asked, command: str, key: Key | None = None) -> Done:
        """Run a command as the edge would. Raises as the bus does."""
        wanted = self.market.product.registry[command]
        sent = asked.body if wanted.route is not None and wanted.route.raw else decode(encode(asked.body))
        clock = self.market.product.clock
        ask = Ask(asked.by, asked.at or clock.now(), clock.real_now(), rendered, str(uuid4()), key=key)
        return await self.market.product.bus.run(wanted, wanted.message.model_validate(sent), ask)

    async def told(self, command: str, by: Actor, at: datetime | None = None, **body: Any) -> Any:
        """What a command of a scene answers: its resource, or what it tells beside."""
        done: dict[str, Any] = decode((await self.do(Asked(by, body, at), command)).body)
        return done["shown"] or done["extra"]

    async def caused_by(self, *commands: str, after: int = 0) -> list[Recorded]:
        """All that commands of these names have recorded past that position."""
        store, found, position = self.market.product.store, list[Recorded](), after
        end = await store.end()
        while position < end:
            page = await store.read(position, 1_000)
            found += [event for event in page.events if event.command_name in commands]
            if page.position == position:
                await store.wait_for_events(position, 0.05)
            position = page.position
        return found

    async def listing(self, **over: Any) -> Any:
        """A published listing of the host."""
        return await self.market.listing(self.host, **over)

    async def asked_for(self, ahead: int = 30, **over: Any) -> Any:
        """A pending reservation at a new listing."""
        return await self.market.book(self.guest, await self.listing(**over), ahead)

    async def paid(self, **over: Any) -> Any:
        """One that is paid for: confirmed, or authorised where the host decides."""
        return await self.market.pay(self.guest, await self.asked_for(**over))

    async def stayed(self) -> tuple[Any, datetime]:
        """One that is complete, and when it came to be that."""
        reservation = await self.paid()
        over = check_out(reservation)
        await self.told("completeStay", SYSTEM, over, subject=reservation["id"])
        return reservation, over

    async def reviewed(self) -> tuple[Any, datetime]:
        """The guest's review of the listing, and when it was left."""
        reservation, over = await self.stayed()
        at = over + timedelta(hours=1)
        about = {"reservationId": reservation["id"], "revieweeType": "listing", "rating": 4, "reviewText": "Fine."}
        return await self.told("createReview", self.guest, at, **about), at

    async def disputed(self, **over: Any) -> Any:
        """A dispute that the guest has opened."""
        about = {"reservationId": (await self.paid(**over))["id"], "issueType": "noise", "description": "All night"}
        return await self.told("createDispute", self.guest, **about)

    async def account(self) -> tuple[str, str]:
        """A new user's id and e-mail address."""
        email = f"{uuid4().hex}@innkeep.example"
        user = await self.told("createUser", self.admin, email=email, password=PASSWORD, fullname="Ada")
        return user["id"], email

    async def session(self) -> Actor:
        """A user who has logged in."""
        id, email = await self.account()
        session = await self.told("login", Actor(), username=email, password=PASSWORD)
        return Actor(UUID(id), "user", UUID(session["sessionId"]))


def check_in(reservation: dict[str, Any]) -> datetime:
    """The instant of it, at a listing on UTC."""
    return datetime.combine(date.fromisoformat(reservation["checkIn"]), time(15), UTC)


def check_out(reservation: dict[str, Any]) -> datetime:
    """The instant of it, at a listing on UTC."""
    return datetime.combine(date.fromisoformat(reservation["checkOut"]), time(11), UTC)


def hold_over(reservation: dict[str, Any]) -> datetime:
    """When its hold is over; it is shown to the millisecond before."""
    return datetime.fromisoformat(reservation["holdExpiresAt"]) + timedelta(milliseconds=1)


def rendered(answer: Answer, shown: Any) -> bytes:
    """All that is answered."""
    return encode({"shown": shown, "status": answer.status, "extra": answer.extra})


@dataclass(frozen=True)
class Asked:
    """A command as somebody sends it; `at` is the product's time then, now unless said."""

    by: Actor
    body: dict[str, Any]
    at: datetime | None = None


@dataclass(frozen=True)
class Row:
    """A command, what leads up to it, and what comes of asking for it again without a key.

    `again` is NOTHING, ANOTHER or the name of the rule that refuses. `refused` says that the first is refused too,
    `held` that already the first finds it done.
    """

    command: str
    scene: Callable[[Town], Awaitable[Asked]]
    again: str = NOTHING
    refused: bool = False
    held: bool = False
