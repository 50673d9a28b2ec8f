"""Every command, with the database away for a moment at each question that it asks: whoever asks again gets all of it,
if need be after the deadline of what was under way, and nothing twice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from typing import Any, Literal
from uuid import uuid4

import pytest

from commands.catalogue import registry
from commands.ports import EventStore, Key, Unavailable
from domain.actor import SYSTEM
from domain.errors import DomainError
from domain.giving_back import RESUME_AFTER
from domain.kernel import Recorded
from infra.payments.simulator import Simulator
from tests.commands.marketplace import open_marketplace
from tests.commands.retries import dashboards, letters, money, people, stays
from tests.commands.retries.table import ANOTHER, Asked, Row, Town
from tests.commands.till import Frail

ROWS = (*people.ROWS, *stays.ROWS, *money.ROWS, *letters.ROWS, *dashboards.ROWS)
QUESTIONS = {"load", "load_all", "save", "kept", "answer", "end"}
DEADLINES = {"payment_attempt": "resumePayment", "payment": "resumeRefund"}
"""The commands that go on with what was cut off, by what it was about."""
MOST = 60
"""Questions; a command that asks more of them asks for ever."""

Trouble = Literal["away", "lost"]


class Shaky:
    """An event store that is away for one question, or that records one save and whose answer is lost."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.until: dict[Trouble, int] = {"away": 0, "lost": 0}
        """How many questions, or saves, from now; 0: never."""

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        if name not in QUESTIONS:
            return call

        async def asked(*told: Any, **options: Any) -> Any:
            if self._now("away"):
                raise Unavailable("away for a moment")
            answer = await call(*told, **options)
            if name == "save" and self._now("lost"):
                raise Unavailable("the line was cut")
            return answer

        return asked

    def _now(self, trouble: Trouble) -> bool:
        left = self.until[trouble]
        self.until[trouble] = max(left - 1, 0)
        return left == 1


class ShakyTown(Town):
    """A town whose commands ask a store that is away now and then; whoever asks again need not wait."""

    def __init__(self, *told: Any) -> None:
        super().__init__(*told)
        bus = self.market.product.bus
        self.shaky = Shaky(bus.store)
        bus.store, bus.patience, bus.abandoned = self.shaky, 0.0, 0.0

    async def led_to(self, row: Row, trouble: Trouble, at: int) -> tuple[list[str], bool]:
        """The names of all events that the row's command comes to, and whether it met the trouble."""
        asked = await row.scene(self)
        begin, key = await self.market.product.store.end(), self._key(row, asked)
        self.shaky.until[trouble] = at
        try:
            await self._asked(row, asked, key)
        except Unavailable:
            await self._asked(row, asked, key)
        met, self.shaky.until[trouble] = self.shaky.until[trouble] == 0, 0
        await self._go_on(await self.caused_by(row.command, after=begin), asked)
        log = await self.caused_by(row.command, *DEADLINES.values(), after=begin)
        return sorted(event.name for event in log), met

    async def _go_on(self, log: Iterable[Recorded], asked: Asked) -> None:
        """The deadlines of whatever these events are about come."""
        at = (asked.at or self.market.now) + RESUME_AFTER
        for kind, stream in {(type(event.fact).TOPIC.partition(".")[0], event.stream) for event in log}:
            if kind in DEADLINES:
                await self.do(Asked(SYSTEM, {"subject": stream}, at), DEADLINES[kind])

    async def _asked(self, row: Row, asked: Asked, key: Key | None) -> None:
        with suppress(DomainError):  # refused, as other tests hold: it leads to nothing
            await self.do(asked, row.command, key)

    def _key(self, row: Row, asked: Asked) -> Key | None:
        command = self.market.product.registry[row.command]
        keyed = command.idempotent and command.route is not None
        return Key(f"{asked.by.id} {uuid4()}", b"the same request") if keyed else None


@pytest.fixture(scope="module")
async def town(module_database: str) -> AsyncIterator[ShakyTown]:
    simulator = Simulator(module_database)
    async with open_marketplace(module_database, payments=(provider := Frail(simulator))) as market:
        yield ShakyTown(market, provider)
    await simulator.close()


def troubles() -> Iterator[Any]:
    """Of each row. Whoever asks again for something new, without a key, gets it twice if the first answer is lost."""
    commands = registry()
    for row in ROWS:
        named = f"{row.command}-{row.scene.__name__}"
        yield pytest.param(row, "away", id=f"{named}-away")
        if row.again != ANOTHER or commands[row.command].idempotent:
            yield pytest.param(row, "lost", id=f"{named}-lost")


@pytest.mark.parametrize(("row", "trouble"), list(troubles()))
async def test_a_moment_without_the_database(town: ShakyTown, row: Row, trouble: Trouble) -> None:
    whole, _ = await town.led_to(row, trouble, 0)
    for at in range(1, MOST):
        found, met = await town.led_to(row, trouble, at)
        assert found == whole, f"{trouble} at {at}"
        if not met:
            assert at > 1 or not whole
            return
    pytest.fail("it asks for ever")
