"""Payments that settle after the stay has ended: it comes to life again, or the money goes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.commands.marketplace import Marketplace, money, registered, somebody
from tests.commands.paying import ASKS, GUEST, MINUTES, WAITS, held, started, state, step
from tests.commands.till import kinds, ledger, total

OTHER = somebody()


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

    @pytest.mark.parametrize("who", ["guest", "host"])
    async def test_a_late_payment_is_refunded_in_full_if_somebody_has_left(self, market: Marketplace, who: str) -> None:
        people = {name: await registered(market, name) for name in ("guest", "host")}
        listing = await market.listing(people["host"])
        reservation = await market.book(people["guest"], listing)
        await market.pay(people["guest"], reservation, "pm_card_processing", settleAfterSeconds=1200)
        await market.pass_time(MINUTES[16])
        await market.ask("archiveProfile", people[who], userId=str(people[who].id))
        await market.pass_time(MINUTES[5])
        assert await state(market, reservation) == ("cancelled", "paid")
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
