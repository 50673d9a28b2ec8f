"""Cut off between the provider and the record: resumed with the same key, charged once, given back once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from commands.bus import Ask
from commands.ports import Unavailable
from domain.actor import SYSTEM
from infra.payments.simulator import Simulator
from tests.commands.marketplace import Marketplace, open_marketplace, somebody
from tests.commands.till import (
    Frail,
    Killed,
    attempts,
    call_back,
    charged,
    given_back,
    kinds,
    ledger,
    stripe_event,
)

HOST, GUEST = somebody(), somebody()
SOON = timedelta(seconds=30)


@pytest.fixture
async def provider(database: str) -> AsyncIterator[Frail]:
    simulator = Simulator(database)
    yield Frail(simulator)
    await simulator.close()


@pytest.fixture
async def market(database: str, provider: Frail) -> AsyncIterator[Marketplace]:
    async with open_marketplace(database, payments=provider) as market:
        yield market


async def held(market: Marketplace, *, manual: bool = False) -> Any:
    listing = await market.listing(HOST, approvalType="manual" if manual else "instant")
    return await market.book(GUEST, listing)


async def step(market: Marketplace, reservation: Any, status: str, by: Any) -> Any:
    return await market.ask("updateReservation", by, reservationId=reservation["id"], bookingStatus=status)


async def state(market: Marketplace, reservation: Any) -> tuple[str, str]:
    now = await market.reservation(reservation["id"])
    return now["bookingStatus"], now["paymentConfirmation"]


async def test_killed_between_charge_and_record(market: Marketplace, provider: Frail, database: str) -> None:
    """The provider has charged; nobody here knows. The process asks again with the same key and learns of it."""
    reservation = await held(market)
    provider.dies_after = {"start"}
    with pytest.raises(Killed):
        await market.pay(GUEST, reservation)
    assert charged(database) == 1
    assert (await state(market, reservation))[0] == "pending"
    provider.dies_after = set()
    await market.pass_time(SOON)
    assert await state(market, reservation) == ("confirmed", "paid")
    assert charged(database) == 1
    assert await kinds(market, reservation) == ["charge"]


async def test_killed_between_charge_and_record_and_then_told_by_the_provider(
    market: Marketplace, provider: Frail, database: str
) -> None:
    """The event knows the payment's id before we do."""
    reservation = await held(market)
    provider.dies_after = {"start"}
    with pytest.raises(Killed):
        await market.pay(GUEST, reservation)
    provider.dies_after = set()
    (attempt,) = await attempts(market, reservation)
    assert attempt["paymentId"] is None
    event = stripe_event("succeeded", reservation, "pi_that_we_never_heard_of")
    assert (await call_back(market, event))["shown"]["bookingStatus"] == "confirmed"
    await market.pass_time(SOON)
    assert await kinds(market, reservation) == ["charge"]
    assert charged(database) == 1


async def test_killed_between_charge_and_record_and_not_resumed_before_the_hold_is_over(
    market: Marketplace, provider: Frail, database: str
) -> None:
    """It is then a late payment, and nobody has the nights."""
    reservation = await held(market)
    provider.dies_after = {"start"}
    with pytest.raises(Killed):
        await market.pay(GUEST, reservation)
    provider.dies_after, provider.away_for = set(), {"start"}
    with pytest.MonkeyPatch.context() as soon:
        soon.setattr(market.product.scheduler, "_patience", 0.1)  # nobody will answer, however long it is asked
        with pytest.raises(Unavailable):
            await market.pass_time(timedelta(minutes=15))
    assert (await state(market, reservation))[0] == "cancelled"
    provider.away_for = set()
    await market.pass_time(SOON)
    assert await state(market, reservation) == ("confirmed", "paid")
    assert charged(database) == 1


async def test_killed_between_capture_and_record(market: Marketplace, provider: Frail, database: str) -> None:
    reservation = await held(market, manual=True)
    await market.pay(GUEST, reservation)
    provider.dies_after = {"capture"}
    with pytest.raises(Killed):
        await step(market, reservation, "confirmed", HOST)
    provider.dies_after = set()
    await market.pass_time(SOON)
    assert await state(market, reservation) == ("confirmed", "paid")
    assert charged(database) == 1


async def test_killed_between_capture_and_record_and_then_cancelled_by_the_guest(
    market: Marketplace, provider: Frail, database: str
) -> None:
    """What was captured behind our back goes back in full."""
    reservation = await held(market, manual=True)
    await market.pay(GUEST, reservation)
    provider.dies_after = {"capture"}
    with pytest.raises(Killed):
        await step(market, reservation, "confirmed", HOST)
    provider.dies_after = set()
    await step(market, reservation, "cancelled", GUEST)
    assert (await state(market, reservation))[0] == "cancelled"
    assert await kinds(market, reservation) == ["charge", "refund"]
    assert (await ledger(market, reservation)).held == 0
    assert given_back(database) == 1


