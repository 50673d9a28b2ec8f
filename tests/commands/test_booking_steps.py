"""What becomes of a stay when somebody says so: accepted, declined, called off; and what of its nights."""

from datetime import datetime
from uuid import UUID

import pytest

from domain.actor import Actor
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from domain.reservation import Reservation
from tests.commands.booking import (
    ADMIN,
    GUEST,
    HOST,
    HOUR,
    MODERATOR,
    STRANGER,
    asked,
    free,
    paid,
    refused,
    step,
)
from tests.commands.marketplace import Marketplace, money


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
