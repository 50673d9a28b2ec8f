"""What becomes of a stay: accepted, declined, called off, expired, completed; by whom, and what of its nights."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.actor import Actor
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from domain.reservation import Reservation
from tests.commands.marketplace import Marketplace, money, open_marketplace, somebody

HOST, GUEST, ADMIN, MODERATOR, STRANGER = (
    somebody(),
    somebody(),
    somebody("admin"),
    somebody("moderator"),
    somebody(),
)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
async def market(module_database: str) -> AsyncIterator[Marketplace]:
    async with open_marketplace(module_database) as market:
        yield market


async def asked(market: Marketplace, ahead: int = 30, nights: int = 3, **over: Any) -> dict[str, Any]:
    """A request for a stay at a new listing."""
    listing = await market.listing(HOST, **over)
    found: dict[str, Any] = await market.book(GUEST, listing, ahead, nights)
    return found


async def paid(market: Marketplace, ahead: int = 30, nights: int = 3, **over: Any) -> dict[str, Any]:
    """One that is paid for: confirmed, or authorised where the host decides."""
    found: dict[str, Any] = await market.pay(GUEST, await asked(market, ahead, nights, **over))
    return found


async def step(market: Marketplace, by: Actor, reservation: dict[str, Any], status: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = await market.ask(
        "updateReservation", by, reservationId=reservation["id"], bookingStatus=status, **more
    )
    return found


async def refused(market: Marketplace, by: Actor, reservation: dict[str, Any], status: str) -> str:
    with pytest.raises(Refused) as refusal:
        await step(market, by, reservation, status)
    return refusal.value.rule


async def free(market: Marketplace, reservation: dict[str, Any], ahead: int = 30, nights: int = 3) -> bool:
    """Whether somebody else could have those nights."""
    dates: dict[str, Any] = {"checkIn": market.day(ahead), "checkOut": market.day(ahead + nights)}
    try:
        await market.quote(listingId=reservation["listingId"], guestCount=1, **dates)
    except Refused as refusal:
        if refusal.rule != "NIGHTS_TAKEN":
            raise
        return False
    return True


async def test_the_host_accepts_an_authorised_request(market: Marketplace) -> None:
    waiting = await paid(market, approvalType="manual")
    assert (waiting["bookingStatus"], waiting["paymentConfirmation"]) == ("pending", "processing")
    made = await step(market, HOST, waiting, "confirmed")
    assert (made["bookingStatus"], made["paymentConfirmation"], made["holdExpiresAt"]) == ("confirmed", "paid", None)
    assert await step(market, HOST, made, "confirmed") == made
    assert not await free(market, made)


async def test_an_authorised_request_is_held_for_24_hours_from_when_it_was_made(market: Marketplace) -> None:
    waiting = await paid(market, approvalType="manual")
    held = datetime.fromisoformat(waiting["holdExpiresAt"]) - datetime.fromisoformat(waiting["createdAt"])
    assert held == 24 * HOUR


@pytest.mark.parametrize("approval", ["instant", "manual"])
async def test_nothing_is_accepted_without_an_authorisation(market: Marketplace, approval: str) -> None:
    assert await refused(market, HOST, await asked(market, approvalType=approval), "confirmed") == (
        "PAYMENT_NOT_AUTHORISED"
    )


async def test_the_host_declines_and_the_nights_are_free(market: Marketplace) -> None:
    waiting = await paid(market, approvalType="manual")
    made = await step(market, HOST, waiting, "declined")
    assert (made["bookingStatus"], made["paymentConfirmation"], made["refund"]) == ("declined", "canceled", None)
    assert await free(market, made)
    assert await step(market, HOST, made, "declined") == made
    for status in ("confirmed", "cancelled", "complete", "pending"):
        assert await refused(market, HOST, made, status) == "WRONG_STATE"


@pytest.mark.parametrize("status", ["confirmed", "declined"])
async def test_only_the_host_accepts_and_declines(market: Marketplace, status: str) -> None:
    waiting = await paid(market, approvalType="manual")
    for by in (GUEST, ADMIN, MODERATOR):
        with pytest.raises(NotAllowed):
            await step(market, by, waiting, status)
    with pytest.raises(NotThere):
        await step(market, STRANGER, waiting, status)


@pytest.mark.parametrize(("by", "name"), [(GUEST, "guest"), (HOST, "host"), (ADMIN, "admin")])
async def test_guest_host_and_admin_call_it_off(market: Marketplace, by: Actor, name: str) -> None:
    made = await step(market, by, await paid(market), "cancelled")
    assert (made["bookingStatus"], made["cancelledBy"], made["isActive"]) == ("cancelled", name, True)
    assert made["paymentConfirmation"] == "paid"
    assert money(made["refund"]["amount"]) == money("341.97")
    assert made["refund"]["trace"]["rule"] == (
        "flexible.beforeCutOff" if by is GUEST else f"by{name.title()}.beforeCheckIn"
    )
    assert await free(market, made)
    assert await step(market, GUEST, made, "cancelled") == await market.reservation(made["id"], GUEST)


async def test_moderators_see_and_strangers_do_not_even_that(market: Marketplace) -> None:
    made = await asked(market)
    for by, error in ((MODERATOR, NotAllowed), (STRANGER, NotThere)):
        with pytest.raises(error):
            await step(market, by, made, "cancelled")
        with pytest.raises(error):
            await market.ask("deleteReservation", by, reservationId=made["id"])
    assert await market.get("reservation", made["id"], MODERATOR) is not None
    assert await market.get("reservation", made["id"], STRANGER) is None


async def test_an_unpaid_one_is_called_off_without_a_refund(market: Marketplace) -> None:
    made = await step(market, GUEST, await asked(market), "cancelled")
    assert (made["cancelledBy"], made["refund"], made["paymentConfirmation"]) == ("guest", None, "canceled")
    assert await free(market, made)


async def test_an_authorisation_is_voided_when_it_is_called_off(market: Marketplace) -> None:
    made = await step(market, GUEST, await paid(market, approvalType="manual"), "cancelled")
    assert (made["refund"], made["paymentConfirmation"]) == (None, "canceled")


async def test_where_nothing_goes_back_the_refund_is_null(market: Marketplace) -> None:
    made = await step(market, GUEST, await paid(market, cancellationPolicy={"tier": "non_refundable"}), "cancelled")
    assert (made["bookingStatus"], made["refund"], made["paymentConfirmation"]) == ("cancelled", None, "paid")


async def test_a_refund_says_how_it_came_about(market: Marketplace) -> None:
    steps = {"steps": [{"hoursBeforeCheckIn": 100, "refundPercent": 50}]}
    confirmed = await paid(market, 5, cancellationPolicy=steps)
    assert confirmed["cancellationPolicySnapshot"]["steps"][0]["hoursBeforeCheckIn"] == 100
    refund = (await step(market, GUEST, confirmed, "cancelled"))["refund"]
    assert [(line["kind"], money(line["amount"])) for line in refund["lines"]] == [("night", money("149.98"))]
    check_in = f"{market.day(5)}T15:00:00.000Z"
    assert refund["trace"]["rule"] == "custom.step100"
    assert refund["trace"]["cutOffs"][-1] == {"rule": "custom.belowLastStep", "until": check_in}


async def test_deleting_is_calling_off_and_it_stays_readable(market: Marketplace) -> None:
    confirmed = await paid(market)
    made = await market.ask("deleteReservation", GUEST, reservationId=confirmed["id"])
    assert (made["bookingStatus"], made["cancelledBy"], made["isActive"]) == ("cancelled", "guest", False)
    assert made == await market.reservation(made["id"], GUEST)
    assert made["recordVersion"] == confirmed["recordVersion"] + 1
    assert await market.ask("deleteReservation", GUEST, reservationId=made["id"]) == made
    assert await free(market, made)


async def test_complete_and_pending_are_nobodys_to_set(market: Marketplace) -> None:
    made = await paid(market)
    for by in (GUEST, HOST, ADMIN):
        for status in ("complete", "pending"):
            assert await refused(market, by, made, status) == "WRONG_STATE"


async def test_links_are_plain_fields(market: Marketplace) -> None:
    made = await asked(market)
    link = {"iCalExportUrl": "https://a.example/1.ics", "iCalImportSource": "elsewhere"}
    linked = await market.ask("updateReservation", GUEST, reservationId=made["id"], **link)
    assert linked | link | {"recordVersion": 2} == linked
    unlinked = await market.ask(
        "updateReservation", HOST, reservationId=made["id"], iCalExportUrl=None, bookingStatus="pending"
    )
    assert (unlinked["iCalExportUrl"], unlinked["iCalImportSource"]) == (None, "elsewhere")
    again = await market.ask("updateReservation", HOST, reservationId=made["id"], iCalExportUrl=None)
    assert again == unlinked
    with pytest.raises(Invalid):
        await step(market, GUEST, made, "cancelled", iCalExportUrl="https://b.example")


async def test_a_step_decided_on_an_older_version_is_refused(market: Marketplace) -> None:
    made = await paid(market)
    with pytest.raises(Refused) as refusal:
        await step(market, GUEST, made, "cancelled", recordVersion=1)
    assert refusal.value.rule == "STALE_VERSION"
    assert (await step(market, GUEST, made, "cancelled", recordVersion=2))["bookingStatus"] == "cancelled"


async def test_null_is_no_status(market: Marketplace) -> None:
    made = await asked(market)
    with pytest.raises(Invalid):
        await market.ask("updateReservation", GUEST, reservationId=made["id"], bookingStatus=None)


async def test_one_command_is_one_version(market: Marketplace) -> None:
    confirmed = await step(market, HOST, await paid(market, approvalType="manual"), "confirmed")
    ended = await step(market, GUEST, confirmed, "cancelled")
    assert (confirmed["recordVersion"], ended["recordVersion"]) == (3, 4)
    stream = await market.product.store.load(Reservation, UUID(ended["id"]), fresh=True)
    assert stream.version == 4


# From here on time passes.


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
