"""Listings: what their hosts say of them, what is wrong, who sees them, and how they change."""

from typing import Any

import pytest

from tests.e2e.talk import Json, Person, invalid, ok, refused, told
from tests.e2e.world import LOFT, World, instant, rows


def test_a_listing_says_what_its_host_said(world: World, host: Person) -> None:
    said: Json = {
        "title": "Villa",
        "photos": ["https://x.example/1.jpg", "https://x.example/2.jpg"],
        "mainPhoto": "https://x.example/1.jpg",
        "languagesSupported": ["en", "fr"],
        "pricePerNight": 123.45,
        "minStay": 2,
        "maxStay": 20,
        "houseRules": "No shoes.",
        "cityTaxPercent": 5.5,
        "bookingPolicies": {
            "maxGuests": 4,
            "cleaningFee": 45.5,
            "weeklyDiscountPercent": 7.5,
            "monthlyDiscountPercent": 20,
            "checkInTime": "16:00",
            "checkOutTime": "10:00",
            "advanceNoticeDays": 1,
            "bookingWindowDays": 365,
        },
        "seasonalPricing": [{"from": "2030-06-01", "to": "2030-09-01", "pricePerNight": 200, "minStay": 3}],
        "cancellationPolicy": {
            "steps": [
                {"hoursBeforeCheckIn": 336, "refundPercent": 100},
                {"hoursBeforeCheckIn": 24, "refundPercent": 50},
            ]
        },
    }
    place = world.listing(host, **said)
    seen = ok(world.nobody.get(f"/v1/listings/{place['id']}"))["listing"]
    assert seen == place
    assert place["hostId"] == host.id
    for name, value in said.items():
        if isinstance(value, dict):
            assert value.items() <= place[name].items(), name
        elif name == "seasonalPricing":
            assert value[0].items() <= place[name][0].items()
        else:
            assert place[name] == value, name


def test_what_may_be_left_out_has_its_default(world: World, host: Person) -> None:
    place = world.listing(host, cancellationPolicy=..., isPublished=True)
    assert place["cancellationPolicy"] == {"tier": "flexible"}


@pytest.mark.parametrize(
    "field",
    ["title", "address", "pricePerNight", "description", "propertyType", "location", "currency", "approvalType"],
)
def test_what_is_required_is_named(host: Person, field: str) -> None:
    body = dict(LOFT)
    del body[field]
    invalid(host.post("/v1/listings", body), field)
    invalid(host.post("/v1/listings", LOFT | {field: None}), field)


WRONG: list[tuple[str, Any]] = [
    ("pricePerNight", 0),
    ("pricePerNight", -1),
    ("pricePerNight", 10.005),
    ("pricePerNight", "10"),
    ("pricePerNight", True),
    ("pricePerNight", 10**30),
    ("currency", "XYZ"),
    ("currency", "EURO"),
    ("currency", ""),
    ("propertyType", "castle"),
    ("approvalType", "maybe"),
    ("isPublished", "yes"),
    ("title", ""),
    ("title", 5),
    ("title", "a\x00b"),
    ("minStay", 0),
    ("minStay", 1.5),
    ("maxStay", 0),
    ("maxStay", -3),
    ("cityTaxPercent", -0.1),
    ("cityTaxPercent", 100.01),
    ("cityTaxPercent", 5.555),
    ("location", {"lat": 91, "lon": 0}),
    ("location", {"lat": 0, "lon": 181}),
    ("location", {"lat": "north", "lon": 0}),
    ("location", {"lat": 1, "lon": 1, "timeZone": "Mars/Olympus"}),
    ("location", {}),
    ("location", []),
    ("location", {"lat": 1, "lon": 1, "planet": "Mars"}),
    ("photos", "one.jpg"),
    ("languagesSupported", [1, 2]),
    ("amenityIds", ["not-an-id"]),
    ("bookingPolicies", {"maxGuests": 0}),
    ("bookingPolicies", {"cleaningFee": -1}),
    ("bookingPolicies", {"cleaningFee": 1.001}),
    ("bookingPolicies", {"weeklyDiscountPercent": 100}),
    ("bookingPolicies", {"weeklyDiscountPercent": -1}),
    ("bookingPolicies", {"monthlyDiscountPercent": 7.555}),
    ("bookingPolicies", {"checkInTime": "25:00"}),
    ("bookingPolicies", {"checkOutTime": "noon"}),
    ("bookingPolicies", {"advanceNoticeDays": -1}),
    ("bookingPolicies", {"bookingWindowDays": -1}),
    ("bookingPolicies", {"petsAllowed": True}),
    ("seasonalPricing", [{"from": "2030-06-01", "to": "2030-06-01", "pricePerNight": 5}]),
    ("seasonalPricing", [{"from": "2030-06-02", "to": "2030-06-01", "pricePerNight": 5}]),
    ("seasonalPricing", [{"from": "2030-06-01", "to": "2030-07-01", "pricePerNight": 0}]),
    ("seasonalPricing", [{"from": "2030-02-30", "to": "2030-07-01", "pricePerNight": 5}]),
    (
        "seasonalPricing",
        [
            {"from": "2030-06-01", "to": "2030-07-01", "pricePerNight": 5},
            {"from": "2030-06-30", "to": "2030-08-01", "pricePerNight": 6},
        ],
    ),
    ("cancellationPolicy", {"tier": "generous"}),
    ("cancellationPolicy", {}),
    ("cancellationPolicy", {"tier": "firm", "steps": [{"hoursBeforeCheckIn": 24, "refundPercent": 100}]}),
    ("cancellationPolicy", {"steps": [{"hoursBeforeCheckIn": 24, "refundPercent": 101}]}),
    ("cancellationPolicy", {"steps": [{"hoursBeforeCheckIn": -1, "refundPercent": 50}]}),
    ("cancellationPolicy", "flexible"),
]


