"""Alarms: the plainest thing that becomes due, with a scheduler, a log and a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

from commands.bus import Ask, Bus
from commands.ports import Answer
from commands.registry import Command, Registry
from commands.services import Services
from commands.wire import Id, Message
from commands.work import Work
from domain.access import Nobody
from domain.actor import SYSTEM
from domain.errors import Refused
from domain.kernel import Aggregate, Recorded, event
from infra.agenda import Agendas
from infra.clock import Clock
from infra.event_store import Codec, PostgresEventStore
from infra.postgres.line import Line
from infra.postgres.migrate import migrate
from infra.read_models.side import ReadSide
from infra.scheduler import Scheduler
from projections.deadlines import Clear, DeadlineProjection, Set

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Alarm(Aggregate):
    """Rings when it is due; and again, if it is to, so much later."""

    TOPIC = "alarm"

    def __init__(self) -> None:
        self.again: int | None = None
        self.due: datetime | None = None

    def set(self, due: datetime, again: int | None = None) -> None:
        self._set(due=due, again=again)

    def ring(self, at: datetime) -> None:
        if self.due is not None and self.due <= at:
            later = None if self.again is None else at + timedelta(minutes=self.again)
            self._rang(at=at, next=later)

    @event("Set", topic="alarm.set.v1")
    def _set(self, due: datetime, again: int | None) -> None:
        self.due, self.again = due, again

    @event("Rang", topic="alarm.rang.v1")
    def _rang(self, at: datetime, next: datetime | None) -> None:  # noqa: A002, ARG002 - told for those who read the log
        self.due, self.again = next, None


class Subject(Message):
    """An alarm is due."""

    subject: Id


def changes(event: Recorded) -> Iterable[Set | Clear]:
    """When alarms ring, as the log says."""
    fact: Any = event.fact
    due = fact.due if event.name == "alarm.set.v1" else fact.next
    yield Set("ring", event.stream, due) if due is not None else Clear("ring", event.stream)


DEADLINES = DeadlineProjection(changes)


class Wall:
    """A wall clock that the test sets."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


class Unseen:
    """Read models that nobody waits for."""

    async def until_now(self, models: Collection[str], seconds: float) -> int:  # noqa: ARG002 - as the port
        return 0


@dataclass
class Tower:
    """A marketplace of alarms."""

    stack: AsyncExitStack
    database: str
    store: PostgresEventStore
    clock: Clock
    wall: Wall
    broken: dict[UUID, int] = field(default_factory=dict)
    """Alarms that fail so many times more."""
    tried: list[UUID] = field(default_factory=list)
    following: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.side = ReadSide(self.database, self.store, [DEADLINES], [], now=self.clock.now)
        self.registry = Registry([Command("ring", "Rings an alarm.", Subject, self._ring, who=Nobody())])
        self.bus = Bus(self.store, cast("Services", SimpleNamespace(new_id=uuid4)))

    async def _ring(self, work: Work, m: Subject) -> Answer:
        self.tried.append(m.subject)
        if self.broken.get(m.subject, 0) > 0:
            self.broken[m.subject] -= 1
            raise Refused("STUCK", "The alarm is stuck.")
        (await work.load(Alarm, m.subject)).ring(work.at)
        return Answer()

    def follow(self) -> None:
        """Keep the table of deadlines; until then it stays behind the log."""
        self.following = asyncio.create_task(self.side.runner.run())

    async def line(self, use: str) -> Line:
        line = Line(self.database, use)
        self.stack.push_async_callback(line.close)
        return line

    async def scheduler(self, *, at_once: int = 1_000, patience: float = 5.0, follows: bool = True) -> Scheduler:
        """One of any number; `follows` says whether it waits for the read models."""
        agendas = Agendas(await self.line("deadlines"), self.store, changes, at_once=at_once)
        return Scheduler(
            await self.line("scheduler"),
            agendas,
            self.bus,
            self.registry,
            self.clock,
            seen=self.side.waiting if follows else Unseen(),
            models=self.side.models,
            retry=(0.05, 0.2),
            patience=patience,
        )

    async def set(self, minutes: float, again: int | None = None) -> UUID:
        """An alarm so many minutes after noon."""
        id = uuid4()

        async def handler(work: Work, _: Message) -> Answer:
            (await work.load(Alarm, id)).set(NOON + minutes * MINUTE, again)
            return Answer()

        command = Command("setAlarm", "Sets an alarm.", Message, handler)
        await self.bus.run(command, Message(), Ask(SYSTEM, self.clock.now(), self.wall.at, lambda _a, _s: b""))
        return id

    async def rung(self) -> list[tuple[UUID, float]]:
        """Which rang, and as of how many minutes after noon, in the log's order."""
        page = await self.store.read(0, 10_000)
        rang = [e for e in page.events if e.name == "alarm.rang.v1"]
        assert all(e.at == e.fact.at for e in rang)  # type: ignore[attr-defined]
        return [(e.stream, (e.at - NOON) / MINUTE) for e in rang]


@asynccontextmanager
async def open_tower(database: str) -> AsyncIterator[Tower]:
    """On an empty database, at noon."""
    await migrate(database)
    wall = Wall()
    async with AsyncExitStack() as stack:
        clock = await stack.enter_async_context(Clock(database, movable=True, wall=wall))
        store = await stack.enter_async_context(PostgresEventStore(database, Codec([Alarm])))
        tower = Tower(stack, database, store, clock, wall)
        await stack.enter_async_context(tower.side)
        try:
            yield tower
        finally:
            if tower.following is not None:
                tower.following.cancel()
                with suppress(asyncio.CancelledError):
                    await tower.following
