"""What hosts do with their listings, as they and others meet it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from commands.bus import Unauthenticated
from commands.calendar_nights import claim_nights, release_nights
from commands.ports import Answer, Cause
from commands.registry import Command, Registry
from commands.wire import Id, Message
from commands.work import Work
from domain.actor import NOBODY, Actor
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from domain.listing import Listing
from domain.stay import Nights
from tests.commands.house import LOFT, NOON, House, open_house, somebody


class Hold(Message):
    """Have nights of a listing, as a reservation does."""

    listing_id: Id
    claim_id: Id
    check_in: date
    check_out: date


async def hold(work: Work, m: Hold) -> Answer:
    listing = await work.load(Listing, m.listing_id, fresh=True)
    _ = listing.offer
    await claim_nights(work, m.listing_id, m.claim_id, Nights(m.check_in, m.check_out))
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


@pytest.fixture
def host() -> Actor:
    return somebody()


async def listed(house: House, host: Actor, **other: Any) -> dict[str, Any]:
    listing: dict[str, Any] = await house.ask("createListing", host, **LOFT | other)
    return listing


async def holds(house: House, listing: dict[str, Any], check_in: date, nights: int, claim: UUID | None = None) -> UUID:
    claim = claim or uuid4()
    stay = {"checkIn": check_in.isoformat(), "checkOut": (check_in + timedelta(nights)).isoformat()}
    await house.ask("hold", somebody(), listingId=listing["id"], claimId=str(claim), **stay)
    return claim


TODAY = date(2026, 6, 1)


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

    async def test_a_host_block_does_not_keep_it(self, house: House, host: Actor) -> None:
        listing = await listed(house, host)
        await house.ask("createListingCalendar", host, listingId=listing["id"], date="2026-06-05", isAvailable=False)
        assert (await house.ask("deleteListing", host, listingId=listing["id"]))["isActive"] is False
        entries = await house.listed("listingCalendar", somebody("admin"))
        assert listing["id"] not in {entry["listingId"] for entry in entries}

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
