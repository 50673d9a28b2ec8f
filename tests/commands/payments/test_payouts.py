"""Payouts: a day after check-in, of what the host is left with, and never while a dispute is open."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from domain.errors import Invalid, NotAllowed, NotThere, Refused
from tests.commands.marketplace import Marketplace, money, somebody
from tests.commands.till import attempts, books, kinds, ledger

HOST, GUEST, ADMIN = somebody(), somebody(), somebody("admin")


async def worked(market: Marketplace, ahead: int = 30, tier: str = "strict") -> Any:
    """The rule book's example: 8 nights, 3 of a season, 2 overridden; paid."""
    listing = await market.listing(
        HOST,
        cancellationPolicy={"tier": tier},
        cityTaxPercent=5.5,
        bookingPolicies={"cleaningFee": 45, "weeklyDiscountPercent": 7.5},
        seasonalPricing=[{"from": market.day(ahead + 3), "to": market.day(ahead + 6), "pricePerNight": 120.5}],
    )
    for day in (6, 7):
        await market.ask(
            "createListingCalendar",
            HOST,
            listingId=listing["id"],
            date=market.day(ahead + day),
            isAvailable=True,
            priceOverride=149.95,
        )
    reservation = await market.book(GUEST, listing, ahead, 8)
    assert money(reservation["totalPrice"]) == money("1107.68")
    return await market.pay(GUEST, reservation)


async def paid_out(market: Marketplace, reservation: Any) -> list[Decimal]:
    """What the host was paid, one after the other, as the host sees it."""
    return [money(record["payoutAmountHost"]) for record in await books(market, reservation, HOST)]


async def cancelled(market: Marketplace, reservation: Any, by: Any = GUEST) -> Any:
    return await market.ask("updateReservation", by, reservationId=reservation["id"], bookingStatus="cancelled")


async def resolved(market: Marketplace, reservation: Any, **more: Any) -> None:
    asked = {"reservationId": reservation["id"], "issueType": "noise", "description": "All night"}
    dispute = await market.ask("createDispute", GUEST, **asked)
    for step in ({"resolutionStatus": "reviewing"}, {"resolutionStatus": "resolved"} | more):
        await market.ask("updateDispute", ADMIN, disputeId=dispute["id"], **step)


async def check_in_in(market: Marketplace, reservation: Any, hours: float) -> None:
    """Move the clock to so many hours after check-in, at 15:00."""
    now = market.now
    check_in = now.replace(hour=15, minute=0, second=0, microsecond=0)
    days = (check_in.fromisoformat(reservation["checkIn"]).date() - now.date()).days
    await market.pass_time(check_in + timedelta(days=days, hours=hours) - now)


async def test_a_day_after_check_in_the_host_has_nights_and_cleaning_less_the_fee(market: Marketplace) -> None:
    reservation = await worked(market)
    await check_in_in(market, reservation, 23.9)
    assert await paid_out(market, reservation) == []
    await check_in_in(market, reservation, 24)
    assert await paid_out(market, reservation) == [money("889.27") - money("26.68") + money("45.00")]
    (payout,) = await books(market, reservation, HOST)
    assert (payout["kind"], payout["paymentStatus"], payout["_owner"]) == ("payout", "paid", str(HOST.id))
    assert await kinds(market, reservation, GUEST) == ["charge"]
    await market.pass_time(timedelta(days=30))
    assert len(await paid_out(market, reservation)) == 1


async def test_of_strict_at_half_the_host_has_431_29(market: Marketplace) -> None:
    """Kept 444.63, host fee 13.34."""
    reservation = await worked(market)
    await market.pass_time(timedelta(days=2))
    after = await cancelled(market, reservation)
    assert money(after["refund"]["amount"]) == money("514.10")
    await check_in_in(market, reservation, 24)
    assert await paid_out(market, reservation) == [money("431.29")]
    payment = await ledger(market, reservation)
    assert payment.held == 110_768 - 51_410 - 43_129


async def test_what_is_refunded_in_full_leaves_no_payout(market: Marketplace) -> None:
    reservation = await worked(market)
    await cancelled(market, reservation)
    await check_in_in(market, reservation, 24)
    assert await paid_out(market, reservation) == []
    assert (await ledger(market, reservation)).held == 0


async def test_an_open_dispute_holds_it_back(market: Marketplace) -> None:
    reservation = await worked(market)
    asked = {"reservationId": reservation["id"], "issueType": "noise", "description": "All night"}
    dispute = await market.ask("createDispute", GUEST, **asked)
    await check_in_in(market, reservation, 48)
    assert await paid_out(market, reservation) == []
    await market.ask("updateDispute", ADMIN, disputeId=dispute["id"], resolutionStatus="reviewing")
    assert await paid_out(market, reservation) == []
    closed = {"resolutionStatus": "resolved", "refundApproved": True, "refundAmount": 100}
    await market.ask("updateDispute", ADMIN, disputeId=dispute["id"], **closed)
    assert await paid_out(market, reservation) == [money("807.59")]


