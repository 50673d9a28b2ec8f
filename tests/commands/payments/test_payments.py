"""Paying for a stay that payment confirms, and what a cancellation gives back."""

from __future__ import annotations

import pytest

from domain.errors import Invalid, NotAllowed, NotThere, Refused
from tests.commands.marketplace import Marketplace, money, somebody
from tests.commands.paying import ASKS, DECLINES, GUEST, HOST, MINUTES, WAITS, held, started, state, step
from tests.commands.till import attempts, books, kinds, ledger, total

OTHER, ADMIN = somebody(), somebody("admin")


class TestInstant:
    """Payment confirms the reservation."""

    async def test_a_card_that_pays_confirms_it(self, market: Marketplace) -> None:
        reservation = await held(market)
        answered = await started(market, reservation)
        assert answered["shown"]["bookingStatus"] == "confirmed"
        assert answered["shown"]["paymentConfirmation"] == "paid"
        assert answered["shown"]["recordVersion"] == 2
        result = answered["extra"]["paymentResult"]
        assert (result["paymentStatus"], result["statusLiteral"], result["success"]) == ("succeeded", "paid", True)
        assert result["orderId"] == reservation["id"]
        assert (money(result["amount"]), result["currency"]) == (money(reservation["totalPrice"]), "EUR")
        assert result["paymentUserParams"] == {"paymentMethodId": "pm_card_visa"}
        assert (await ledger(market, reservation)).money_in == 34_197

    async def test_the_books_have_the_charge_with_fee_and_tax(self, market: Marketplace) -> None:
        reservation = await held(market, cityTaxPercent=5.5)
        await started(market, reservation)
        (charge,) = await books(market, reservation, GUEST)
        assert (charge["kind"], charge["paymentStatus"]) == ("charge", "paid")
        assert money(charge["amountPaid"]) == money(reservation["totalPrice"])
        assert money(charge["cityTax"]) == money("16.50")
        assert money(charge["platformFee"]) == money("42.00") + money("9.00")
        assert money(charge["refundAmount"]) == money(charge["payoutAmountHost"]) == 0
        assert charge["stripeChargeId"]
        assert charge["_owner"] == str(GUEST.id)
        assert await books(market, reservation, HOST) == []
        assert await kinds(market, reservation, ADMIN) == ["charge"]

    async def test_a_decline_is_an_answer_and_may_be_tried_again(self, market: Marketplace) -> None:
        reservation = await held(market)
        answered = await started(market, reservation, DECLINES)
        assert (answered["status"], answered["extra"]["errCode"]) == (402, "PAYMENT_DECLINED")
        assert await state(market, reservation) == ("pending", "pending")
        assert await kinds(market, reservation, GUEST) == ["failed"]
        assert [a["statusLiteral"] for a in await attempts(market, reservation)] == ["failed"]
        await started(market, reservation)
        assert await state(market, reservation) == ("confirmed", "paid")
        assert await kinds(market, reservation) == ["charge", "failed"]

    async def test_an_authentication_is_settled_by_a_refresh(self, market: Marketplace) -> None:
        reservation = await held(market)
        answered = await started(market, reservation, ASKS)
        assert answered["extra"]["paymentResult"]["paymentStatus"] == "requires_action"
        assert await state(market, reservation) == ("pending", "processing")
        refreshed = await market.answered("refreshReservationPayment", GUEST, reservationId=reservation["id"])
        assert refreshed["shown"]["bookingStatus"] == "confirmed"
        assert refreshed["extra"]["paymentResult"]["paymentStatus"] == "succeeded"

    async def test_what_is_processing_settles_by_the_clock(self, market: Marketplace) -> None:
        reservation = await held(market)
        await started(market, reservation, WAITS)
        assert await state(market, reservation) == ("pending", "processing")
        await market.pass_time(MINUTES[10])
        assert await state(market, reservation) == ("confirmed", "paid")

    async def test_what_is_processing_may_fail_and_be_tried_again(self, market: Marketplace) -> None:
        reservation = await held(market)
        await started(market, reservation, WAITS, settleAfterSeconds=60, outcome="failed")
        await market.pass_time(MINUTES[1])
        assert await state(market, reservation) == ("pending", "pending")
        await started(market, reservation)
        assert await state(market, reservation) == ("confirmed", "paid")

    async def test_a_second_payment_is_refused(self, market: Marketplace) -> None:
        for method in (ASKS, WAITS, "pm_card_visa"):
            reservation = await held(market)
            await started(market, reservation, method)
            with pytest.raises(Refused) as refused:
                await started(market, reservation)
            assert refused.value.rule == "PAYMENT_OPEN"

    async def test_after_the_hold_none_is_started(self, market: Marketplace) -> None:
        reservation = await held(market)
        await market.pass_time(MINUTES[15])
        with pytest.raises(Refused) as refused:
            await started(market, reservation)
        assert refused.value.rule == "HOLD_EXPIRED"
        assert await state(market, reservation) == ("cancelled", "canceled")

    async def test_a_cancelled_one_is_not_paid(self, market: Marketplace) -> None:
        reservation = await held(market)
        await step(market, reservation, "cancelled", GUEST)
        with pytest.raises(Refused) as refused:
            await started(market, reservation)
        assert refused.value.rule == "WRONG_STATE"

    async def test_what_cannot_be_understood_records_nothing(self, market: Marketplace) -> None:
        reservation = await held(market)
        for params in (
            {"paymentMethodId": "pm_card_gold"},
            {},
            {"paymentMethodId": "pm_card_visa", "settleAfterSeconds": -1},
            {"paymentMethodId": "pm_card_visa", "outcome": "perhaps"},
            {"paymentMethodId": "pm_card_visa", "unknown": 1},
        ):
            with pytest.raises(Invalid):
                await market.ask(
                    "startReservationPayment", GUEST, reservationId=reservation["id"], paymentUserParams=params
                )
        assert await attempts(market, reservation) == []

    async def test_only_its_guest_pays(self, market: Marketplace) -> None:
        reservation = await held(market)
        params = {"paymentMethodId": "pm_card_visa"}
        for caller, error in ((HOST, NotAllowed), (ADMIN, NotAllowed), (OTHER, NotThere)):
            with pytest.raises(error):
                await market.ask(
                    "startReservationPayment", caller, reservationId=reservation["id"], paymentUserParams=params
                )
        with pytest.raises(NotAllowed):
            await market.ask("refreshReservationPayment", HOST, reservationId=reservation["id"])


class TestRefunds:
    """What a cancellation gives back is given once."""

    async def test_a_cancellation_refunds_what_the_policy_says(self, market: Marketplace) -> None:
        reservation = await held(market)
        await started(market, reservation)
        cancelled = await step(market, reservation, "cancelled", GUEST)
        assert (cancelled["bookingStatus"], cancelled["paymentConfirmation"]) == ("cancelled", "paid")
        assert cancelled["recordVersion"] == 3
        assert await kinds(market, reservation, GUEST) == ["charge", "refund"]
        assert await total(market, reservation, "refundAmount") == money(cancelled["refund"]["amount"])
        refund = next(record for record in await books(market, reservation) if record["kind"] == "refund")
        assert refund["paymentStatus"] == "refunded"
        await step(market, reservation, "cancelled", GUEST)
        assert await kinds(market, reservation) == ["charge", "refund"]

    async def test_where_nothing_is_refunded_there_is_no_record(self, market: Marketplace) -> None:
        reservation = await held(market, cancellationPolicy={"tier": "non_refundable"}, ahead=1)
        await started(market, reservation)
        cancelled = await step(market, reservation, "cancelled", GUEST)
        assert cancelled["refund"] is None
        assert await kinds(market, reservation) == ["charge"]
