"""A payment that failed and is then authorised all the same: the guest has paid the same one with another card."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from domain.errors import Refused
from tests.commands.marketplace import Marketplace
from tests.commands.paying import GUEST, HOST, step
from tests.commands.till import attempts, call_back, kinds, ledger, stripe_event


def at_provider(database: str, intent: str) -> str:
    """How the simulator has it."""
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT status FROM simulator_payment WHERE id = %s", [intent]).fetchone()
    assert row is not None
    status: str = row[0]
    return status


async def failed(market: Marketplace) -> tuple[Any, str]:
    """A request whose payment has failed, and the provider's id of it."""
    reservation = await market.book(GUEST, await market.listing(HOST, approvalType="manual"))
    await market.pay(GUEST, reservation, "pm_card_authenticationRequired")
    (attempt,) = await attempts(market, reservation)
    intent: str = attempt["paymentId"]
    await call_back(market, stripe_event("payment_failed", reservation, intent))
    return reservation, intent


async def authorised(market: Marketplace) -> tuple[Any, str]:
    """One whose payment was authorised after that."""
    reservation, intent = await failed(market)
    await call_back(market, stripe_event("amount_capturable_updated", reservation, intent))
    return reservation, intent


async def test_the_host_can_accept(market: Marketplace) -> None:
    reservation, _ = await authorised(market)
    assert (await step(market, reservation, "confirmed", HOST))["paymentConfirmation"] == "paid"
    assert await kinds(market, reservation) == ["charge", "failed"]
    assert (await ledger(market, reservation)).held > 0


async def test_what_the_host_declines_is_let_go(market: Marketplace, database: str) -> None:
    reservation, intent = await authorised(market)
    await step(market, reservation, "declined", HOST)
    assert at_provider(database, intent) == "voided"
    assert (await ledger(market, reservation)).open_attempts == ()


async def test_nothing_else_is_paid_meanwhile(market: Marketplace) -> None:
    reservation, _ = await authorised(market)
    with pytest.raises(Refused) as refused:
        await market.pay(GUEST, reservation)
    assert refused.value.rule == "PAYMENT_OPEN"


async def test_beside_another_it_is_let_go(market: Marketplace, database: str) -> None:
    reservation, intent = await failed(market)
    await market.pay(GUEST, reservation)
    await call_back(market, stripe_event("amount_capturable_updated", reservation, intent))
    assert at_provider(database, intent) == "voided"
    assert (await step(market, reservation, "confirmed", HOST))["bookingStatus"] == "confirmed"
    assert await kinds(market, reservation) == ["charge", "failed"]


async def test_after_the_end_it_is_let_go(market: Marketplace, database: str) -> None:
    reservation, intent = await failed(market)
    await step(market, reservation, "cancelled", GUEST)
    await call_back(market, stripe_event("amount_capturable_updated", reservation, intent))
    await market.pass_time(timedelta(minutes=1))
    assert at_provider(database, intent) == "voided"
