"""A payment that is heard of while its reservation ends: what comes too late is let go, whoever was first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from commands.payment_provider import Answered
from infra.payments.simulator import Simulator
from tests.commands.marketplace import Marketplace
from tests.commands.paying import ASKS, GUEST, held, started, state
from tests.commands.till import attempts, call_back, stripe_event


class Slow(Simulator):
    """Something else happens before it answers."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def refresh(self, intent: str, at: datetime) -> Answered:
        answered = await super().refresh(intent, at)
        if (happens := self.meanwhile) is not None:
            self.meanwhile = None
            await happens()
        return answered


@pytest.fixture
async def provider(database: str) -> AsyncIterator[Slow]:
    simulator = Slow(database)
    yield simulator
    await simulator.close()


async def authenticating(market: Marketplace) -> Any:
    """A request whose first authorisation the provider let go of, and whose guest authenticates another at its end."""
    reservation = await held(market, manual=True)
    await started(market, reservation)
    (attempt,) = await attempts(market, reservation)
    await call_back(market, stripe_event("canceled", reservation, attempt["paymentId"]))
    await market.pass_time(timedelta(hours=24, minutes=-1))
    await started(market, reservation, ASKS)
    return reservation


async def test_an_authorisation_that_is_heard_of_while_the_hold_ends_is_let_go(
    market: Marketplace, provider: Slow
) -> None:
    reservation = await authenticating(market)
    soon = market.now + timedelta(seconds=1)

    async def expires() -> None:
        await market.pass_time(timedelta(minutes=1))

    provider.meanwhile = expires
    await market.answered("refreshReservationPayment", GUEST, at=soon, reservationId=reservation["id"])
    assert await state(market, reservation) == ("cancelled", "canceled")
    assert {attempt["statusLiteral"] for attempt in await attempts(market, reservation)} == {"canceled"}
