"""What hosts say of single nights."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.actor import NOBODY, Actor
from domain.calendar_month import CalendarMonth
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from tests.commands.house import LOFT, House, entered, entries, open_house, somebody


@pytest.fixture(scope="module")
async def house(module_database: str) -> AsyncIterator[House]:
    async with open_house(module_database) as house:
        yield house


@pytest.fixture
async def listing(house: House, host: Actor) -> str:
    return str((await house.ask("createListing", host, **LOFT))["id"])


class TestEntries:
    async def test_an_entry_is_what_the_host_says_of_a_night(self, house: House, host: Actor, listing: str) -> None:
        said: dict[str, Any] = {"priceOverride": 150, "minStay": 3, "iCalUrl": "https://x.example/1.ics"}
        entry = await entered(house, host, listing, **said, externalCalendarIds=["a"], bookedBy=str(uuid4()))
        assert {name: entry[name] for name in said} == said
        assert (entry["externalCalendarIds"], entry["bookedBy"]) == (["a"], None)
        assert (entry["date"], entry["listingId"], entry["isAvailable"]) == ("2026-07-01", listing, True)
        assert (entry["recordVersion"], entry["_owner"], entry["isActive"]) == (1, str(host.id), True)
        assert entry["id"] == str(CalendarMonth.night_id(UUID(listing), date(2026, 7, 1)))
        assert await house.get("listingCalendar", entry["id"], host) == entry

    async def test_strangers_see_neither_who_has_a_night_nor_other_calendars(
        self, house: House, host: Actor, listing: str
    ) -> None:
        entry = await entered(house, host, listing, iCalUrl="https://x.example/1.ics")
        hidden = {"bookedBy", "iCalUrl", "externalCalendarIds"}
        for stranger in (NOBODY, somebody()):
            seen = await house.get("listingCalendar", entry["id"], stranger)
            assert seen is not None
            assert not hidden & set(seen)
        for friend in (host, somebody("moderator")):
            assert hidden <= set(await house.get("listingCalendar", entry["id"], friend) or {})

    async def test_it_is_seen_as_its_listing(self, house: House, host: Actor, listing: str) -> None:
        entry = await entered(house, host, listing)
        await house.ask("updateListing", host, listingId=listing, isPublished=False)
        assert await house.get("listingCalendar", entry["id"], somebody()) is None
        assert await entries(house, listing, somebody()) == {}
        with pytest.raises(NotThere):
            await house.ask("updateListingCalendar", somebody(), listingCalendarId=entry["id"], minStay=2)
        assert await house.get("listingCalendar", entry["id"], host) == entry

    async def test_only_host_and_admins_speak_of_nights(self, house: House, host: Actor, listing: str) -> None:
        entry = await entered(house, host, listing)
        for stranger in (somebody(), somebody("moderator")):
            with pytest.raises(NotAllowed):
                await entered(house, stranger, listing, "2026-07-02")
            for command in ("updateListingCalendar", "deleteListingCalendar"):
                with pytest.raises(NotAllowed):
                    await house.ask(command, stranger, listingCalendarId=entry["id"])
        await entered(house, somebody("admin"), listing, "2026-07-02")

    async def test_a_night_has_one_entry(self, house: House, host: Actor, listing: str) -> None:
        await entered(house, host, listing)
        with pytest.raises(Refused) as refusal:
            await entered(house, host, listing, isAvailable=False)
        assert (refusal.value.rule, refusal.value.detail) == ("ENTRY_EXISTS", {"dates": ["2026-07-01"]})

    async def test_a_change_keeps_what_is_absent_and_clears_what_is_null(
        self, house: House, host: Actor, listing: str
    ) -> None:
        entry = await entered(house, host, listing, priceOverride=150, minStay=3)
        after = await house.ask("updateListingCalendar", host, listingCalendarId=entry["id"], priceOverride=None)
        assert (after["priceOverride"], after["minStay"], after["recordVersion"]) == (None, 3, 2)
        again = await house.ask("updateListingCalendar", host, listingCalendarId=entry["id"], minStay=3)
        assert again["recordVersion"] == 2

    async def test_a_stale_version_is_refused(self, house: House, host: Actor, listing: str) -> None:
        entry = await entered(house, host, listing)
        await entered(house, host, listing, "2026-07-02")
        change = {"listingCalendarId": entry["id"], "recordVersion": 1}
        await house.ask("updateListingCalendar", host, **change, minStay=2)
        with pytest.raises(Refused) as refusal:
            await house.ask("updateListingCalendar", host, **change, minStay=4)
        assert (refusal.value.rule, refusal.value.detail) == ("STALE_VERSION", {"recordVersion": 2})

    async def test_a_deleted_entry_can_be_made_anew(self, house: House, host: Actor, listing: str) -> None:
        entry = await entered(house, host, listing, minStay=3)
        gone = await house.ask("deleteListingCalendar", host, listingCalendarId=entry["id"])
        assert (gone["isActive"], gone["recordVersion"]) == (False, 2)
        assert await house.get("listingCalendar", entry["id"], host) is None
        with pytest.raises(NotThere):
            await house.ask("deleteListingCalendar", host, listingCalendarId=entry["id"])
        again = await entered(house, host, listing)
        assert (again["id"], again["recordVersion"], again["minStay"]) == (entry["id"], 1, None)

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"priceOverride": 0}, "priceOverride"),
            ({"priceOverride": 1.005}, "priceOverride"),
            ({"minStay": 0}, "minStay"),
            ({"date": "2026-02-30"}, "date"),
            ({"date": "9999-12-31"}, "date"),
            ({"date": "2126-06-03"}, "date"),
            ({"date": "1926-05-31"}, "date"),
            ({"date": None}, "date"),
            ({"dateTo": "2026-07-01"}, "dateTo"),
            ({"dateTo": "2026-06-30"}, "dateTo"),
            ({"dateTo": "2028-07-02"}, "dateTo"),
            ({"isAvailable": None}, "isAvailable"),
            ({"isAvailable": "no"}, "isAvailable"),
            ({"listingId": "1"}, "listingId"),
            ({"externalCalendarIds": "a"}, "externalCalendarIds"),
            ({"guests": 2}, "guests"),
        ],
    )
    async def test_what_cannot_be_is_named(
        self, house: House, host: Actor, listing: str, body: dict[str, Any], field: str
    ) -> None:
        before = await house.recorded()
        with pytest.raises(Invalid) as refusal:
            await house.ask(
                "createListingCalendar",
                host,
                **{"listingId": listing, "date": "2026-07-01", "isAvailable": True} | body,
            )
        assert field in refusal.value.detail["fields"]
        assert await house.recorded() == before

    async def test_the_date_of_a_date_time_is_the_one_at_the_listing(
        self, house: House, host: Actor, listing: str
    ) -> None:
        assert (await entered(house, host, listing, "2026-07-01T22:30:00Z"))["date"] == "2026-07-02"

    async def test_nobody_elses_id_is_an_entry(self, house: House, host: Actor, listing: str) -> None:
        for id in (listing, str(uuid4())):
            with pytest.raises(NotThere):
                await house.ask("deleteListingCalendar", host, listingCalendarId=id)
        with pytest.raises(NotThere):
            await entered(house, host, str(uuid4()))
