"""Disputes: who opens one, who moves it, what it does to the money and to the reservation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.actor import Actor
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from tests.commands.marketplace import Marketplace, money, open_marketplace, somebody
from tests.commands.till import books, kinds, ledger, total

HOST, GUEST, OTHER = somebody(), somebody(), somebody()
ADMIN, MODERATOR = somebody("admin"), somebody("moderator")


@pytest.fixture
async def market(database: str) -> AsyncIterator[Marketplace]:
    async with open_marketplace(database) as market:
        yield market


async def stay(market: Marketplace, ahead: int = 30, **over: Any) -> Any:
    """A confirmed reservation."""
    listing = await market.listing(HOST, **over)
    reservation = await market.book(GUEST, listing, ahead)
    return await market.pay(GUEST, reservation)


async def opened(market: Marketplace, reservation: Any, by: Actor = GUEST, **more: Any) -> Any:
    asked = {"reservationId": reservation["id"], "issueType": "noise", "description": "All night"}
    return await market.ask("createDispute", by, **(asked | more))


async def moved(market: Marketplace, dispute: Any, status: str, by: Actor = ADMIN, **more: Any) -> Any:
    return await market.ask("updateDispute", by, disputeId=dispute["id"], resolutionStatus=status, **more)


async def settled(market: Marketplace, dispute: Any, **more: Any) -> Any:
    await moved(market, dispute, "reviewing")
    return await moved(market, dispute, "resolved", **more)


async def called_off(market: Marketplace, reservation: Any) -> Any:
    asked = {"reservationId": reservation["id"], "bookingStatus": "cancelled"}
    return await market.ask("updateReservation", GUEST, **asked)


async def status(market: Marketplace, reservation: Any) -> str:
    found: str = (await market.reservation(reservation["id"]))["disputeStatus"]
    return found


class TestOpening:
    """By the guest or the host, in time, one at a time."""

    async def test_both_parties_may_at_once(self, market: Marketplace) -> None:
        reservation = await stay(market)
        dispute = await opened(market, reservation)
        assert (dispute["resolutionStatus"], dispute["raisedBy"]) == ("pending", str(GUEST.id))
        assert (dispute["refundApproved"], dispute["adminId"], dispute["resolvedAt"]) == (False, None, None)
        assert dispute["reportedAt"] == dispute["createdAt"]
        by_host = await opened(market, reservation, HOST)
        assert by_host["raisedBy"] == by_host["_owner"] == str(HOST.id)
        assert await status(market, reservation) == "requested"

    async def test_what_the_server_decides_may_be_sent(self, market: Marketplace) -> None:
        said: dict[str, Any] = {
            "raisedBy": str(OTHER.id),
            "resolutionStatus": "resolved",
            "refundApproved": True,
            "adminId": "x",
        }
        dispute = await opened(market, await stay(market), **said)
        assert (dispute["raisedBy"], dispute["resolutionStatus"]) == (str(GUEST.id), "pending")

    async def test_a_second_one_of_the_same_party_waits_for_the_first(self, market: Marketplace) -> None:
        reservation = await stay(market)
        first = await opened(market, reservation)
        with pytest.raises(Refused) as refused:
            await opened(market, reservation)
        assert refused.value.rule == "DISPUTE_OPEN"
        await settled(market, first)
        assert (await opened(market, reservation))["id"] != first["id"]

    async def test_a_reservation_without_a_stay_has_none(self, market: Marketplace) -> None:
        pending = await market.book(GUEST, await market.listing(HOST))
        with pytest.raises(Refused) as refused:
            await opened(market, pending)
        assert refused.value.rule == "WRONG_STATE"

    async def test_cancelled_and_complete_ones_have(self, market: Marketplace) -> None:
        cancelled = await stay(market)
        await called_off(market, cancelled)
        complete = await stay(market, ahead=1)
        await market.pass_time(timedelta(days=5))
        for reservation in (cancelled, complete):
            await opened(market, reservation)
            assert await status(market, reservation) == "requested"

    async def test_until_sixty_days_after_check_out(self, market: Marketplace) -> None:
        reservation = await stay(market, ahead=1)
        after = timedelta(days=64) - timedelta(hours=market.now.hour - 11, minutes=market.now.minute + 1)
        await market.pass_time(after)
        await opened(market, reservation)
        await market.pass_time(timedelta(minutes=2))
        with pytest.raises(Refused) as refused:
            await opened(market, reservation, HOST)
        assert refused.value.rule == "DISPUTE_TOO_LATE"

    async def test_strangers_do_not_know_of_the_stay_and_staff_are_no_party(self, market: Marketplace) -> None:
        reservation = await stay(market)
        for caller, error in ((OTHER, NotThere), (ADMIN, NotAllowed), (MODERATOR, NotAllowed)):
            with pytest.raises(error):
                await opened(market, reservation, caller)
        with pytest.raises(NotThere):
            await opened(market, {"id": str(uuid4())})

    async def test_the_payment_it_is_about_is_one_of_the_stay(self, market: Marketplace) -> None:
        reservation, other = await stay(market), await stay(market, ahead=40)
        (charge,) = await books(market, reservation)
        for wrong in (str(uuid4()), (await books(market, other))[0]["id"], reservation["id"]):
            with pytest.raises(Invalid):
                await opened(market, reservation, relatedPaymentId=wrong)
        assert (await opened(market, reservation, relatedPaymentId=charge["id"]))["relatedPaymentId"] == charge["id"]


class TestMoving:
    """An admin moves it, one step at a time; its opener words it."""

    async def test_the_reservation_shows_how_far_it_is(self, market: Marketplace) -> None:
        reservation = await stay(market)
        first, second = await opened(market, reservation), await opened(market, reservation, HOST)
        assert (await moved(market, first, "reviewing"))["adminId"] == str(ADMIN.id)
        assert await status(market, reservation) == "active"
        closed = await moved(market, first, "rejected")
        assert closed["resolvedAt"] == closed["updatedAt"]
        assert await status(market, reservation) == "requested"
        await settled(market, second)
        assert await status(market, reservation) == "resolved"

    async def test_each_step_is_one_version(self, market: Marketplace) -> None:
        reservation = await stay(market)
        dispute = await opened(market, reservation)
        assert (await moved(market, dispute, "reviewing", recordVersion=1))["recordVersion"] == 2
        with pytest.raises(Refused) as refused:
            await moved(market, dispute, "resolved", recordVersion=1)
        assert refused.value.rule == "STALE_VERSION"
        closed = await moved(market, dispute, "resolved", refundApproved=True, recordVersion=2)
        assert closed["recordVersion"] == 3
        # requested, confirmed, and one for each step of the dispute
        assert (await market.reservation(reservation["id"]))["recordVersion"] == 5

    async def test_no_step_is_skipped_or_taken_back_and_the_same_again_is_nothing(self, market: Marketplace) -> None:
        dispute = await opened(market, await stay(market))
        for wrong in ("resolved", "rejected"):
            with pytest.raises(Refused) as refused:
                await moved(market, dispute, wrong)
            assert refused.value.rule == "WRONG_STATE"
        await moved(market, dispute, "reviewing")
        assert (await moved(market, dispute, "reviewing"))["recordVersion"] == 2
        with pytest.raises(Refused):
            await moved(market, dispute, "pending")

    async def test_only_an_admin_moves_it(self, market: Marketplace) -> None:
        dispute = await opened(market, await stay(market))
        for caller in (GUEST, HOST, MODERATOR):
            with pytest.raises(NotAllowed):
                await moved(market, dispute, "reviewing", caller)
        with pytest.raises(NotThere):
            await moved(market, dispute, "reviewing", OTHER)

    async def test_who_is_put_in_charge_is_an_admin(self, market: Marketplace) -> None:
        dispute = await opened(market, await stay(market))
        for nobody in (uuid4(), GUEST.id):
            with pytest.raises(Invalid) as refused:
                await moved(market, dispute, "reviewing", adminId=str(nobody))
            assert refused.value.detail["fields"] == {"adminId": "is no admin"}
        assert (await moved(market, dispute, "reviewing", adminId=str(ADMIN.id)))["adminId"] == str(ADMIN.id)

    async def test_only_its_opener_words_it_and_only_while_pending(self, market: Marketplace) -> None:
        dispute = await opened(market, await stay(market))
        words = {"disputeId": dispute["id"], "issueType": "dirt", "description": "Everywhere"}
        for caller in (HOST, ADMIN, MODERATOR):
            with pytest.raises(NotAllowed):
                await market.ask("updateDispute", caller, **words)
        reworded = await market.ask("updateDispute", GUEST, **words)
        assert (reworded["issueType"], reworded["description"]) == ("dirt", "Everywhere")
        await moved(market, dispute, "reviewing")
        with pytest.raises(Refused) as refused:
            await market.ask("updateDispute", GUEST, **(words | {"issueType": "noise"}))
        assert refused.value.rule == "WRONG_STATE"

    async def test_both_parties_and_staff_see_it(self, market: Marketplace) -> None:
        dispute = await opened(market, await stay(market))
        for caller in (GUEST, HOST, MODERATOR, ADMIN):
            assert await market.get("dispute", dispute["id"], caller) is not None
        assert await market.get("dispute", dispute["id"], OTHER) is None


class TestRefund:
    """Resolving with a refund pays the guest, whoever opened the dispute, once."""

    async def test_all_that_is_left(self, market: Marketplace) -> None:
        reservation = await stay(market)
        closed = await settled(market, await opened(market, reservation, HOST), refundApproved=True)
        assert (closed["refundApproved"], money(closed["refundAmount"])) == (True, money(reservation["totalPrice"]))
        assert await kinds(market, reservation, GUEST) == ["charge", "refund"]
        assert (await ledger(market, reservation)).held == 0

    async def test_the_amount_named_once(self, market: Marketplace) -> None:
        reservation = await stay(market)
        dispute = await opened(market, reservation)
        refund: dict[str, Any] = {"refundApproved": True, "refundAmount": 50.5}
        await settled(market, dispute, **refund)
        again = await moved(market, dispute, "resolved", **refund)
        assert (again["recordVersion"], money(again["refundAmount"])) == (3, money("50.50"))
        with pytest.raises(Refused) as refused:
            await moved(market, dispute, "resolved", refundApproved=True, refundAmount=60)
        assert refused.value.rule == "WRONG_STATE"
        assert await total(market, reservation, "refundAmount") == money("50.50")

    async def test_more_than_is_left_is_refused_and_changes_nothing(self, market: Marketplace) -> None:
        reservation = await stay(market)
        dispute = await opened(market, reservation)
        with pytest.raises(Refused) as refused:
            await settled(market, dispute, refundApproved=True, refundAmount=341.98)
        assert refused.value.rule == "REFUND_TOO_LARGE"
        assert await status(market, reservation) == "active"
        await moved(market, dispute, "resolved", refundApproved=True, refundAmount=341.97)

    async def test_after_a_cancellation_only_the_rest_is_left(self, market: Marketplace) -> None:
        reservation = await stay(market, cancellationPolicy={"tier": "strict"})
        await market.pass_time(timedelta(days=2))
        await called_off(market, reservation)
        back = (await ledger(market, reservation)).refunded
        assert 0 < back < 34_197
        closed = await settled(market, await opened(market, reservation), refundApproved=True)
        assert money(closed["refundAmount"]) * 100 == 34_197 - back

    @pytest.mark.parametrize(("before", "shown"), [(300, "41.97"), (50, "291.97")])
    async def test_a_cancellation_after_it_shows_what_it_gave_back_itself(
        self, market: Marketplace, before: int, shown: str
    ) -> None:
        reservation = await stay(market)
        await settled(market, await opened(market, reservation), refundApproved=True, refundAmount=before)
        refund = (await called_off(market, reservation))["refund"]
        lines = [money(line["amount"]) for line in refund["lines"]]
        assert (money(refund["amount"]), sum(lines), min(lines) > 0) == (money(shown), money(shown), True)
        assert await total(market, reservation, "refundAmount") == money("341.97")

    async def test_a_cancellation_after_all_of_it_shows_no_refund(self, market: Marketplace) -> None:
        reservation = await stay(market)
        await settled(market, await opened(market, reservation), refundApproved=True)
        assert (await called_off(market, reservation))["refund"] is None
        assert await kinds(market, reservation, GUEST) == ["charge", "refund"]

    async def test_none_unless_it_is_approved(self, market: Marketplace) -> None:
        reservation = await stay(market)
        closed = await settled(market, await opened(market, reservation), refundApproved=False)
        assert (closed["refundApproved"], closed["refundAmount"]) == (False, None)
        assert await kinds(market, reservation) == ["charge"]

    async def test_what_makes_no_sense_is_invalid(self, market: Marketplace) -> None:
        dispute = await opened(market, await stay(market))
        await moved(market, dispute, "reviewing")
        for wrong in (
            {"resolutionStatus": "resolved", "refundAmount": 5},
            {"resolutionStatus": "rejected", "refundApproved": True},
            {"refundApproved": True},
            {"resolutionStatus": "resolved", "refundApproved": True, "refundAmount": 0},
            {"resolutionStatus": "resolved", "refundApproved": True, "refundAmount": -5},
            {"resolutionStatus": "resolved", "refundApproved": True, "refundAmount": 0.001},
            {"resolutionStatus": "closed"},
            {"resolutionStatus": "resolved", "issueType": "dirt"},
        ):
            with pytest.raises(Invalid):
                await market.ask("updateDispute", ADMIN, disputeId=dispute["id"], **wrong)