@pytest.mark.parametrize(("field", "value"), WRONG, ids=[f"{field}={str(value)[:40]}" for field, value in WRONG])
def test_what_is_wrong_is_named_and_nothing_is_written(world: World, host: Person, field: str, value: Any) -> None:
    title = world.unique("wrong")
    invalid(host.post("/v1/listings", LOFT | {"title": title, field: value}), field)
    assert rows(host, "/v1/listings", title=title) == []
    place = world.listing(host)
    invalid(host.patch(f"/v1/listings/{place['id']}", {field: value}), field)
    assert ok(host.get(f"/v1/listings/{place['id']}"))["listing"] == place


@pytest.mark.parametrize(
    ("currency", "good", "bad"),
    [
        ("JPY", 1500, 1500.5),
        ("EUR", 10.25, 10.255),
        ("KWD", 10.125, 10.1255),
    ],
)
def test_money_has_at_most_the_currencys_digits(
    world: World, host: Person, currency: str, good: float, bad: float
) -> None:
    assert world.listing(host, currency=currency, pricePerNight=good)["pricePerNight"] == good
    invalid(host.post("/v1/listings", LOFT | {"currency": currency, "pricePerNight": bad}), "pricePerNight")


def test_an_unknown_field_is_named(world: World, host: Person) -> None:
    invalid(host.post("/v1/listings", LOFT | {"colour": "red"}), "colour")
    place = world.listing(host)
    invalid(host.patch(f"/v1/listings/{place['id']}", {"colour": "red"}), "colour")


def test_the_time_zone_is_looked_up_from_the_coordinates(world: World, host: Person) -> None:
    place = world.listing(host, location={"lat": 48.8566, "lon": 2.3522, "city": "Paris", "countryCode": "FR"})
    assert place["location"]["timeZone"] == "Europe/Paris"
    tokyo = world.listing(host, location={"lat": 35.68, "lon": 139.69})
    assert tokyo["location"]["timeZone"] == "Asia/Tokyo"


def test_the_host_is_who_asks(world: World, host: Person, stranger: Person) -> None:
    """`hostId` may be sent, and is not looked at."""
    place = world.listing(host, hostId=stranger.id)
    assert place["hostId"] == host.id
    assert place["_owner"] == host.id


def test_patch_keeps_what_is_absent_and_clears_what_is_null(world: World, host: Person) -> None:
    place = world.listing(host, houseRules="No shoes.", minStay=2)
    path = f"/v1/listings/{place['id']}"
    changed = ok(host.patch(path, {"title": "New"}))["listing"]
    assert changed | {"title": place["title"], "recordVersion": 1, "updatedAt": place["updatedAt"]} == place
    cleared = ok(host.patch(path, {"houseRules": None, "minStay": None}))["listing"]
    assert (cleared["houseRules"], cleared["minStay"]) == (None, None)
    for required in ("title", "pricePerNight", "currency", "location", "approvalType"):
        invalid(host.patch(path, {required: None}), required)


