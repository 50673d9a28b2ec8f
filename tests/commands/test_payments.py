"""Paying for a stay: what becomes of the reservation, and of the money."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from domain.actor import Actor
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from infra.payments.simulator import Simulator
from tests.commands.marketplace import Marketplace, money, open_marketplace, somebody
from tests.commands.till import attempts, books, kinds, ledger, total

HOST, GUEST, OTHER, ADMIN = somebody(), somebody(), somebody(), somebody("admin")
MINUTES = {n: timedelta(minutes=n) for n in (1, 5, 10, 11, 14, 15, 16, 20)}
ASKS = "pm_card_authenticationRequired"
WAITS = "pm_card_processing"
DECLINES = "pm_card_chargeDeclined"


@pytest.fixture
async def market(database: str) -> AsyncIterator[Marketplace]:
    simulator = Simulator(database)
    async with open_marketplace(database, payments=simulator) as market:
        yield market
    await simulator.close()


async def held(market: Marketplace, *, manual: bool = False, ahead: int = 30, **over: Any) -> Any:
    """A reservation that is to be paid."""
    listing = await market.listing(HOST, approvalType="manual" if manual else "instant", **over)
    return await market.book(GUEST, listing, ahead)


async def started(market: Marketplace, reservation: Any, method: str = "pm_card_visa", **more: Any) -> dict[str, Any]:
    """All that starting a payment answers."""
    params = {"paymentMethodId": method} | more
    return await market.answered(
        "startReservationPayment", GUEST, reservationId=reservation["id"], paymentUserParams=params
    )


async def step(market: Marketplace, reservation: Any, status: str, by: Actor) -> Any:
    """Ask for the reservation's next step."""
    return await market.ask("updateReservation", by, reservationId=reservation["id"], bookingStatus=status)


async def state(market: Marketplace, reservation: Any) -> tuple[str, str]:
    """What the reservation shows of itself and of its payment."""
    now = await market.reservation(reservation["id"])
    return now["bookingStatus"], now["paymentConfirmation"]


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


class TestManual:
    """The host has to accept."""

    async def test_an_authorisation_waits_for_the_host_longer(self, market: Marketplace) -> None:
        reservation = await held(market, manual=True)
        answered = await started(market, reservation)
        assert answered["extra"]["paymentResult"]["paymentStatus"] == "requires_capture"
        assert (answered["shown"]["bookingStatus"], answered["shown"]["paymentConfirmation"]) == (
            "pending",
            "processing",
        )
        assert answered["shown"]["holdExpiresAt"] > reservation["holdExpiresAt"]
        assert (await ledger(market, reservation)).money_in == 0

    async def test_accepting_captures(self, market: Marketplace) -> None:
        reservation = await held(market, manual=True)
        await started(market, reservation)
        accepted = await step(market, reservation, "confirmed", HOST)
        assert (accepted["bookingStatus"], accepted["paymentConfirmation"]) == ("confirmed", "paid")
        assert await kinds(market, reservation) == ["charge"]

    async def test_accepting_without_an_authorisation_is_refused(self, market: Marketplace) -> None:
        reservation = await held(market, manual=True)
        with pytest.raises(Refused) as refused:
            await step(market, reservation, "confirmed", HOST)
        assert refused.value.rule == "PAYMENT_NOT_AUTHORISED"
        await started(market, reservation, ASKS)
        with pytest.raises(Refused):
            await step(market, reservation, "confirmed", HOST)

    async def test_declining_voids(self, market: Marketplace) -> None:
        reservation = await held(market, manual=True)
        await started(market, reservation)
        declined = await step(market, reservation, "declined", HOST)
        assert (declined["bookingStatus"], declined["paymentConfirmation"]) == ("declined", "canceled")
        assert [a["statusLiteral"] for a in await attempts(market, reservation)] == ["canceled"]
        assert await kinds(market, reservation) == []

    async def test_declining_while_the_payment_is_processing_lets_it_go_when_it_settles(
        self, market: Marketplace
    ) -> None:
        reservation = await held(market, manual=True)
        await started(market, reservation, WAITS)
        await step(market, reservation, "declined", HOST)
        assert await state(market, reservation) == ("declined", "processing")
        await market.pass_time(MINUTES[10])
        assert await state(market, reservation) == ("declined", "canceled")
        assert [a["statusLiteral"] for a in await attempts(market, reservation)] == ["canceled"]
        assert await kinds(market, reservation) == []

    async def test_declining_while_the_guest_authenticates_voids(self, market: Marketplace) -> None:
        reservation = await held(market, manual=True)
        await started(market, reservation, ASKS)
        await step(market, reservation, "declined", HOST)
        assert await state(market, reservation) == ("declined", "canceled")
        refreshed = await market.answered("refreshReservationPayment", GUEST, reservationId=reservation["id"])
        assert refreshed["extra"]["paymentResult"]["paymentStatus"] == "canceled"

    async def test_an_expired_request_voids_the_authorisation(self, market: Marketplace) -> None:
        reservation = await held(market, manual=True)
        await started(market, reservation)
        await market.pass_time(timedelta(hours=24))
        assert await state(market, reservation) == ("cancelled", "canceled")
        assert [a["statusLiteral"] for a in await attempts(market, reservation)] == ["canceled"]

    async def test_a_cancelled_request_voids_the_authorisation(self, market: Marketplace) -> None:
        reservation = await held(market, manual=True)
        await started(market, reservation)
        cancelled = await step(market, reservation, "cancelled", GUEST)
        assert (cancelled["bookingStatus"], cancelled["paymentConfirmation"]) == ("cancelled", "canceled")
        assert [a["statusLiteral"] for a in await attempts(market, reservation)] == ["canceled"]

    async def test_a_late_authorisation_is_voided(self, market: Marketplace) -> None:
        reservation = await held(market, manual=True)
        await started(market, reservation, WAITS, settleAfterSeconds=1200)
        await market.pass_time(MINUTES[20])
        assert await state(market, reservation) == ("cancelled", "canceled")
        assert [a["statusLiteral"] for a in await attempts(market, reservation)] == ["canceled"]

    async def test_a_failed_capture_leaves_fifteen_minutes_to_pay_otherwise(self, market: Marketplace) -> None:
        reservation = await held(market, manual=True)
        await started(market, reservation, outcome="failed")
        answered = await market.answered(
            "updateReservation", HOST, reservationId=reservation["id"], bookingStatus="confirmed"
        )
        assert (answered["status"], answered["extra"]["errCode"]) == (402, "PAYMENT_DECLINED")
        assert await state(market, reservation) == ("pending", "pending")
        assert await kinds(market, reservation) == ["failed"]
        await market.pass_time(MINUTES[14])
        await started(market, reservation)
        await step(market, reservation, "confirmed", HOST)
        assert await state(market, reservation) == ("confirmed", "paid")

    async def test_a_failed_capture_and_nothing_else_expires(self, market: Marketplace) -> None:
        reservation = await held(market, manual=True)
        await started(market, reservation, outcome="failed")
        await market.answered("updateReservation", HOST, reservationId=reservation["id"], bookingStatus="confirmed")
        await market.pass_time(MINUTES[15])
        assert await state(market, reservation) == ("cancelled", "canceled")


