"""What every payment provider keeps to. A subclass brings the fixture `provider` and the names of its test methods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest

from commands.payment_provider import PaymentProvider
from domain.errors import Invalid
from domain.payment_attempt import Charge

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
TOTAL = 110_768


def charge(method: str, *, manual: bool = False, **params: str) -> Charge:
    """A guest's payment."""
    return Charge(uuid4(), uuid4(), TOTAL, "EUR", method, manual, tuple(params.items()))


class PaymentProviderContract:
    """Takes money, or authorises and captures it; lets go of it; gives it back; the same key is done once."""

    PAYS: ClassVar[str] = "pm_card_visa"
    DECLINES: ClassVar[str] = "pm_card_chargeDeclined"
    ASKS: ClassVar[str] = "pm_card_authenticationRequired"
    UNKNOWN: ClassVar[str] = "pm_unknown"

    async def paid(self, provider: PaymentProvider, *, manual: bool = False) -> str:
        answered = await provider.start(uuid4(), charge(self.PAYS, manual=manual), NOON)
        assert answered.report.intent is not None
        return answered.report.intent

    async def test_a_card_that_pays_is_charged_at_once(self, provider: PaymentProvider) -> None:
        report = (await provider.start(uuid4(), charge(self.PAYS), NOON)).report
        assert report.status == "captured"
        assert report.intent
        assert report.charge

    async def test_a_manual_payment_is_authorised_and_captured_later(self, provider: PaymentProvider) -> None:
        report = (await provider.start(uuid4(), charge(self.PAYS, manual=True), NOON)).report
        assert report.status == "authorised"
        captured = (await provider.capture(str(report.intent), "key", NOON)).report
        assert (captured.status, captured.intent) == ("captured", report.intent)
        assert captured.charge

    async def test_a_declined_card_is_an_answer_with_a_reason(self, provider: PaymentProvider) -> None:
        report = (await provider.start(uuid4(), charge(self.DECLINES), NOON)).report
        assert (report.status, report.reason) == ("failed", "card_declined")
        assert report.intent

    async def test_an_authentication_is_asked_for(self, provider: PaymentProvider) -> None:
        report = (await provider.start(uuid4(), charge(self.ASKS), NOON)).report
        assert report.status == "requires_action"
        looked = (await provider.retrieve(str(report.intent), NOON)).report
        assert looked.status == "requires_action"

    async def test_the_same_attempt_again_is_the_same_payment(self, provider: PaymentProvider) -> None:
        attempt, asked = UUID(int=7), charge(self.PAYS)
        first = (await provider.start(attempt, asked, NOON)).report
        again = (await provider.start(attempt, asked, NOON + timedelta(minutes=1))).report
        assert (again.status, again.intent, again.charge) == (first.status, first.intent, first.charge)

    async def test_another_attempt_is_another_payment(self, provider: PaymentProvider) -> None:
        assert await self.paid(provider) != await self.paid(provider)

    async def test_an_authorisation_can_be_voided_and_then_not_captured(self, provider: PaymentProvider) -> None:
        intent = await self.paid(provider, manual=True)
        assert (await provider.void(intent, "void", NOON)).report.status == "voided"
        assert (await provider.void(intent, "void", NOON)).report.status == "voided"
        assert (await provider.capture(intent, "capture", NOON)).report.status == "voided"

    async def test_captured_money_cannot_be_voided(self, provider: PaymentProvider) -> None:
        intent = await self.paid(provider)
        assert (await provider.void(intent, "void", NOON)).report.status == "captured"

    async def test_a_capture_twice_is_one(self, provider: PaymentProvider) -> None:
        intent = await self.paid(provider, manual=True)
        first = (await provider.capture(intent, "capture", NOON)).report
        again = (await provider.capture(intent, "capture", NOON)).report
        assert (first.status, first.charge) == (again.status, again.charge)

    async def test_a_refund_with_the_same_key_is_given_once(self, provider: PaymentProvider) -> None:
        intent = await self.paid(provider)
        first = await provider.refund(intent, 60_000, "EUR", "refund 1", NOON)
        again = await provider.refund(intent, 60_000, "EUR", "refund 1", NOON)
        assert first.done
        assert (again.done, again.id) == (True, first.id)

    async def test_no_more_is_refunded_than_was_captured(self, provider: PaymentProvider) -> None:
        intent = await self.paid(provider)
        assert (await provider.refund(intent, 60_000, "EUR", "refund 1", NOON)).done
        assert not (await provider.refund(intent, 60_000, "EUR", "refund 2", NOON)).done
        assert (await provider.refund(intent, TOTAL - 60_000, "EUR", "refund 3", NOON)).done

    async def test_an_unknown_method_is_named(self, provider: PaymentProvider) -> None:
        named: Any = None
        try:
            provider.check(self.UNKNOWN, {})
            named = (await provider.start(uuid4(), charge(self.UNKNOWN), NOON)).invalid
        except Invalid as invalid:
            named = invalid.message
        assert named

    async def test_an_unknown_parameter_value_is_named(self, provider: PaymentProvider) -> None:
        with pytest.raises(Invalid):
            provider.check(self.PAYS, {"outcome": "perhaps"})
