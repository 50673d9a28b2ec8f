"""Hosts change their listings, field by field; the currency only with every price."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from domain.actor import NOBODY, Actor
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from tests.commands.house import LOFT, House, listed, open_house, somebody


@pytest.fixture(scope="module")
async def house(module_database: str) -> AsyncIterator[House]:
    async with open_house(module_database) as house:
        yield house


class TestUpdate:
    async def test_what_is_absent_stays_and_null_clears(self, house: House, host: Actor) -> None:
        before = await listed(house, host, minStay=2, houseRules="No parties.", bookingPolicies={"maxGuests": 2})
        after = await house.ask("updateListing", host, listingId=before["id"], houseRules=None, title="Attic")
        assert after == before | {
            "houseRules": None,
            "title": "Attic",
            "recordVersion": 2,
            "updatedAt": after["updatedAt"],
        }
        cleared = await house.ask("updateListing", host, listingId=before["id"], minStay=None, bookingPolicies=None)
        assert (cleared["minStay"], cleared["bookingPolicies"], cleared["recordVersion"]) == (None, None, 3)

    @pytest.mark.parametrize("field", ["title", "pricePerNight", "location", "isPublished", "currency", "approvalType"])
    async def test_what_is_required_cannot_be_cleared(self, house: House, host: Actor, field: str) -> None:
        listing = await listed(house, host)
        with pytest.raises(Invalid) as refusal:
            await house.ask("updateListing", host, listingId=listing["id"], **{field: None})
        assert field in refusal.value.detail["fields"]

    async def test_the_host_cannot_be_changed(self, house: House, host: Actor) -> None:
        listing = await listed(house, host)
        with pytest.raises(Invalid):
            await house.ask("updateListing", host, listingId=listing["id"], hostId=str(uuid4()))

    async def test_a_stale_version_is_refused(self, house: House, host: Actor) -> None:
        listing = await listed(house, host)
        await house.ask("updateListing", host, listingId=listing["id"], title="Attic", recordVersion=1)
        with pytest.raises(Refused) as refusal:
            await house.ask("updateListing", host, listingId=listing["id"], title="Den", recordVersion=1)
        assert (refusal.value.rule, refusal.value.detail) == ("STALE_VERSION", {"recordVersion": 2})

    async def test_what_already_holds_records_nothing(self, house: House, host: Actor) -> None:
        listing = await listed(house, host)
        again = await house.ask("updateListing", host, **LOFT, listingId=listing["id"])
        assert (again["recordVersion"], len(await house.log(UUID(listing["id"])))) == (1, 1)

    async def test_only_host_and_admins_change_it(self, house: House, host: Actor) -> None:
        listing = await listed(house, host)
        for stranger in (somebody(), somebody("moderator")):
            with pytest.raises(NotAllowed):
                await house.ask("updateListing", stranger, listingId=listing["id"], title="Mine")
        await house.ask("updateListing", somebody("admin"), listingId=listing["id"], title="Checked")

    async def test_unpublished_it_is_its_hosts_and_staffs_alone(self, house: House, host: Actor) -> None:
        listing = await listed(house, host, isPublished=False)
        for stranger in (NOBODY, somebody()):
            assert await house.get("listing", listing["id"], stranger) is None
            assert listing not in await house.listed("listing", stranger)
        with pytest.raises(NotThere):
            await house.ask("updateListing", somebody(), listingId=listing["id"], title="Mine")
        for friend in (host, somebody("moderator"), somebody("admin")):
            assert await house.get("listing", listing["id"], friend) == listing
        await house.ask("updateListing", host, listingId=listing["id"], isPublished=True)
        assert await house.get("listing", listing["id"]) is not None

    async def test_an_id_of_something_else_is_not_there(self, house: House) -> None:
        amenity = await house.ask("createListingAmenity", somebody("admin"), name="Pool")
        for id in (amenity["id"], str(uuid4())):
            with pytest.raises(NotThere):
                await house.ask("updateListing", somebody("admin"), listingId=id, title="Mine")


class TestCurrency:
    async def test_it_changes_only_with_every_price(self, house: House, host: Actor) -> None:
        season = {"from": "2026-07-01", "to": "2026-08-01", "pricePerNight": 150}
        listing = await listed(house, host, seasonalPricing=[season], bookingPolicies={"cleaningFee": 30})
        yen = {"listingId": listing["id"], "currency": "JPY", "pricePerNight": 12_000}
        with pytest.raises(Refused) as refusal:
            await house.ask("updateListing", host, **yen)
        assert (refusal.value.rule, refusal.value.detail["prices"]) == (
            "WRONG_STATE",
            ["bookingPolicies", "seasonalPricing"],
        )
        fee = {"bookingPolicies": {"cleaningFee": 3_000}}
        after = await house.ask("updateListing", host, **yen, **fee, seasonalPricing=None)
        assert (after["currency"], after["pricePerNight"], after["recordVersion"]) == ("JPY", 12_000, 2)

    async def test_it_changes_with_a_price_that_happens_to_be_the_same(self, house: House, host: Actor) -> None:
        listing = await listed(house, host)
        after = await house.ask("updateListing", host, listingId=listing["id"], currency="USD", pricePerNight=99.99)
        assert (after["currency"], after["pricePerNight"]) == ("USD", Decimal("99.99"))

    async def test_it_does_not_change_while_the_calendar_has_prices(self, house: House, host: Actor) -> None:
        listing = await listed(house, host)
        night = {"listingId": listing["id"], "date": "2031-01-01", "isAvailable": True}
        entry = await house.ask("createListingCalendar", host, **night, priceOverride=80)
        dollars = {"listingId": listing["id"], "currency": "USD", "pricePerNight": 100}
        with pytest.raises(Refused) as refusal:
            await house.ask("updateListing", host, **dollars)
        assert refusal.value.rule == "WRONG_STATE"
        await house.ask("updateListingCalendar", host, listingCalendarId=entry["id"], priceOverride=None)
        assert (await house.ask("updateListing", host, **dollars))["currency"] == "USD"

    async def test_a_price_entered_while_it_changes_is_never_taken_for_the_new_one(
        self, house: House, host: Actor
    ) -> None:
        for _ in range(5):
            listing = await listed(house, host)
            night = {"listingId": listing["id"], "date": "2026-07-01", "isAvailable": True, "priceOverride": 80}
            await asyncio.gather(
                house.ask("createListingCalendar", host, **night),
                house.ask("updateListing", host, listingId=listing["id"], currency="JPY", pricePerNight=12_000),
                return_exceptions=True,
            )
            now = await house.get("listing", listing["id"], host)
            entries = [e for e in await house.listed("listingCalendar", host) if e["listingId"] == listing["id"]]
            assert now is not None
            prices = [e["priceOverride"] for e in entries]
            assert prices in ([], [80])
            assert now["currency"] == "EUR" or not prices or str(prices[0]) == "80"  # yen have no cents
