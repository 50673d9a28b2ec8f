"""Hosts take their listings away, unless nights are held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from commands.calendar_nights import claim_nights, release_nights
from commands.ports import Answer, Cause
from commands.registry import Command, Registry
from commands.wire import Id, Message
from commands.work import Work
from domain.actor import NOBODY, Actor
from domain.calendar_month import CalendarMonth
from domain.errors import NotAllowed, NotThere, Refused
from domain.listing import Listing
from domain.reservation import Reservation
from domain.stay import Nights, Stay
from tests.commands.house import LOFT, NOON, House, entered, listed, open_house, somebody
from tests.domain.stays import AGREEMENT, requested


class Hold(Message):
    """Have nights of a listing, as a reservation does."""

    listing_id: Id
    claim_id: Id
    check_in: date
    check_out: date


async def hold(work: Work, m: Hold) -> Answer:
    listing = await work.load(Listing, m.listing_id, fresh=True)
    zone = listing.zone
    nights = Nights(m.check_in, m.check_out)
    await claim_nights(work, m.listing_id, m.claim_id, nights)
    stay = Stay(nights, zone, time(15), time(11))
    requested(await work.load(Reservation, m.claim_id), replace(AGREEMENT, listing=listing.id, stay=stay), work.at)
    return Answer()


async def free(work: Work, m: Hold) -> Answer:
    await release_nights(work, m.listing_id, m.claim_id, Nights(m.check_in, m.check_out))
    return Answer()


HOLD = Command(name="hold", doc="Have nights.", message=Hold, handler=hold)
FREE = Command(name="free", doc="Give nights back.", message=Hold, handler=free)


@pytest.fixture(scope="module")
async def opened(module_database: str) -> AsyncIterator[House]:
    async with open_house(module_database, commands=(HOLD, FREE)) as house:
        yield house


@pytest.fixture
def house(opened: House) -> House:
    """At noon of the first of June, whatever the tests before did with its time."""
    opened.now = NOON
    return opened


async def holds(house: House, listing: dict[str, Any], check_in: date, nights: int, claim: UUID | None = None) -> UUID:
    claim = claim or uuid4()
    stay = {"checkIn": check_in.isoformat(), "checkOut": (check_in + timedelta(nights)).isoformat()}
    await house.ask("hold", somebody(), listingId=listing["id"], claimId=str(claim), **stay)
    return claim


TODAY = date(2026, 6, 1)


class TestDelete:
    async def test_it_is_hidden_from_everyone(self, house: House, host: Actor) -> None:
        listing = await listed(house, host)
        gone = await house.ask("deleteListing", host, listingId=listing["id"])
        assert (gone["isActive"], gone["recordVersion"]) == (False, 2)
        for caller in (NOBODY, host, somebody("admin")):
            assert await house.get("listing", listing["id"], caller) is None
            assert listing["id"] not in {seen["id"] for seen in await house.listed("listing", caller)}
        for command in ("deleteListing", "updateListing"):
            with pytest.raises(NotThere):
                await house.ask(command, host, listingId=listing["id"])

    async def test_only_host_and_admins_delete_it(self, house: House, host: Actor) -> None:
        listing = await listed(house, host)
        with pytest.raises(NotAllowed):
            await house.ask("deleteListing", somebody("moderator"), listingId=listing["id"])
        assert (await house.ask("deleteListing", somebody("admin"), listingId=listing["id"]))["isActive"] is False

    @pytest.mark.parametrize("days_ahead", [0, 5, 29, 400, 1_090])
    async def test_it_is_refused_while_nights_are_held(self, house: House, host: Actor, days_ahead: int) -> None:
        listing = await listed(house, host)
        claim = await holds(house, listing, TODAY + timedelta(days_ahead), 2)
        with pytest.raises(Refused) as refusal:
            await house.ask("deleteListing", host, listingId=listing["id"])
        assert refusal.value.rule == "LISTING_HAS_CLAIMS"
        stay = {"checkIn": "2026-05-01", "checkOut": "2029-12-31", "claimId": str(claim)}
        await house.ask("free", host, listingId=listing["id"], **stay)
        assert (await house.ask("deleteListing", host, listingId=listing["id"]))["isActive"] is False

    async def test_a_stay_farther_away_than_is_booked_today_counts_too(self, house: House, host: Actor) -> None:
        listing = await listed(house, host)
        await holds(house, listing, TODAY + timedelta(3_000), 2)
        with pytest.raises(Refused):
            await house.ask("deleteListing", host, listingId=listing["id"])

    async def test_a_stay_counts_until_it_has_checked_out(self, house: House, host: Actor) -> None:
        listing = await listed(house, host)
        await holds(house, listing, TODAY - timedelta(3), 3)
        house.now = datetime(2026, 6, 1, 8, 59, tzinfo=UTC)  # 10:59 in Paris
        with pytest.raises(Refused):
            await house.ask("deleteListing", host, listingId=listing["id"])
        house.now = datetime(2026, 6, 1, 9, tzinfo=UTC)
        assert (await house.ask("deleteListing", host, listingId=listing["id"]))["isActive"] is False

    @pytest.mark.parametrize(
        "change",
        [
            {"bookingPolicies": {"checkOutTime": "06:00"}},
            {"bookingPolicies": None},
            {"location": LOFT["location"] | {"timeZone": "Pacific/Kiritimati"}},
        ],
        ids=["an earlier time", "the usual time", "a zone ahead"],
    )
    async def test_it_counts_by_the_times_that_were_agreed_whatever_the_host_says_since(
        self, house: House, host: Actor, change: dict[str, Any]
    ) -> None:
        listing = await listed(house, host, bookingPolicies={"checkOutTime": "18:00"})
        stay = {"checkIn": "2026-06-01", "checkOut": "2026-06-03", "guestCount": 1}
        await house.ask("createReservation", somebody(), listingId=listing["id"], **stay)
        await house.ask("updateListing", host, listingId=listing["id"], **change)
        house.now = datetime(2026, 6, 3, 15, 59, tzinfo=UTC)  # 17:59 in Paris, and tomorrow at Kiritimati
        with pytest.raises(Refused) as refusal:
            await house.ask("deleteListing", host, listingId=listing["id"])
        assert (refusal.value.rule, refusal.value.detail) == ("LISTING_HAS_CLAIMS", {"stays": 1})
        house.now = datetime(2026, 6, 3, 16, tzinfo=UTC)
        assert (await house.ask("deleteListing", host, listingId=listing["id"]))["isActive"] is False

    async def test_a_host_block_does_not_keep_it(self, house: House, host: Actor) -> None:
        listing = await listed(house, host)
        await house.ask("createListingCalendar", host, listingId=listing["id"], date="2026-06-05", isAvailable=False)
        assert (await house.ask("deleteListing", host, listingId=listing["id"]))["isActive"] is False
        entries = await house.listed("listingCalendar", somebody("admin"))
        assert listing["id"] not in {entry["listingId"] for entry in entries}

    async def test_what_a_host_has_written_where_nobody_books_yet_is_not_looked_at(
        self, house: House, host: Actor
    ) -> None:
        """However much that is."""
        listing = await listed(house, host)
        await entered(house, host, listing["id"], "2126-06-02")
        await house.ask("deleteListing", host, listingId=listing["id"])
        month = CalendarMonth.id_of(UUID(listing["id"]), date(2126, 6, 2))
        assert [event.name for event in await house.log(month)] == ["calendar.entered.v1"]

    async def test_a_stay_asked_for_at_the_same_moment_is_either_first_or_not_at_all(
        self, house: House, host: Actor
    ) -> None:
        for attempt in range(12):
            listing = await listed(house, host)
            deleted, *held = await asyncio.gather(
                house.ask("deleteListing", host, listingId=listing["id"]),
                *(holds(house, listing, TODAY + timedelta(90 * n + attempt), 2) for n in range(4)),
                return_exceptions=True,
            )
            had = [answer for answer in held if isinstance(answer, UUID)]
            if isinstance(deleted, dict):
                assert had == []
                assert all(isinstance(answer, NotThere) for answer in held)
            else:
                assert isinstance(deleted, Refused)
                assert deleted.rule == "LISTING_HAS_CLAIMS"
                assert had


async def test_two_work_units_that_claim_and_close_cannot_both_be_saved(house: House, host: Actor) -> None:
    """The same race, with each decided before either is saved."""
    listing = await listed(house, host)
    stay = Hold(listing_id=UUID(listing["id"]), claim_id=uuid4(), check_in=TODAY, check_out=TODAY + timedelta(40))
    registry: Registry = house.registry
    deletion, claiming = (
        Work(house.store, house.bus.services, Cause(uuid4(), "race", host, house.now), real_now=house.now)
        for _ in range(2)
    )
    message = registry["deleteListing"].message.model_validate({"listingId": listing["id"]})
    await registry["deleteListing"].handler(deletion, message)
    await hold(claiming, stay)
    await deletion.save()
    with pytest.raises(Exception, match=r".") as conflict:
        await claiming.save()
    assert type(conflict.value).__name__ == "Conflict"
