"""Stripe keeps to the contract, as far as a server that answers in its form can tell."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from stripe import APIConnectionError

from commands.payment_provider import PaymentProvider, ProviderAway, Returned
from domain.errors import Invalid
from infra.payments.silence import CALLS
from infra.payments.stripe_provider import StripeProvider
from tests.contracts.payment_provider import NOON, PAID, TOTAL, PaymentProviderContract, back, charge
from tests.infra.payments.stripe_server import Stripe, stripe_server

VISA = "pm_card_visa"

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


class TestStripe(PaymentProviderContract):
    """As every provider."""

    @pytest.fixture(autouse=True)
    def other_side(self, stripe: Stripe) -> None:
        self.stripe = stripe

    def forget(self) -> None:
        self.stripe.kept.clear()

    async def come_back(self, provider: PaymentProvider, intent: str, returned: Returned) -> None:
        for refund in self.stripe.refunds:
            refund["status"] = "failed"
        await super().come_back(provider, intent, returned)


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
    given = back(5, tries=3)
    await provider.refund(intent, PAID, given, NOON)
    await provider.void(intent, "void key", NOON)
    keys = [key for method, _, _, key in stripe.asked if method == "POST"]
    assert keys[1:] == ["capture key", given.key, "void key"]
    assert stripe.refunds[0]["metadata"] == {
        "reservationId": str(PAID.reservation),
        "refundId": str(given.refund),
        "tries": "3",
    }


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
    await provider.refund("pi_1", replace(PAID, currency="ISK"), back(500), NOON)
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
    assert not (await provider.refund("pi_1", replace(PAID, currency=currency), back(amount), NOON)).done
    assert (stripe.asked, stripe.refunds) == ([], [])


@pytest.mark.parametrize("call", ["retrieve", "refresh", "capture", "void"])
async def test_a_payment_that_stripe_does_not_know_says_nothing_of_the_money(
    provider: StripeProvider, stripe: Stripe, call: str
) -> None:
    stripe.breaks = ["unknown", "unknown"]
    key = ["key"] if call in {"capture", "void"} else []
    with pytest.raises(ProviderAway):
        await getattr(provider, call)("pi_of_another_account", *key, NOON)


@pytest.mark.parametrize(("call", "then"), [("capture", "captured"), ("void", "voided")])
async def test_a_fault_that_stripe_repeats_for_a_day_does_not_keep_the_money_where_it_is(
    provider: StripeProvider, stripe: Stripe, call: str, then: str
) -> None:
    intent = str((await provider.start(uuid4(), charge(VISA, manual=True), NOON)).report.intent)
    stripe.breaks = ["fault"]
    assert (await getattr(provider, call)(intent, "key", NOON)).report.status == then


@pytest.mark.parametrize(("status", "done"), [("pending", True), ("requires_action", True), ("failed", False)])
async def test_a_refund_that_stripe_has_taken_on_is_given(
    provider: StripeProvider, stripe: Stripe, status: str, done: bool
) -> None:
    """Asked for anew while the guest, or the bank, still acts on it, it would be given twice."""
    intent = str((await provider.start(uuid4(), charge(VISA), NOON)).report.intent)
    stripe.refund_status = status
    assert (await provider.refund(intent, PAID, back(5), NOON)).done == done


class TestLongAfter:
    """Stripe forgets keys after a day."""

    OLD = timedelta(hours=30)

    async def test_what_was_never_made_has_failed_and_is_not_made_now(
        self, provider: StripeProvider, stripe: Stripe
    ) -> None:
        report = (await provider.start(uuid4(), charge(VISA), NOON, self.OLD)).report
        assert (report.status, report.intent, report.reason) == ("failed", None, "never_made")
        assert stripe.intents == {}

    async def test_what_the_search_may_not_show_yet_is_left_open(
        self, provider: StripeProvider, stripe: Stripe
    ) -> None:
        attempt = uuid4()
        await provider.start(attempt, charge(VISA), NOON)
        stripe.searchable = False
        with pytest.raises(ProviderAway):
            await provider.start(attempt, charge(VISA), NOON, timedelta(hours=24))
        assert len(stripe.intents) == 1

    async def test_what_is_only_looked_for_may_not_show_yet_either(
        self, provider: StripeProvider, stripe: Stripe
    ) -> None:
        with pytest.raises(ProviderAway):
            await provider.find(uuid4(), charge(VISA), NOON, timedelta(minutes=1))
        assert stripe.intents == {}

    async def test_a_search_that_is_refused_is_no_answer(self, provider: StripeProvider, stripe: Stripe) -> None:
        stripe.breaks = ["unknown"]
        with pytest.raises(ProviderAway):
            await provider.start(uuid4(), charge(VISA), NOON, self.OLD)

    async def test_a_refund_that_was_never_made_is_made(self, provider: StripeProvider, stripe: Stripe) -> None:
        intent = str((await provider.start(uuid4(), charge(VISA), NOON)).report.intent)
        for refund, tries in ((1, 1), (2, 1), (2, 2), (2, 1)):
            stripe.kept.clear()
            assert (await provider.refund(intent, PAID, back(5, refund, tries), NOON)).done
        assert len(stripe.refunds) == 3


async def test_the_library_keeps_no_file_of_its_own(
    provider: StripeProvider, stripe: Stripe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("stripe._telemetry_id._loaded", False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    await provider.start(uuid4(), charge(VISA), NOON)
    assert len(stripe.asked) == 1
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - pathlib would block as much


async def test_whoever_has_no_home_is_served_all_the_same(
    provider: StripeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a user that the machine does not know, in a container for example."""

    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("stripe._telemetry_id._loaded", False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    assert (await provider.start(uuid4(), charge(VISA), NOON)).report.status == "captured"


async def test_nobody_waits_for_a_stripe_that_is_silent(
    provider: StripeProvider, stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: object, **__: object) -> None:
        tried.append(1)
        raise APIConnectionError("no answer")  # type: ignore[no-untyped-call]

    tried: list[int] = []
    monkeypatch.setattr(provider._http, "request_async", silent)
    for _ in range(9):
        with pytest.raises(ProviderAway):
            await provider.retrieve("pi_1", NOON)
    assert len(tried) == CALLS


async def test_what_is_no_method_or_is_the_simulators_is_invalid(provider: StripeProvider) -> None:
    for method, params in (("card", {}), (VISA, {"settleAfterSeconds": "5"}), (VISA, {"outcome": "failed"})):
        with pytest.raises(Invalid):
            provider.check(method, params)
