"""Paying for a stay that its host has to accept: the money is authorised, then captured or let go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import Refused
from tests.commands.marketplace import Marketplace
from tests.commands.paying import ASKS, GUEST, HOST, MINUTES, WAITS, held, started, state, step
from tests.commands.till import attempts, kinds, ledger


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