async def test_killed_between_refund_and_record(market: Marketplace, provider: Frail, database: str) -> None:
    reservation = await held(market)
    await market.pay(GUEST, reservation)
    provider.dies_after = {"refund"}
    with pytest.raises(Killed):
        await step(market, reservation, "cancelled", GUEST)
    assert (await state(market, reservation))[0] == "cancelled"
    assert await kinds(market, reservation) == ["charge"]
    provider.dies_after = set()
    await market.pass_time(SOON)
    assert await kinds(market, reservation) == ["charge", "refund"]
    assert given_back(database) == 1


async def test_killed_between_void_and_record(market: Marketplace, provider: Frail) -> None:
    reservation = await held(market, manual=True)
    await market.pay(GUEST, reservation)
    provider.dies_after = {"void"}
    with pytest.raises(Killed):
        await step(market, reservation, "declined", HOST)
    provider.dies_after = set()
    await market.pass_time(SOON)
    assert await state(market, reservation) == ("declined", "canceled")
    assert [a["statusLiteral"] for a in await attempts(market, reservation)] == ["canceled"]


async def test_a_provider_that_is_away_is_asked_again(market: Marketplace, provider: Frail, database: str) -> None:
    reservation = await held(market)
    provider.away_for = {"start"}
    answered = await market.pay(GUEST, reservation)
    assert (answered["bookingStatus"], answered["paymentConfirmation"]) == ("pending", "processing")
    provider.away_for = set()
    await market.pass_time(SOON)
    assert await state(market, reservation) == ("confirmed", "paid")
    assert charged(database) == 1


async def test_what_is_asked_again_says_how_long_ago_it_was_asked_first(market: Marketplace, provider: Frail) -> None:
    """By the wall: a deadline is acted on as of its own instant, though nothing was running for days."""
    reservation = await held(market)
    provider.away_for = {"start"}
    await market.pay(GUEST, reservation)
    (attempt,) = (await ledger(market, reservation)).attempts
    command = market.product.registry["resumePayment"]
    ask = Ask(SYSTEM, market.now + SOON, market.now + timedelta(days=3), lambda _answer, _shown: b"")
    with pytest.raises(Unavailable):
        await market.product.bus.run(command, command.message.model_validate({"subject": attempt}), ask)
    first, again = (asked[-1] for name, asked in provider.asked if name == "start")
    assert first < SOON
    assert again > timedelta(days=2)


async def test_a_start_without_an_answer_is_let_go_if_the_guest_cancels(
    market: Marketplace, provider: Frail, database: str
) -> None:
    reservation = await held(market)
    provider.away_for = {"start"}
    await market.pay(GUEST, reservation)
    await step(market, reservation, "cancelled", GUEST)
    provider.away_for = set()
    await market.pass_time(SOON)
    assert (await state(market, reservation))[0] == "cancelled"
    assert await kinds(market, reservation) == ["failed"]
    assert charged(database) == 0, "nobody takes money now for what was called off before"


async def test_killed_between_charge_and_record_and_then_cancelled_by_the_guest(
    market: Marketplace, provider: Frail, database: str
) -> None:
    reservation = await held(market)
    provider.dies_after = {"start"}
    with pytest.raises(Killed):
        await market.pay(GUEST, reservation)
    provider.dies_after = set()
    await step(market, reservation, "cancelled", GUEST)
    await market.pass_time(SOON)
    assert await kinds(market, reservation) == ["charge", "refund"]
    assert (charged(database), given_back(database)) == (1, 1)
    assert (await ledger(market, reservation)).held == 0


async def test_a_capture_without_an_answer_is_tried_again(market: Marketplace, provider: Frail) -> None:
    reservation = await held(market, manual=True)
    await market.pay(GUEST, reservation)
    provider.away_for = {"capture"}
    with pytest.raises(Unavailable):
        await step(market, reservation, "confirmed", HOST)
    provider.away_for = set()
    await step(market, reservation, "confirmed", HOST)
    assert await state(market, reservation) == ("confirmed", "paid")


async def test_a_refund_without_an_answer_is_asked_for_again(
    market: Marketplace, provider: Frail, database: str
) -> None:
    reservation = await held(market)
    await market.pay(GUEST, reservation)
    provider.away_for = {"refund"}
    await step(market, reservation, "cancelled", GUEST)
    assert await kinds(market, reservation) == ["charge"]
    provider.away_for = set()
    await market.pass_time(SOON)
    assert await kinds(market, reservation) == ["charge", "refund"]
    assert given_back(database) == 1