class TestLate:
    """Never both confirmed and refunded, never neither."""

    async def test_a_late_payment_claims_free_nights_again(self, market: Marketplace) -> None:
        reservation = await held(market)
        await started(market, reservation, WAITS, settleAfterSeconds=1200)
        await market.pass_time(MINUTES[16])
        assert await state(market, reservation) == ("cancelled", "canceled")
        await market.pass_time(MINUTES[5])
        revived = await market.reservation(reservation["id"])
        assert (revived["bookingStatus"], revived["paymentConfirmation"]) == ("confirmed", "paid")
        assert revived["cancelledBy"] is None
        assert await kinds(market, reservation) == ["charge"]

    async def test_a_late_authentication_claims_free_nights_again(self, market: Marketplace) -> None:
        reservation = await held(market)
        await started(market, reservation, ASKS)
        await market.pass_time(MINUTES[16])
        await market.ask("refreshReservationPayment", GUEST, reservationId=reservation["id"])
        assert await state(market, reservation) == ("confirmed", "paid")

    async def test_a_late_payment_is_refunded_in_full_if_a_night_is_taken(self, market: Marketplace) -> None:
        reservation = await held(market)
        await started(market, reservation, WAITS, settleAfterSeconds=1200)
        await market.pass_time(MINUTES[16])
        listing = {"id": reservation["listingId"]}
        await market.book(OTHER, listing, 32, 1)
        await market.pass_time(MINUTES[5])
        assert await state(market, reservation) == ("cancelled", "paid")
        assert await kinds(market, reservation) == ["charge", "refund"]
        assert await total(market, reservation, "refundAmount") == money(reservation["totalPrice"])
        assert (await ledger(market, reservation)).held == 0

    async def test_a_late_payment_is_refunded_in_full_if_check_in_is_past(self, market: Marketplace) -> None:
        reservation = await held(market, ahead=1)
        await started(market, reservation, WAITS, settleAfterSeconds=3 * 24 * 3600)
        await market.pass_time(timedelta(days=3))
        assert (await state(market, reservation))[0] == "cancelled"
        assert await kinds(market, reservation) == ["charge", "refund"]

    async def test_what_settles_after_the_guest_cancelled_is_refunded_in_full(self, market: Marketplace) -> None:
        reservation = await held(market)
        await started(market, reservation, WAITS)
        cancelled = await step(market, reservation, "cancelled", GUEST)
        assert (cancelled["bookingStatus"], cancelled["paymentConfirmation"]) == ("cancelled", "processing")
        await market.pass_time(MINUTES[11])
        assert await state(market, reservation) == ("cancelled", "paid")
        assert await kinds(market, reservation) == ["charge", "refund"]
        assert (await ledger(market, reservation)).held == 0
        refund = (await market.reservation(reservation["id"]))["refund"]
        assert (
            money(refund["amount"])
            == money(reservation["totalPrice"])
            == sum(money(x["amount"]) for x in refund["lines"])
        )
        assert (refund["trace"]["rule"], refund["trace"]["cutOffs"]) == ("latePayment", [])

    async def test_what_fails_after_the_guest_cancelled_is_canceled(self, market: Marketplace) -> None:
        reservation = await held(market)
        await started(market, reservation, WAITS, outcome="failed")
        await step(market, reservation, "cancelled", GUEST)
        await market.pass_time(MINUTES[11])
        assert await state(market, reservation) == ("cancelled", "canceled")


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
