"""Two processes on one database, each with its own memory: what one remembers does not outlive what the other did.

A command that appends to some streams and leaves others alone decides about both; only what it appends to is guarded by
the append itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

import pytest

from commands.ports import Cause, Conflict
from commands.work import Work
from domain.actor import NOBODY, SYSTEM, Actor
from domain.errors import DomainError, NotThere, Refused
from domain.super_admins import THE_SUPER_ADMINS, SuperAdmins
from infra.build import build
from infra.settings import Settings
from tests.commands.house import LOFT
from tests.commands.marketplace import UTC_PLACE, Marketplace, open_marketplace, registered, somebody
from tests.commands.till import Frail, kinds, ledger

ADMIN = somebody("superAdmin")


class Two(NamedTuple):
    """The same marketplace, as each of the processes has it."""

    one: Marketplace
    other: Marketplace


@pytest.fixture(scope="module")
async def two(module_database: str) -> AsyncIterator[Two]:
    async with (
        open_marketplace(module_database) as one,
        build(Settings(mode="sandbox", _env_file=None), conninfo=module_database) as other,
    ):
        yield Two(one, Marketplace(other))


async def operator(market: Marketplace, email: str) -> str:
    made = await market.answered("createOperator", ADMIN, email=email, name="Nowy", phone="1")
    id: str = made["extra"]["operatorId"]
    return id


async def stayed(two: Two, nights: int = 1) -> tuple[Actor, Actor, Any]:
    """Host, guest and a stay that is over, for both processes."""
    host, guest = somebody(), somebody()
    reservation = await two.one.book(guest, await two.one.listing(host), ahead=1, nights=nights)
    await two.one.pay(guest, reservation)
    await two.one.pass_time(timedelta(days=3))
    while two.other.now < two.one.now - timedelta(seconds=1):  # noqa: ASYNC110 - a clock tells nobody that it was moved
        await asyncio.sleep(0.01)
    return host, guest, reservation


async def review(market: Marketplace, by: Actor, reservation: Any, of: str) -> Any:
    asked = {"reservationId": reservation["id"], "revieweeType": of, "rating": 5, "reviewText": f"About the {of}."}
    return await market.ask("createReview", by, **asked)


async def test_what_was_taken_and_given_up_elsewhere_is_free_again(two: Two) -> None:
    email = "free@outside.example"
    first = await operator(two.one, email)
    await two.other.answered("deleteOperator", ADMIN, operatorId=first)
    second = await operator(two.other, email)
    await two.one.answered("deleteOperator", ADMIN, operatorId=second)
    assert await operator(two.other, email) not in {first, second}


async def test_what_was_given_up_elsewhere_and_taken_by_another_is_not_ones_own_any_more(two: Two) -> None:
    first = await operator(two.one, "mine@outside.example")
    other: dict[str, Any] = {"email": "other@outside.example", "name": "Inny", "phone": "1"}
    await two.other.answered("updateOperator", ADMIN, operatorId=first, **other)
    await operator(two.other, "mine@outside.example")
    back = other | {"email": "mine@outside.example", "name": "Nowy"}
    with pytest.raises(Refused) as taken:
        await two.one.answered("updateOperator", ADMIN, operatorId=first, **back)
    assert taken.value.rule == "EMAIL_TAKEN"


async def test_the_last_super_admin_stays(two: Two) -> None:
    (root,) = (await two.one.product.store.load(SuperAdmins, THE_SUPER_ADMINS, fresh=True)).members
    top, boss = Actor(root, "superAdmin", session=UUID(int=2)), await registered(two.other, "boss")
    await two.other.ask("updateUserRole", top, userId=str(boss.id), roleId="superAdmin")
    await two.one.ask("updateUserRole", top, userId=str(boss.id), roleId="user")
    with pytest.raises(Refused) as last:
        await two.one.ask("archiveProfile", top, userId=str(root))
    assert last.value.rule == "LAST_SUPERADMIN"


async def test_a_listing_published_elsewhere_leaves_the_market_with_its_host(two: Two) -> None:
    host = await registered(two.one, "leaver")
    listing = await two.one.listing(host, isPublished=False)
    await two.other.ask("updateListing", host, listingId=listing["id"], isPublished=True)
    await two.one.ask("archiveProfile", host, userId=str(host.id))
    with pytest.raises(DomainError):
        await two.other.book(somebody(), listing)


@pytest.mark.parametrize("first", ["archiveProfile", "createReservation"])
async def test_a_stay_is_booked_or_its_host_leaves_if_both_are_decided_before_either_is_recorded(
    two: Two, first: str
) -> None:
    host, guest = await registered(two.one, "leaver"), somebody()
    listing = await two.one.listing(host)
    stay = {"checkIn": two.one.day(40), "checkOut": two.one.day(43), "guestCount": 1}
    asked = {
        "archiveProfile": (host, {"userId": str(host.id)}),
        "createReservation": (guest, {"listingId": listing["id"], **stay}),
    }
    decided = {name: await decide(two.one, name, by, **body) for name, (by, body) in asked.items()}
    await decided.pop(first).save()
    (left,) = decided.values()
    with pytest.raises(Conflict):
        await left.save()


@pytest.mark.parametrize("first", ["archiveProfile", "createListing"])
async def test_a_listing_is_put_up_or_its_host_leaves_if_both_are_decided_before_either_is_recorded(
    two: Two, first: str
) -> None:
    host = await registered(two.one, "leaver")
    asked = {"archiveProfile": {"userId": str(host.id)}, "createListing": LOFT | {"location": UTC_PLACE}}
    decided = {name: await decide(two.one, name, host, **body) for name, body in asked.items()}
    await decided.pop(first).save()
    (left,) = decided.values()
    with pytest.raises(Conflict):
        await left.save()
    if first == "archiveProfile":
        with pytest.raises(Refused) as gone:
            await two.other.ask("createListing", host, **asked["createListing"])
        assert gone.value.rule == "USER_GONE"


@pytest.mark.parametrize("first", ["archiveProfile", "updateListing"])
async def test_a_listing_is_published_or_its_host_leaves_if_both_are_decided_before_either_is_recorded(
    two: Two, first: str
) -> None:
    host = await registered(two.one, "leaver")
    listing = await two.one.listing(host, isPublished=False)
    asked = {"archiveProfile": {"userId": str(host.id)}, "updateListing": {"listingId": listing["id"]}}
    asked["updateListing"]["isPublished"] = True
    decided = {name: await decide(two.one, name, host, **body) for name, body in asked.items()}
    for work in decided.values():
        await work.confirm()
    await decided.pop(first).save()
    (left,) = decided.values()
    with pytest.raises(Conflict):
        await left.save()


@pytest.mark.parametrize("who", ["guest", "host"])
async def test_late_money_revives_a_stay_or_a_party_leaves_if_both_are_decided_before_either_is_recorded(
    two: Two, who: str
) -> None:
    parties = {name: await registered(two.one, name) for name in ("guest", "host")}
    listing = await two.one.listing(parties["host"])
    stay = await two.one.book(parties["guest"], listing)
    await two.one.pay(parties["guest"], stay, "pm_card_authenticationRequired")
    await two.one.pass_time(timedelta(minutes=16))
    await two.one.ask("updateListing", parties["host"], listingId=listing["id"], isPublished=False)
    leaving = await decide(two.one, "archiveProfile", parties[who], userId=str(parties[who].id))
    await leaving.confirm()
    await two.one.ask("refreshReservationPayment", parties["guest"], reservationId=stay["id"])
    assert (await two.one.reservation(stay["id"]))["bookingStatus"] == "confirmed"
    with pytest.raises(Conflict):
        await leaving.save()


async def decide(market: Marketplace, command: str, by: Actor, **body: Any) -> Work:
    """What a command comes to, and is not recorded yet."""
    product, wanted = market.product, market.product.registry[command]
    cause = Cause(uuid4(), command, by, market.now)
    work = Work(product.store, product.services, cause, real_now=product.clock.real_now(), fresh=True)
    await wanted.handler(work, wanted.message.model_validate(body))
    return work


async def test_a_listing_is_not_published_again_once_its_host_has_left(two: Two) -> None:
    host = await registered(two.one, "leaver")
    listing = await two.one.listing(host)
    await two.one.ask("archiveProfile", host, userId=str(host.id))
    with pytest.raises(Refused) as gone:
        await two.other.ask("updateListing", ADMIN, listingId=listing["id"], isPublished=True)
    assert gone.value.rule == "USER_GONE"
    changed = await two.other.ask("updateListing", ADMIN, listingId=listing["id"], title="Sold")
    assert (changed["title"], changed["isPublished"]) == ("Sold", False)


async def test_a_review_that_somebody_asked_for_before_it_was_written_is_published_like_any(two: Two) -> None:
    host, guest, stay = await stayed(two)
    ids = {of: str(uuid5(UUID(stay["id"]), f"review {of}")) for of in ("listing", "host")}
    for id in ids.values():
        with pytest.raises(NotThere):
            await two.one.ask("updateReview", host, reviewId=id, rating=1)
    for of, id in ids.items():
        assert (await review(two.other, guest, stay, of))["id"] == id
    await review(two.one, host, stay, "guest")
    assert all([await two.other.get("review", id, NOBODY) for id in ids.values()])


async def test_a_review_withdrawn_elsewhere_counts_no_more(two: Two) -> None:
    host, guest, stay = await stayed(two)
    seen = [await review(two.one, guest, stay, "listing")]
    mine = await review(two.other, host, stay, "guest")
    await two.one.ask("deleteReview", host, reviewId=mine["id"])
    seen.append(await review(two.other, guest, stay, "host"))
    assert [await two.other.get("review", each["id"], NOBODY) for each in seen] == [None, None]
    await review(two.other, host, stay, "guest")
    assert all([await two.other.get("review", each["id"], NOBODY) for each in seen])


async def test_a_refund_is_asked_of_the_payment_that_the_other_has_heard_of(two: Two) -> None:
    guest, services = somebody(), two.one.product.services
    reservation = await two.one.book(guest, await two.one.listing(somebody()))
    silent = Frail(services.payments)
    silent.away_for = {"start"}
    two.one.product.bus.services = replace(services, payments=silent)
    await two.one.pay(guest, reservation)
    await two.other.pass_time(timedelta(minutes=1))
    silent.away_for = set()
    asked = {"reservationId": reservation["id"], "bookingStatus": "cancelled"}
    assert (await two.one.ask("updateReservation", guest, **asked))["bookingStatus"] == "cancelled"
    assert (await ledger(two.one, reservation)).held == 0
    assert await kinds(two.one, reservation) == ["charge", "refund"]


async def test_disputes_closed_elsewhere_make_room_for_another(two: Two) -> None:
    _, guest, stay = await stayed(two)

    async def opened(market: Marketplace) -> str:
        asked = {"reservationId": stay["id"], "issueType": "noise", "description": "All night"}
        id: str = (await market.ask("createDispute", guest, **asked))["id"]
        return id

    async def closed(market: Marketplace, dispute: str) -> None:
        for status in ("reviewing", "rejected"):
            await market.ask("updateDispute", ADMIN, disputeId=dispute, resolutionStatus=status)

    await closed(two.other, await opened(two.one))
    await closed(two.one, await opened(two.other))
    assert await two.one.get("dispute", await opened(two.other), SYSTEM)
