"""Cut off between the provider and the record: resumed with the same key, charged once, given back once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from commands.bus import Ask
from commands.ports import Unavailable
from domain.actor import SYSTEM
from tests.commands.marketplace import Marketplace
from tests.commands.paying import GUEST, HOST, held, state, step
from tests.commands.till import (
    Frail,
    attempts,
    call_back,
    charged,
    given_back,
    kinds,
    ledger,
    stripe_event,
)

SOON = timedelta(seconds=30)


async def test_killed_between_charge_and_record(market: Marketplace, provider: Frail, database: str) -> None:
    """The provider has charged; nobody here knows. The process asks again with the same key and learns of it."""
    reservation = await held(market)
    with provider.killed_after("start"):
        await market.pay(GUEST, reservation)
    assert charged(database) == 1
    assert (await state(market, reservation))[0] == "pending"
    await market.pass_time(SOON)
    assert await state(market, reservation) == ("confirmed", "paid")
    assert charged(database) == 1
    assert await kinds(market, reservation) == ["charge"]


async def test_killed_between_charge_and_record_and_then_told_by_the_provider(
    market: Marketplace, provider: Frail, database: str
) -> None:
    """The event knows the payment's id before we do."""
    reservation = await held(market)
    with provider.killed_after("start"):
        await market.pay(GUEST, reservation)
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
    with provider.killed_after("start"):
        await market.pay(GUEST, reservation)
    with provider.cut_off("start"):
        with pytest.MonkeyPatch.context() as soon:
            soon.setattr(market.product.scheduler, "_patience", 0.1)  # nobody will answer, however long it is asked
            with pytest.raises(Unavailable):
                await market.pass_time(timedelta(minutes=15))
        assert (await state(market, reservation))[0] == "cancelled"
    await market.pass_time(SOON)
    assert await state(market, reservation) == ("confirmed", "paid")
    assert charged(database) == 1


async def test_killed_between_capture_and_record(market: Marketplace, provider: Frail, database: str) -> None:
    reservation = await held(market, manual=True)
    await market.pay(GUEST, reservation)
    with provider.killed_after("capture"):
        await step(market, reservation, "confirmed", HOST)
    await market.pass_time(SOON)
    assert await state(market, reservation) == ("confirmed", "paid")
    assert charged(database) == 1


async def test_killed_between_capture_and_record_and_then_cancelled_by_the_guest(
    market: Marketplace, provider: Frail, database: str
) -> None:
    """What was captured behind our back goes back in full."""
    reservation = await held(market, manual=True)
    await market.pay(GUEST, reservation)
    with provider.killed_after("capture"):
        await step(market, reservation, "confirmed", HOST)
    await step(market, reservation, "cancelled", GUEST)
    assert (await state(market, reservation))[0] == "cancelled"
    assert await kinds(market, reservation) == ["charge", "refund"]
    assert (await ledger(market, reservation)).held == 0
    assert given_back(database) == 1


async def test_killed_between_refund_and_record(market: Marketplace, provider: Frail, database: str) -> None:
    reservation = await held(market)
    await market.pay(GUEST, reservation)
    with provider.killed_after("refund"):
        await step(market, reservation, "cancelled", GUEST)
    assert (await state(market, reservation))[0] == "cancelled"
    assert await kinds(market, reservation) == ["charge"]
    await market.pass_time(SOON)
    assert await kinds(market, reservation) == ["charge", "refund"]
    assert given_back(database) == 1


async def test_killed_between_void_and_record(market: Marketplace, provider: Frail) -> None:
    reservation = await held(market, manual=True)
    await market.pay(GUEST, reservation)
    with provider.killed_after("void"):
        await step(market, reservation, "declined", HOST)
    await market.pass_time(SOON)
    assert await state(market, reservation) == ("declined", "canceled")
    assert [a["statusLiteral"] for a in await attempts(market, reservation)] == ["canceled"]


async def test_a_provider_that_is_away_is_asked_again(market: Marketplace, provider: Frail, database: str) -> None:
    reservation = await held(market)
    with provider.cut_off("start"):
        answered = await market.pay(GUEST, reservation)
        assert (answered["bookingStatus"], answered["paymentConfirmation"]) == ("pending", "processing")
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
    with provider.cut_off("start"):
        await market.pay(GUEST, reservation)
        await step(market, reservation, "cancelled", GUEST)
    await market.pass_time(SOON)
    assert (await state(market, reservation))[0] == "cancelled"
    assert await kinds(market, reservation) == ["failed"]
    assert charged(database) == 0, "nobody takes money now for what was called off before"


async def test_killed_between_charge_and_record_and_then_cancelled_by_the_guest(
    market: Marketplace, provider: Frail, database: str
) -> None:
    reservation = await held(market)
    with provider.killed_after("start"):
        await market.pay(GUEST, reservation)
    await step(market, reservation, "cancelled", GUEST)
    await market.pass_time(SOON)
    assert await kinds(market, reservation) == ["charge", "refund"]
    assert (charged(database), given_back(database)) == (1, 1)
    assert (await ledger(market, reservation)).held == 0


async def test_a_capture_without_an_answer_is_tried_again(market: Marketplace, provider: Frail) -> None:
    reservation = await held(market, manual=True)
    await market.pay(GUEST, reservation)
    with provider.cut_off("capture"), pytest.raises(Unavailable):
        await step(market, reservation, "confirmed", HOST)
    await step(market, reservation, "confirmed", HOST)
    assert await state(market, reservation) == ("confirmed", "paid")


async def test_a_refund_without_an_answer_is_asked_for_again(
    market: Marketplace, provider: Frail, database: str
) -> None:
    reservation = await held(market)
    await market.pay(GUEST, reservation)
    with provider.cut_off("refund"):
        await step(market, reservation, "cancelled", GUEST)
        assert await kinds(market, reservation) == ["charge"]
    await market.pass_time(SOON)
    assert await kinds(market, reservation) == ["charge", "refund"]
    assert given_back(database) == 1