def test_a_change_that_changes_nothing_records_nothing(world: World, host: Person) -> None:
    place = world.listing(host)
    again = ok(host.patch(f"/v1/listings/{place['id']}", {"title": place["title"], "pricePerNight": 100.00}))["listing"]
    assert again == place


def test_published_is_for_anyone_and_unpublished_for_host_and_staff(
    world: World, host: Person, stranger: Person, moderator: Person, admin: Person
) -> None:
    place = world.listing(host, isPublished=False)
    path = f"/v1/listings/{place['id']}"
    for caller in (world.nobody, stranger):
        refused(caller.get(path), 404, "NOT_FOUND")
    for caller in (host, moderator, admin):
        ok(caller.get(path))
    refused(stranger.patch(path, {"title": "x"}), 404, "NOT_FOUND")
    refused(moderator.patch(path, {"title": "x"}), 403, "FORBIDDEN")
    ok(host.patch(path, {"isPublished": True}))
    ok(world.nobody.get(path))
    refused(stranger.patch(path, {"title": "x"}), 403, "FORBIDDEN")
    refused(stranger.delete(path), 403, "FORBIDDEN")
    refused(world.nobody.patch(path, {"title": "x"}), 401, "UNAUTHENTICATED")
    ok(admin.patch(path, {"title": "By admin"}))


def test_a_listing_with_a_hold_or_booking_is_not_deleted(world: World, host: Person, guest: Person) -> None:
    world.morning()
    place = world.listing(host)
    path = f"/v1/listings/{place['id']}"
    stay = world.book(guest, place, 1, 1)
    refused(host.delete(path), 409, "LISTING_HAS_CLAIMS")
    world.pay(guest, stay)
    refused(host.delete(path), 409, "LISTING_HAS_CLAIMS")
    ok(host.patch(path, {"isPublished": False}))
    world.travel(instant(stay["checkOut"], "11:00"))
    ok(host.delete(path))
    refused(host.get(path), 404, "NOT_FOUND")
    ok(guest.get(f"/v1/reservations/{stay['id']}"))


def test_a_hosts_own_block_does_not_keep_a_listing(world: World, host: Person) -> None:
    place = world.listing(host)
    ok(host.post("/v1/listingcalendars", {"listingId": place["id"], "date": world.day(5), "isAvailable": False}), 201)
    ok(host.delete(f"/v1/listings/{place['id']}"))


def test_a_currency_changes_only_with_every_price(world: World, host: Person) -> None:
    season = [{"from": "2030-06-01", "to": "2030-09-01", "pricePerNight": 200}]
    place = world.listing(host, seasonalPricing=season, bookingPolicies={"cleaningFee": 10})
    path = f"/v1/listings/{place['id']}"
    for part in (
        {"currency": "USD"},
        {"currency": "USD", "pricePerNight": 110},
        {"currency": "USD", "pricePerNight": 110, "seasonalPricing": season},
    ):
        answer = host.patch(path, part)
        assert answer.status_code in {400, 409}, told(answer)  # "only with every price": malformed or refused
        refused(answer, answer.status_code)
    everything = {
        "currency": "USD",
        "pricePerNight": 110,
        "seasonalPricing": season,
        "bookingPolicies": {"cleaningFee": 11},
    }
    assert ok(host.patch(path, everything))["listing"]["currency"] == "USD"


def test_a_currency_does_not_change_while_calendar_overrides_exist(world: World, host: Person) -> None:
    place = world.listing(host)
    path = f"/v1/listings/{place['id']}"
    entry = {"listingId": place["id"], "date": world.day(5), "isAvailable": True, "priceOverride": 50}
    made = ok(host.post("/v1/listingcalendars", entry), 201)["listingCalendar"]
    refused(host.patch(path, {"currency": "USD", "pricePerNight": 110}), 409)
    ok(host.delete(f"/v1/listingcalendars/{made['id']}"))
    ok(host.patch(path, {"currency": "USD", "pricePerNight": 110}))


def test_a_listing_that_changes_touches_no_existing_reservation(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host, cancellationPolicy={"tier": "firm"})
    stay = world.book(guest, place)
    ok(
        host.patch(
            f"/v1/listings/{place['id']}",
            {"pricePerNight": 500, "cancellationPolicy": {"tier": "non_refundable"}, "approvalType": "manual"},
        )
    )
    seen = world.see(guest, stay)
    for name in ("totalPrice", "cancellationPolicySnapshot", "bookingPoliciesSnapshot", "approvalType"):
        assert seen[name] == stay[name], name
    assert stay["cancellationPolicySnapshot"]["tier"] == "firm"
