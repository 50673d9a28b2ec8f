"""The payment process at Stripe, as far as a server that answers in its form can tell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from commands.ports import Unavailable
from infra.payments.stripe_provider import StripeProvider
from tests.commands.marketplace import Marketplace
from tests.commands.paying import GUEST, HOST, held, started, state, step
from tests.commands.till import call_back, kinds, ledger, refund_event
from tests.infra.payments.stripe_server import Stripe, stripe_server

DAY = timedelta(days=1)

# Stripe's library hands httpx its form in a way that httpx has renamed.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")


@pytest.fixture
def stripe() -> Iterator[Stripe]:
    with stripe_server() as stripe:
        yield stripe


@pytest.fixture
async def provider(stripe: Stripe) -> AsyncIterator[StripeProvider]:
    provider = StripeProvider("sk_test_innkeep", stripe.address)
    yield provider
    await provider.close()


async def nothing_answered(market: Marketplace, by: timedelta) -> None:
    """Time in which a question stays without an answer."""
    with pytest.MonkeyPatch.context() as soon:
        soon.setattr(market.product.scheduler, "_patience", 0.1)
        with pytest.raises(Unavailable):
            await market.pass_time(by)


async def asked_anew(market: Marketplace, reservation: Any) -> None:
    """The guest looks, more than a day after."""
    at = market.now + timedelta(hours=30)
    await market.answered("refreshReservationPayment", GUEST, at=at, reservationId=reservation["id"])


async def test_a_refund_that_comes_back_is_recognised_by_what_it_carries(market: Marketplace, stripe: Stripe) -> None:
    reservation = await held(market)
    await started(market, reservation)
    await step(market, reservation, "cancelled", HOST)
    (refund,) = stripe.refunds
    refund["status"] = "failed"
    assert (await call_back(market, refund_event(reservation, "", refunded=refund)))["recorded"]
    assert (await ledger(market, reservation)).refunded == 0
    await market.pass_time(DAY)
    assert (await ledger(market, reservation)).held == 0
    assert [made["status"] for made in stripe.refunds] == ["failed", "succeeded"]


async def test_what_stripe_never_made_has_failed_a_day_later(market: Marketplace, stripe: Stripe) -> None:
    reservation = await held(market)
    stripe.breaks = ["fault"]
    await started(market, reservation)
    await nothing_answered(market, timedelta(minutes=20))
    assert await state(market, reservation) == ("cancelled", "canceled")
    await asked_anew(market, reservation)
    assert await kinds(market, reservation) == ["failed"]
    assert ((await ledger(market, reservation)).open_attempts, stripe.intents) == ((), {})


async def test_what_stripe_made_and_never_told_is_found_a_day_later(market: Marketplace, stripe: Stripe) -> None:
    reservation = await held(market)
    stripe.breaks = ["lost"]
    await started(market, reservation)
    await nothing_answered(market, timedelta(minutes=20))
    await asked_anew(market, reservation)
    assert await state(market, reservation) == ("confirmed", "paid")
    assert (await kinds(market, reservation), len(stripe.intents)) == (["charge"], 1)
