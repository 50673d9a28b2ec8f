"""The simulator keeps to the contract, and plays Stripe's test methods by the product's clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from domain.errors import Invalid
from domain.payment_attempt import Report
from infra.payments.simulator import Simulator
from infra.postgres.migrate import migrate
from tests.contracts.payment_provider import NOON, PAID, TOTAL, PaymentProviderContract, back, charge

WAITS = "pm_card_processing"
LATER = NOON + timedelta(minutes=10)


@pytest.fixture
async def provider(database: str) -> AsyncIterator[Simulator]:
    await migrate(database)
    simulator = Simulator(database)
    yield simulator
    await simulator.close()


class TestSimulator(PaymentProviderContract):
    """As every provider."""


async def status_of(provider: Simulator, intent: str | None, *, at: timedelta) -> str:
    return (await provider.retrieve(str(intent), NOON + at)).report.status


async def test_a_processing_payment_settles_ten_minutes_later(provider: Simulator) -> None:
    report = (await provider.start(uuid4(), charge(WAITS), NOON)).report
    assert (report.status, report.check_at) == ("processing", LATER)
    assert await status_of(provider, report.intent, at=timedelta(minutes=9, seconds=59)) == "processing"
    assert await status_of(provider, report.intent, at=timedelta(minutes=10)) == "captured"


async def test_a_processing_payment_settles_when_and_as_it_is_told(provider: Simulator) -> None:
    asked = charge(WAITS, settleAfterSeconds="5", outcome="failed")
    report = (await provider.start(uuid4(), asked, NOON)).report
    assert report.check_at == NOON + timedelta(seconds=5)
    assert await status_of(provider, report.intent, at=timedelta(seconds=5)) == "failed"


async def test_a_manual_processing_payment_settles_as_an_authorisation(provider: Simulator) -> None:
    report = (await provider.start(uuid4(), charge(WAITS, manual=True), NOON)).report
    assert await status_of(provider, report.intent, at=timedelta(minutes=10)) == "authorised"


async def test_what_is_processing_cannot_be_voided(provider: Simulator) -> None:
    report = (await provider.start(uuid4(), charge(WAITS), NOON)).report
    assert (await provider.void(str(report.intent), "void", NOON)).report.status == "processing"


async def test_a_refresh_is_the_guests_authentication(provider: Simulator) -> None:
    report = (await provider.start(uuid4(), charge("pm_card_authenticationRequired"), NOON)).report
    assert (await provider.refresh(str(report.intent), NOON)).report.status == "captured"


async def test_an_authentication_may_fail(provider: Simulator) -> None:
    asked = charge("pm_card_authenticationRequired", outcome="failed")
    report = (await provider.start(uuid4(), asked, NOON)).report
    assert (await provider.refresh(str(report.intent), NOON)).report.status == "failed"


async def test_an_authorised_payment_whose_outcome_is_failed_fails_at_its_capture(provider: Simulator) -> None:
    asked = charge("pm_card_visa", manual=True, outcome="failed")
    report = (await provider.start(uuid4(), asked, NOON)).report
    assert report.status == "authorised"
    captured = (await provider.capture(str(report.intent), "key", NOON)).report
    assert (captured.status, captured.reason) == ("failed", "capture_failed")


async def test_a_restart_loses_nothing(provider: Simulator, database: str) -> None:
    report = (await provider.start(uuid4(), charge(WAITS), NOON)).report
    again = Simulator(database)
    try:
        assert (await again.retrieve(str(report.intent), LATER)).report.status == "captured"
    finally:
        await again.close()


async def test_whoever_signs_callbacks_plays_the_provider(provider: Simulator) -> None:
    attempt, asked = uuid4(), charge(WAITS)
    report = (await provider.start(attempt, asked, NOON)).report
    await provider.believe(attempt, asked, Report("captured", report.intent), NOON)
    assert await status_of(provider, report.intent, at=timedelta()) == "captured"
    assert (await provider.refund(str(report.intent), PAID, back(TOTAL), NOON)).done


async def test_a_payment_that_only_a_callback_told_of_can_be_given_back(provider: Simulator) -> None:
    await provider.believe(uuid4(), charge("pm_card_visa"), Report("captured", "pi_elsewhere"), NOON)
    assert (await provider.refund("pi_elsewhere", PAID, back(TOTAL), NOON)).done


async def test_a_start_that_comes_after_it_was_not_found_takes_no_money(provider: Simulator) -> None:
    """Whoever asked for it was slower than who called the stay off."""
    attempt, asked = uuid4(), charge("pm_card_visa")
    assert (await provider.find(attempt, asked, NOON, timedelta())).report.status == "failed"
    assert (await provider.start(attempt, asked, NOON)).report.status == "failed"


async def test_an_unknown_method_or_parameter_is_invalid(provider: Simulator) -> None:
    for method, params in (
        ("pm_card_gold", {}),
        (WAITS, {"settleAfterSeconds": "-1"}),
        (WAITS, {"settleAfterSeconds": "99999999999"}),
        (WAITS, {"outcome": "maybe"}),
    ):
        with pytest.raises(Invalid):
            provider.check(method, params)