async def test_a_dispute_refund_before_it_lowers_it(market: Marketplace) -> None:
    reservation = await worked(market)
    await resolved(market, reservation, refundApproved=True, refundAmount=107.59)
    await check_in_in(market, reservation, 24)
    assert await paid_out(market, reservation) == [money("800.00")]


async def test_a_dispute_refund_after_it_takes_the_difference_back(market: Marketplace) -> None:
    reservation = await worked(market)
    await check_in_in(market, reservation, 24)
    await resolved(market, reservation, refundApproved=True, refundAmount=107.59)
    assert await paid_out(market, reservation) == [money("907.59"), money("-107.59")]
    await resolved(market, reservation, refundApproved=True)
    assert sum(await paid_out(market, reservation)) == 0
    assert (await ledger(market, reservation)).held == 0


async def test_a_cancellation_after_it_takes_the_difference_back(market: Marketplace) -> None:
    reservation = await worked(market)
    await check_in_in(market, reservation, 25)
    await cancelled(market, reservation, HOST)
    first, second = await paid_out(market, reservation)
    assert (first, second < 0) == (money("907.59"), True)
    payment = await ledger(market, reservation)
    assert payment.paid_out == payment.due.amount


class TestNotes:
    """What an admin files moves no money."""

    NOTE: ClassVar[dict[str, Any]] = {
        "paymentIntentId": "pi_elsewhere",
        "currency": "EUR",
        "amountPaid": 12.5,
        "paymentStatus": "paid",
        "platformFee": 1,
    }

    async def test_it_counts_in_no_sum_and_only_admins_see_it(self, market: Marketplace) -> None:
        reservation = await worked(market)
        note = await market.ask("createPaymentRecord", ADMIN, reservationId=reservation["id"], **self.NOTE)
        assert note["kind"] == "manual"
        assert (money(note["amountPaid"]), money(note["refundAmount"])) == (money("12.5"), money(0))
        assert note["paymentDate"] == note["createdAt"]
        assert (await ledger(market, reservation)).money_in == 110_768
        assert await kinds(market, reservation, ADMIN) == ["charge", "manual"]
        assert await kinds(market, reservation, GUEST) == ["charge"]
        assert await kinds(market, reservation, HOST) == []

    async def test_only_an_admin_files_one_about_a_reservation_that_is_there(self, market: Marketplace) -> None:
        reservation = await worked(market)
        for caller in (GUEST, HOST, somebody("moderator")):
            with pytest.raises(NotAllowed):
                await market.ask("createPaymentRecord", caller, reservationId=reservation["id"], **self.NOTE)
        with pytest.raises(NotThere):
            await market.ask("createPaymentRecord", ADMIN, reservationId=str(GUEST.id), **self.NOTE)
        for wrong in ({"currency": "XXX"}, {"amountPaid": -1}, {"amountPaid": 1.001}, {"paymentStatus": "late"}):
            body = self.NOTE | wrong
            with pytest.raises(Invalid):
                await market.ask("createPaymentRecord", ADMIN, reservationId=reservation["id"], **body)


class TestAttempts:
    """The process alone writes them."""

    async def test_an_admin_changes_where_the_browser_goes_and_nothing_else(self, market: Marketplace) -> None:
        reservation = await worked(market)
        (attempt,) = await attempts(market, reservation)
        id = {"sys_reservationPaymentId": attempt["id"]}
        url = "https://example.org/done"
        changed = await market.ask("updateReservationPayment", ADMIN, **id, redirectUrl=url)
        assert (changed["redirectUrl"], changed["recordVersion"]) == (url, attempt["recordVersion"] + 1)
        assert changed["_owner"] == str(GUEST.id)
        same = {"paymentStatus": "succeeded", "statusLiteral": "paid", "redirectUrl": url}
        assert (await market.ask("updateReservationPayment", ADMIN, **id, **same))["recordVersion"] == changed[
            "recordVersion"
        ]
        for asked in ({"paymentStatus": "canceled"}, {"statusLiteral": "failed"}, {"paymentId": "pi_1"}):
            with pytest.raises(Refused) as refused:
                await market.ask("updateReservationPayment", ADMIN, **id, **asked)
            assert refused.value.rule == "SERVER_OWNED"
        with pytest.raises(Invalid):
            await market.ask("updateReservationPayment", ADMIN, **id, redirectUrl="javascript:alert(1)")
        with pytest.raises(NotAllowed):
            await market.ask("updateReservationPayment", GUEST, **id, redirectUrl=url)

    async def test_nobody_makes_or_deletes_one(self, market: Marketplace) -> None:
        reservation = await worked(market)
        (attempt,) = await attempts(market, reservation)
        for command, body in (
            ("createReservationPayment", {"orderId": reservation["id"]}),
            ("deleteReservationPayment", {"sys_reservationPaymentId": attempt["id"]}),
        ):
            with pytest.raises(Refused) as refused:
                await market.ask(command, ADMIN, **body)
            assert refused.value.rule == "SERVER_OWNED"
            with pytest.raises(NotAllowed):
                await market.ask(command, GUEST, **body)
