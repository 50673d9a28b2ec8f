"""Hosts offer their listings: what is needed, what is kept as it was said, and what cannot be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from commands.bus import Unauthenticated
from domain.actor import NOBODY, Actor
from domain.errors import Invalid
from tests.commands.house import LOFT, House, listed, open_house


@pytest.fixture(scope="module")
async def house(module_database: str) -> AsyncIterator[House]:
    async with open_house(module_database) as house:
        yield house


class TestCreate:
    async def test_whoever_creates_it_is_its_host(self, house: House, host: Actor) -> None:
        listing = await listed(house, host, hostId=str(uuid4()))
        assert (listing["hostId"], listing["_owner"]) == (str(host.id), str(host.id))
        assert (listing["recordVersion"], listing["isActive"], listing["propertyType_idx"]) == (1, True, 5)
        assert await house.get("listing", listing["id"]) == listing

    async def test_a_stranger_creates_nothing(self, house: House) -> None:
        with pytest.raises(Unauthenticated):
            await house.ask("createListing", NOBODY, **LOFT)

    async def test_what_is_left_out_is_null_and_the_policy_flexible(self, house: House, host: Actor) -> None:
        listing = await listed(house, host)
        optional: tuple[str, ...] = (
            "amenityIds",
            "mainPhoto",
            "photos",
            "maxStay",
            "minStay",
            "seasonalPricing",
            "bookingPolicies",
        )
        optional += ("languagesSupported", "houseRules", "cityTaxPercent")
        assert {name: listing[name] for name in optional} == dict.fromkeys(optional)
        assert listing["cancellationPolicy"] == {"tier": "flexible"}

    async def test_what_is_said_comes_back_as_it_was_said(self, house: House, host: Actor) -> None:
        said: dict[str, Any] = {
            "amenityIds": [str(uuid4()), str(uuid4())],
            "mainPhoto": "https://photos.example/1.jpg",
            "photos": ["https://photos.example/2.jpg"],
            "maxStay": 30,
            "minStay": 2,
            "seasonalPricing": [
                {"from": "2026-07-01", "to": "2026-09-01", "pricePerNight": Decimal("120.50"), "minStay": 3}
            ],
            "bookingPolicies": {
                "maxGuests": 4,
                "cleaningFee": 45,
                "weeklyDiscountPercent": Decimal("7.5"),
                "monthlyDiscountPercent": 20,
                "checkInTime": "16:30",
                "checkOutTime": "10:00",
                "advanceNoticeDays": 1,
                "bookingWindowDays": 365,
            },
            "cancellationPolicy": {
                "steps": [
                    {"hoursBeforeCheckIn": 336, "refundPercent": 100},
                    {"hoursBeforeCheckIn": 48, "refundPercent": Decimal("33.33")},
                ]
            },
            "languagesSupported": ["fr", "en"],
            "houseRules": "No parties.",
            "cityTaxPercent": Decimal("5.5"),
            "location": {
                "lat": Decimal("48.853"),
                "lon": Decimal("-2.3499"),
                "city": "Paris",
                "countryCode": "FR",
                "timeZone": "Europe/Paris",
            },
        }
        listing = await listed(house, host, **said)
        assert {name: listing[name] for name in said} == said

    @pytest.mark.parametrize(
        ("lat", "lon", "zone"),
        [(48.85, 2.35, "Europe/Paris"), (-13.83, -171.76, "Pacific/Apia"), (1.87, -157.4, "Pacific/Kiritimati")],
    )
    async def test_the_zone_is_looked_up_from_the_coordinates(
        self, house: House, host: Actor, lat: float, lon: float, zone: str
    ) -> None:
        listing = await listed(house, host, location={"lat": lat, "lon": lon})
        assert listing["location"]["timeZone"] == zone

    async def test_money_has_the_digits_of_its_currency(self, house: House, host: Actor) -> None:
        assert (await listed(house, host, currency="JPY", pricePerNight=12_000))["pricePerNight"] == 12_000
        assert (await listed(house, host, currency="KWD", pricePerNight=Decimal("10.125")))["pricePerNight"] == Decimal(
            "10.125"
        )

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"pricePerNight": 0}, "pricePerNight"),
            ({"pricePerNight": -5}, "pricePerNight"),
            ({"pricePerNight": Decimal("9.999")}, "pricePerNight"),
            ({"pricePerNight": "9.99"}, "pricePerNight"),
            ({"pricePerNight": True}, "pricePerNight"),
            ({"pricePerNight": 10**14}, "pricePerNight"),
            ({"currency": "JPY"}, "pricePerNight"),
            ({"currency": "XXX"}, "currency"),
            ({"currency": "eur"}, "currency"),
            ({"currency": None}, "currency"),
            ({"title": ""}, "title"),
            ({"title": None}, "title"),
            ({"title": "a\x00b"}, "title"),
            ({"title": "x" * 100_000}, "title"),
            ({"description": "x" * 100_000}, "description"),
            ({"propertyType": "castle"}, "propertyType"),
            ({"approvalType": "Instant"}, "approvalType"),
            ({"location": {"lat": 90.01, "lon": 0}}, "location.lat"),
            ({"location": {"lat": 0, "lon": -180.5}}, "location.lon"),
            ({"location": {"lat": 0}}, "location.lon"),
            ({"location": {"lat": 0, "lon": 0, "timeZone": "Mars/Olympus"}}, "location.timeZone"),
            ({"location": {"lat": 0, "lon": 0, "timeZone": "../etc/passwd"}}, "location.timeZone"),
            ({"location": {"lat": 0, "lon": 0, "planet": "Mars"}}, "location.planet"),
            ({"location": {"lat": 0, "lon": 0, "countryCode": "FRA"}}, "location.countryCode"),
            ({"minStay": 0}, "minStay"),
            ({"maxStay": 1.5}, "maxStay"),
            ({"minStay": 9, "maxStay": 8}, "minStay"),
            ({"cityTaxPercent": Decimal("100.01")}, "cityTaxPercent"),
            ({"cityTaxPercent": Decimal("1.001")}, "cityTaxPercent"),
            ({"cityTaxPercent": -1}, "cityTaxPercent"),
            ({"bookingPolicies": {"maxGuests": 0}}, "bookingPolicies.maxGuests"),
            ({"bookingPolicies": {"cleaningFee": -1}}, "bookingPolicies.cleaningFee"),
            ({"bookingPolicies": {"weeklyDiscountPercent": 100}}, "bookingPolicies.weeklyDiscountPercent"),
            ({"bookingPolicies": {"monthlyDiscountPercent": -1}}, "bookingPolicies.monthlyDiscountPercent"),
            ({"bookingPolicies": {"checkInTime": "25:00"}}, "bookingPolicies.checkInTime"),
            ({"bookingPolicies": {"checkOutTime": "9:00"}}, "bookingPolicies.checkOutTime"),
            ({"bookingPolicies": {"advanceNoticeDays": -1}}, "bookingPolicies.advanceNoticeDays"),
            ({"bookingPolicies": {"pets": True}}, "bookingPolicies.pets"),
            ({"cancellationPolicy": {"tier": "strictest"}}, "cancellationPolicy.tier"),
            ({"cancellationPolicy": {"tier": "custom"}}, "cancellationPolicy.tier"),
            ({"cancellationPolicy": {}}, "cancellationPolicy"),
            ({"cancellationPolicy": {"steps": []}}, "cancellationPolicy.steps"),
            (
                {"cancellationPolicy": {"tier": "firm", "steps": [{"hoursBeforeCheckIn": 1, "refundPercent": 1}]}},
                "cancellationPolicy",
            ),
            (
                {"cancellationPolicy": {"steps": [{"hoursBeforeCheckIn": -1, "refundPercent": 50}]}},
                "cancellationPolicy.steps",
            ),
            (
                {"cancellationPolicy": {"steps": [{"hoursBeforeCheckIn": 1, "refundPercent": 101}]}},
                "cancellationPolicy.steps",
            ),
            (
                {"cancellationPolicy": {"steps": [{"hoursBeforeCheckIn": 1, "refundPercent": 1}] * 2}},
                "cancellationPolicy.steps",
            ),
            (
                {"seasonalPricing": [{"from": "2026-07-01", "to": "2026-07-01", "pricePerNight": 1}]},
                "seasonalPricing.0.to",
            ),
            (
                {"seasonalPricing": [{"from": "2026-02-30", "to": "2026-07-01", "pricePerNight": 1}]},
                "seasonalPricing.0.from",
            ),
            (
                {"seasonalPricing": [{"from": "2026-07-01", "to": "2026-07-02", "pricePerNight": 0}]},
                "seasonalPricing.0.pricePerNight",
            ),
            (
                {
                    "seasonalPricing": [
                        {"from": "2026-07-01", "to": "2026-08-01", "pricePerNight": 1},
                        {"from": "2026-07-31", "to": "2026-08-05", "pricePerNight": 1},
                    ]
                },
                "seasonalPricing",
            ),
            ({"amenityIds": ["wifi"]}, "amenityIds.0"),
            ({"photos": "one.jpg"}, "photos"),
            ({"isPublished": "yes"}, "isPublished"),
            ({"stars": 5}, "stars"),
        ],
    )
    async def test_what_cannot_be_is_named(self, house: House, host: Actor, body: dict[str, Any], field: str) -> None:
        before = await house.recorded()
        with pytest.raises(Invalid) as refusal:
            await listed(house, host, **body)
        assert field in refusal.value.detail["fields"]
        assert await house.recorded() == before

    @pytest.mark.parametrize(
        "field",
        ["title", "address", "description", "propertyType", "location", "currency", "pricePerNight", "approvalType"],
    )
    async def test_what_is_needed_is_asked_for(self, house: House, host: Actor, field: str) -> None:
        with pytest.raises(Invalid) as refusal:
            await house.ask("createListing", host, **{name: value for name, value in LOFT.items() if name != field})
        assert field in refusal.value.detail["fields"]

    async def test_seasons_may_meet(self, house: House, host: Actor) -> None:
        seasons = [
            {"from": "2026-08-01", "to": "2026-08-05", "pricePerNight": 2},
            {"from": "2026-07-01", "to": "2026-08-01", "pricePerNight": 1},
        ]
        assert (await listed(house, host, seasonalPricing=seasons))["seasonalPricing"] == [*reversed(seasons)]

    async def test_the_date_of_a_date_time_is_the_one_at_the_listing(self, house: House, host: Actor) -> None:
        season = {"from": "2026-07-01T23:30:00Z", "to": "2026-08-01T12:00:00Z", "minStay": 2}
        told = (await listed(house, host, seasonalPricing=[season]))["seasonalPricing"]
        assert told == [{"from": "2026-07-02", "to": "2026-08-01", "minStay": 2}]
