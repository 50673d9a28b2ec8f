"""What every payment provider keeps to. A subclass brings the fixture `provider` and the names of its test methods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest

from commands.payment_provider import NEVER_MADE, PaymentProvider, Returned
from domain.errors import Invalid
from domain.payment_attempt import Charge
from domain.payment_steps import GiveBack

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
TOTAL = 110_768
PAID = Charge(UUID(int=1), UUID(int=2), TOTAL, "EUR", "pm_card_visa", False)
LONG_AGO = timedelta(days=3)


def charge(method: str, *, manual: bool = False, **params: str) -> Charge:
    """A guest's payment."""
    return Charge(uuid4(), uuid4(), TOTAL, "EUR", method, manual, tuple(params.items()))


def back(amount: int, refund: int = 1, tries: int = 1) -> GiveBack:
    """A refund of so much."""
    return GiveBack(UUID(int=refund), UUID(int=9), amount, tries)


class PaymentProviderContract:
    """Takes money, or authorises and captures it; lets go of it; gives it back; the same key is done once."""

    PAYS: ClassVar[str] = "pm_card_visa"
    DECLINES: ClassVar[str] = "pm_card_chargeDeclined"
    ASKS: ClassVar[str] = "pm_card_authenticationRequired"
    UNKNOWN: ClassVar[str] = "pm_unknown"

    def forget(self) -> None:
        """Let the provider forget all idempotency keys, if ever it does."""

    async def come_back(self, provider: PaymentProvider, intent: str, returned: Returned) -> None:
        """Let a refund come back, and the provider be told that a callback said so."""
        await provider.returned(intent, returned)

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
        first = await provider.refund(intent, PAID, back(60_000), NOON)
        again = await provider.refund(intent, PAID, back(60_000), NOON)
        assert first.done
        assert (again.done, again.id) == (True, first.id)

    async def test_no_more_is_refunded_than_was_captured(self, provider: PaymentProvider) -> None:
        intent = await self.paid(provider)
        assert (await provider.refund(intent, PAID, back(60_000, 1), NOON)).done
        assert not (await provider.refund(intent, PAID, back(60_000, 2), NOON)).done
        assert (await provider.refund(intent, PAID, back(TOTAL - 60_000, 3), NOON)).done

    async def test_what_is_asked_again_long_after_is_still_done_once(self, provider: PaymentProvider) -> None:
        attempt, asked = UUID(int=7), charge(self.PAYS)
        paid = (await provider.start(attempt, asked, NOON)).report
        given = await provider.refund(str(paid.intent), PAID, back(40_000), NOON)
        self.forget()
        again = (await provider.start(attempt, asked, NOON, LONG_AGO)).report
        assert (again.status, again.intent, again.charge) == (paid.status, paid.intent, paid.charge)
        assert (await provider.refund(str(paid.intent), PAID, back(40_000), NOON)).id == given.id
        assert (await provider.refund(str(paid.intent), PAID, back(TOTAL - 40_000, 2), NOON)).done

    async def test_a_start_without_an_answer_is_found(self, provider: PaymentProvider) -> None:
        attempt, asked = UUID(int=7), charge(self.PAYS)
        paid = (await provider.start(attempt, asked, NOON)).report
        found = (await provider.find(attempt, asked, NOON, LONG_AGO)).report
        assert (found.status, found.intent, found.charge) == ("captured", paid.intent, paid.charge)

    async def test_a_start_that_never_came_is_none(self, provider: PaymentProvider) -> None:
        report = (await provider.find(uuid4(), charge(self.PAYS), NOON, LONG_AGO)).report
        assert (report.status, report.charge, report.reason) == ("failed", None, NEVER_MADE)

    async def test_what_came_back_can_be_given_anew(self, provider: PaymentProvider) -> None:
        intent = await self.paid(provider)
        await provider.refund(intent, PAID, back(TOTAL), NOON)
        await self.come_back(provider, intent, Returned(UUID(int=1), 1))
        assert (await provider.refund(intent, PAID, back(TOTAL, tries=2), NOON)).done

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
