"""Stripe keeps to the contract, as far as a server that answers in its form can tell."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from commands.payment_provider import ProviderAway
from domain.errors import Invalid
from infra.payments.stripe_provider import StripeProvider
from tests.contracts.payment_provider import NOON, TOTAL, PaymentProviderContract, charge
from tests.infra.payments.stripe_server import Stripe, stripe_server

VISA = "pm_card_visa"

# Stripe's library hands httpx its form in a way that httpx has renamed.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")


@pytest.fixture
def server() -> Iterator[tuple[Stripe, str]]:
    with stripe_server() as server:
        yield server


@pytest.fixture
def stripe(server: tuple[Stripe, str]) -> Stripe:
    return server[0]


@pytest.fixture
async def provider(server: tuple[Stripe, str]) -> AsyncIterator[StripeProvider]:
    provider = StripeProvider("sk_test_innkeep", server[1])
    yield provider
    await provider.close()


class TestStripe(PaymentProviderContract):
    """As every provider."""


async def test_a_payment_is_asked_for_with_its_key_and_says_whose_it_is(
    provider: StripeProvider, stripe: Stripe
) -> None:
    attempt, asked = uuid4(), charge(VISA, manual=True)
    answered = await provider.start(attempt, asked, NOON)
    (method, path, params, key) = stripe.asked[0]
    assert (method, path, key) == ("POST", "/v1/payment_intents", str(attempt))
    assert (params["amount"], params["currency"], params["confirm"]) == (str(TOTAL), "eur", "true")
    assert params["capture_method"] == "manual"
    assert params["metadata[reservationId]"] == str(asked.reservation)
    assert params["metadata[attemptId]"] == str(attempt)
    assert params["automatic_payment_methods[allow_redirects]"] == "never"
    assert answered.client_secret == f"{answered.report.intent}_secret"


async def test_a_browser_that_has_somewhere_to_return_to_may_be_sent_away(
    provider: StripeProvider, stripe: Stripe
) -> None:
    asked = replace(charge(VISA), redirect_url="https://example.org/done")
    await provider.start(uuid4(), asked, NOON)
    assert stripe.asked[0][2]["return_url"] == "https://example.org/done"


async def test_every_call_that_moves_money_carries_its_key(provider: StripeProvider, stripe: Stripe) -> None:
    intent = str((await provider.start(uuid4(), charge(VISA, manual=True), NOON)).report.intent)
    await provider.capture(intent, "capture key", NOON)
    await provider.refund(intent, 5, "EUR", "refund key", NOON)
    await provider.void(intent, "void key", NOON)
    keys = [key for method, _, _, key in stripe.asked if method == "POST"]
    assert keys[1:] == ["capture key", "refund key", "void key"]


async def test_a_server_that_fails_once_is_asked_again_with_the_same_key(
    provider: StripeProvider, stripe: Stripe
) -> None:
    stripe.breaks = ["500"]
    assert (await provider.start(uuid4(), charge(VISA), NOON)).report.status == "captured"
    assert stripe.asked[0][3] == stripe.asked[1][3]
    assert len(stripe.intents) == 1


@pytest.mark.parametrize("how", ["500", "429"])
async def test_a_server_that_goes_on_failing_is_away(provider: StripeProvider, stripe: Stripe, how: str) -> None:
    stripe.breaks = [how, how, how]
    with pytest.raises(ProviderAway):
        await provider.start(uuid4(), charge(VISA), NOON)


async def test_a_server_that_nobody_reaches_is_away() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        provider = StripeProvider("sk_test_innkeep", f"http://127.0.0.1:{taken.getsockname()[1]}")
        try:
            with pytest.raises(ProviderAway):
                await provider.retrieve("pi_1", NOON)
        finally:
            await provider.close()


async def test_an_authorisation_whose_capture_is_declined_is_let_go(provider: StripeProvider, stripe: Stripe) -> None:
    intent = str((await provider.start(uuid4(), charge(VISA, manual=True), NOON)).report.intent)
    stripe.breaks = ["declined"]
    report = (await provider.capture(intent, "key", NOON)).report
    assert (report.status, report.reason) == ("failed", "card_declined")
    assert stripe.intents[intent]["status"] == "canceled"


async def test_currencies_that_stripe_counts_in_hundredths_are_sent_so(
    provider: StripeProvider, stripe: Stripe
) -> None:
    await provider.start(uuid4(), replace(charge(VISA), currency="ISK", amount=500), NOON)
    await provider.start(uuid4(), replace(charge(VISA), currency="JPY", amount=500), NOON)
    assert [params["amount"] for _, _, params, _ in stripe.asked] == ["50000", "500"]
    await provider.refund("pi_1", 500, "ISK", "refund key", NOON)
    assert stripe.refunds[0]["amount"] == 50_000


async def test_currencies_that_stripe_counts_in_whole_units_are_sent_so(
    provider: StripeProvider, stripe: Stripe
) -> None:
    await provider.start(uuid4(), replace(charge(VISA), currency="MGA", amount=15_000_000), NOON)
    await provider.start(uuid4(), replace(charge(VISA), currency="KWD", amount=1_410), NOON)
    assert [params["amount"] for _, _, params, _ in stripe.asked] == ["150000", "1410"]


@pytest.mark.parametrize(("currency", "amount"), [("MGA", 15_000_050), ("KWD", 1_408)])
async def test_what_stripe_cannot_move_exactly_is_said_and_not_asked(
    provider: StripeProvider, stripe: Stripe, currency: str, amount: int
) -> None:
    answered = await provider.start(uuid4(), replace(charge(VISA), currency=currency, amount=amount), NOON)
    assert (answered.report.status, answered.report.reason) == ("failed", "amount_not_exact")
    assert currency in str(answered.invalid)
    assert not (await provider.refund("pi_1", amount, currency, "refund key", NOON)).done
    assert (stripe.asked, stripe.refunds) == ([], [])


async def test_what_is_no_method_or_is_the_simulators_is_invalid(provider: StripeProvider) -> None:
    for method, params in (("card", {}), (VISA, {"settleAfterSeconds": "5"}), (VISA, {"outcome": "failed"})):
        with pytest.raises(Invalid):
            provider.check(method, params)
