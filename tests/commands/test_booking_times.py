"""What becomes of a stay as time passes: its hold expires, it is completed, its nights stay taken."""

from datetime import datetime, timedelta

import pytest

from domain.actor import Actor
from domain.errors import Refused
from tests.commands.booking import (
    ADMIN,
    DAY,
    GUEST,
    HOST,
    HOUR,
    MINUTE,
    MODERATOR,
    STRANGER,
    asked,
    free,
    paid,
    refused,
    step,
)
from tests.commands.marketplace import Marketplace, money


async def test_a_hold_that_expires_frees_the_nights(market: Marketplace) -> None:
    made = await asked(market)
    held_until = datetime.fromisoformat(made["holdExpiresAt"])
    await market.pass_time(14 * MINUTE)
    assert (await market.reservation(made["id"]))["bookingStatus"] == "pending"
    await market.pass_time(MINUTE)
    gone = await market.reservation(made["id"], GUEST)
    assert (gone["bookingStatus"], gone["cancelledBy"], gone["paymentConfirmation"]) == (
        "cancelled",
        "expired",
        "canceled",
    )
    assert datetime.fromisoformat(gone["updatedAt"]) - held_until < timedelta(milliseconds=1)
    assert gone["refund"] is None
    assert await free(market, gone)
    assert await refused(market, HOST, gone, "confirmed") == "WRONG_STATE"


async def test_a_request_that_the_host_leaves_alone_expires_after_a_day(market: Marketplace) -> None:
    waiting = await paid(market, approvalType="manual")
    await market.pass_time(23 * HOUR)
    assert (await market.reservation(waiting["id"]))["bookingStatus"] == "pending"
    await market.pass_time(HOUR)
    gone = await market.reservation(waiting["id"])
    assert (gone["cancelledBy"], gone["paymentConfirmation"]) == ("expired", "canceled")
    assert await free(market, gone, 29)


async def test_after_the_hold_nobody_answers_even_if_nobody_has_noticed_yet(market: Marketplace) -> None:
    waiting = await paid(market, approvalType="manual")
    late = datetime.fromisoformat(waiting["holdExpiresAt"]) + MINUTE
    for status in ("confirmed", "declined"):
        with pytest.raises(Refused) as refusal:
            await market.answered("updateReservation", HOST, at=late, reservationId=waiting["id"], bookingStatus=status)
        assert refusal.value.rule == "HOLD_EXPIRED"
    gone = await market.answered(
        "updateReservation", GUEST, at=late, reservationId=waiting["id"], bookingStatus="cancelled"
    )
    assert gone["shown"]["cancelledBy"] == "expired"
    await market.pass_time(25 * HOUR)
    assert (await market.reservation(waiting["id"]))["recordVersion"] == gone["shown"]["recordVersion"]


async def test_it_completes_at_check_out_and_can_then_be_reviewed(market: Marketplace) -> None:
    made = await paid(market, 1, 2)
    check_out = f"{market.day(3)}T11:00:00.000Z"
    to_check_out = datetime.fromisoformat(check_out) - market.now
    await market.pass_time(to_check_out - MINUTE)
    assert (await market.reservation(made["id"]))["bookingStatus"] == "confirmed"
    await market.pass_time(MINUTE)
    done = await market.reservation(made["id"], GUEST)
    assert (done["bookingStatus"], done["updatedAt"]) == ("complete", check_out)
    closes = datetime.fromisoformat(check_out) + 14 * DAY
    assert datetime.fromisoformat(done["reviewsCloseAt"]) == closes
    assert done["reviewsLeft"] == {"guest": False, "host": False}
    assert await refused(market, GUEST, done, "cancelled") == "WRONG_STATE"
    with pytest.raises(Refused):
        await market.ask("deleteReservation", ADMIN, reservationId=done["id"])


async def test_who_has_reviewed_is_told_to_the_parties_alone_and_changes_nothing_else(market: Marketplace) -> None:
    made = await paid(market, 1, 1)
    await market.pass_time(3 * DAY)
    before = await market.reservation(made["id"], GUEST)
    review = {"reservationId": made["id"], "revieweeType": "guest", "rating": 2, "reviewText": "Loud"}
    left = await market.ask("createReview", HOST, **review)
    after = await market.reservation(made["id"], GUEST)
    assert after == before | {"reviewsLeft": {"guest": False, "host": True}}
    await market.ask("deleteReview", HOST, reviewId=left["id"])
    assert await market.reservation(made["id"], GUEST) == before
    for staff in (ADMIN, MODERATOR):
        assert not {"reviewsLeft", "reviewsCloseAt"} & set(await market.reservation(made["id"], staff))


async def test_after_check_in_the_nights_stayed_stay_taken(market: Marketplace) -> None:
    made = await paid(market, 1, 4)
    check_in = datetime.fromisoformat(f"{made['checkIn']}T15:00:00+00:00")
    await market.pass_time(check_in + DAY - market.now)
    ended = await step(market, GUEST, made, "cancelled")
    assert ended["refund"]["trace"]["rule"] == "flexible.afterCheckIn"
    assert money(ended["refund"]["amount"]) == money("99.99")
    assert await free(market, ended, 1, 2)
    assert not await free(market, ended, 0, 1)


async def test_a_stay_that_is_over_is_not_called_off_even_if_nobody_has_noticed_yet(market: Marketplace) -> None:
    made = await paid(market, 1, 1)
    late = datetime.fromisoformat(f"{made['checkOut']}T11:00:00+00:00")
    with pytest.raises(Refused) as refusal:
        await market.answered("updateReservation", GUEST, at=late, reservationId=made["id"], bookingStatus="cancelled")
    assert refusal.value.rule == "WRONG_STATE"


@pytest.mark.parametrize("kind", ["expireHold", "completeStay"])
async def test_acting_on_a_deadline_too_early_or_again_does_nothing(market: Marketplace, kind: str) -> None:
    made = await asked(market)
    for status in ("pending", "cancelled"):
        before = await market.product.store.end()
        await market.answered(kind, Actor(role="system"), subject=made["id"])
        assert await market.product.store.end() == before
        assert (await market.reservation(made["id"]))["bookingStatus"] == status
        if status == "pending":
            await market.pass_time(15 * MINUTE)


async def test_a_late_payment_revives_an_expired_one_whose_nights_are_free(market: Marketplace) -> None:
    made = await asked(market)
    await market.pay(GUEST, made, "pm_card_processing", settleAfterSeconds=1_800)
    await market.pass_time(20 * MINUTE)
    gone = await market.reservation(made["id"])
    assert gone["cancelledBy"] == "expired"
    await market.pass_time(15 * MINUTE)
    back = await market.reservation(made["id"])
    assert (back["bookingStatus"], back["paymentConfirmation"], back["cancelledBy"]) == ("confirmed", "paid", None)
    assert not await free(market, back)
    await market.pass_time(40 * DAY)
    assert (await market.reservation(made["id"]))["bookingStatus"] == "complete"


async def test_but_not_one_whose_nights_somebody_else_has(market: Marketplace) -> None:
    made = await asked(market)
    await market.pay(GUEST, made, "pm_card_processing", settleAfterSeconds=1_800)
    await market.pass_time(20 * MINUTE)
    listing = {"id": made["listingId"]}
    await market.book(STRANGER, listing, 31, 1)
    await market.pass_time(15 * MINUTE)
    gone = await market.reservation(made["id"])
    assert (gone["bookingStatus"], gone["cancelledBy"]) == ("cancelled", "expired")
