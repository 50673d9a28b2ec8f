"""Asking for a stay: what the server decides, what it refuses, and in which order."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.e2e.talk import ABSENT, INSTANT, Json, Person, invalid, ok, position, refused
from tests.e2e.world import World, rows

RESERVATIONS = "/v1/reservations"


def test_the_server_takes_the_terms_from_the_listing(world: World, host: Person, guest: Person) -> None:
    place = world.listing(
        host,
        approvalType="manual",
        cancellationPolicy={"tier": "strict"},
        bookingPolicies={"maxGuests": 3, "cleaningFee": 20},
    )
    stay = world.book(guest, place, 30, 2, guestCount=3)
    assert stay["hostId"] == host.id
    assert stay["guestId"] == guest.id
    assert stay["_owner"] == guest.id
    assert stay["listingId"] == place["id"]
    assert (stay["checkIn"], stay["checkOut"], stay["guestCount"]) == (world.day(30), world.day(32), 3)
    assert stay["approvalType"] == "manual"
    assert stay["bookingStatus"] == "pending"
    assert stay["paymentConfirmation"] == "pending"
    assert stay["disputeStatus"] == "none"
    assert stay["currency"] == "EUR"
    assert stay["totalPrice"] == 248
    assert stay["timeZone"] == "UTC"
    assert stay["cancellationPolicySnapshot"]["tier"] == "strict"
    assert stay["bookingPoliciesSnapshot"]["maxGuests"] == 3
    assert stay["cancelledBy"] is None
    assert stay["refund"] is None
    assert stay["reviewsLeft"] == {"guest": False, "host": False}
    assert stay["reviewsCloseAt"] is None
    assert INSTANT.fullmatch(stay["holdExpiresAt"])
    for caller in (guest, host):
        assert world.see(caller, stay) == stay
    seen = world.see(world.root, stay)
    assert {name: seen.get(name, value) for name, value in stay.items() if not name.startswith("reviews")} == {
        name: value for name, value in stay.items() if not name.startswith("reviews")
    }


def test_all_that_the_reference_asks_for_may_be_sent(
    world: World, host: Person, guest: Person, stranger: Person
) -> None:
    """What the server decides is not looked at, save what would matter."""
    place = world.listing(host)
    body = world.stay(
        place,
        approvalType="manual",
        bookingStatus="confirmed",
        disputeStatus="resolved",
        paymentConfirmation="paid",
        bookingPoliciesSnapshot={},
        cancellationPolicySnapshot={"tier": "flexible"},
        guestId=stranger.id,
        hostId=host.id,
        currency="EUR",
        totalPrice=228.00,
    )
    stay = ok(guest.post(RESERVATIONS, body), 201)["reservation"]
    assert (stay["bookingStatus"], stay["paymentConfirmation"], stay["disputeStatus"]) == ("pending", "pending", "none")
    assert (stay["guestId"], stay["approvalType"]) == (guest.id, "instant")


def test_another_host_is_the_servers_to_decide(world: World, host: Person, guest: Person, stranger: Person) -> None:
    body = world.stay(world.listing(host), hostId=stranger.id)
    refused(guest.post(RESERVATIONS, body), 409, "SERVER_OWNED")


# Refusals


def test_an_unpublished_listing_is_not_booked(world: World, host: Person, guest: Person, moderator: Person) -> None:
    """Who may not see it learns nothing; staff and host see it and are told."""
    place = world.listing(host, isPublished=False)
    refused(guest.post(RESERVATIONS, world.stay(place)), 404, "NOT_FOUND")
    refused(guest.post(RESERVATIONS, world.stay({"id": ABSENT})), 404, "NOT_FOUND")
    refused(moderator.post(RESERVATIONS, world.stay(place)), 409, "LISTING_NOT_PUBLISHED")
    refused(host.post(RESERVATIONS, world.stay(place)), 409, "LISTING_NOT_PUBLISHED")
    refused(world.nobody.post(RESERVATIONS, world.stay(place)), 401, "UNAUTHENTICATED")


def test_a_host_does_not_book_at_home(world: World, host: Person) -> None:
    refused(host.post(RESERVATIONS, world.stay(world.listing(host))), 409, "OWN_LISTING")


def test_today_is_allowed_and_yesterday_is_not(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    refused(guest.post(RESERVATIONS, world.stay(place, -1, 1)), 409, "CHECK_IN_PAST")
    world.book(guest, place, 0, 1)


@pytest.mark.parametrize(
    ("zone", "lat", "lon"), [("Pacific/Kiritimati", 1.87, -157.4), ("Pacific/Pago_Pago", -14.3, -170.7)]
)
def test_today_is_the_listings_today(
    world: World, host: Person, guest: Person, zone: str, lat: float, lon: float
) -> None:
    """On both sides of the date line."""
    place = world.listing(host, location={"lat": lat, "lon": lon, "timeZone": zone})
    there = world.today(zone)

    def stay(day: date) -> Json:
        return {
            "listingId": place["id"],
            "checkIn": str(day),
            "checkOut": str(day + timedelta(days=1)),
            "guestCount": 1,
        }

    refused(guest.post(RESERVATIONS, stay(there - timedelta(days=1))), 409, "CHECK_IN_PAST")
    booked = ok(guest.post(RESERVATIONS, stay(there)), 201)["reservation"]
    assert booked["timeZone"] == zone


def test_advance_notice_is_counted_in_dates(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host, bookingPolicies={"advanceNoticeDays": 3})
    refused(guest.post(RESERVATIONS, world.stay(place, 2, 1)), 409, "NOTICE_TOO_SHORT")
    world.book(guest, place, 3, 1)


def test_the_booking_window_is_730_days_or_the_listings(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    refused(guest.post(RESERVATIONS, world.stay(place, 731, 1)), 409, "TOO_FAR_AHEAD")
    world.book(guest, place, 730, 1)
    near = world.listing(host, bookingPolicies={"bookingWindowDays": 10})
    refused(guest.post(RESERVATIONS, world.stay(near, 11, 1)), 409, "TOO_FAR_AHEAD")
    world.book(guest, near, 10, 5)


def test_the_minimum_stay_is_the_arrival_nights(world: World, host: Person, guest: Person) -> None:
    """Calendar entry, else season, else listing, else 1."""
    day = world.day(40)
    season = [
        {"from": day, "to": world.day(50), "pricePerNight": 100, "minStay": 4},
        {"from": world.day(50), "to": world.day(60), "pricePerNight": 90},
    ]
    place = world.listing(host, minStay=3, seasonalPricing=season)
    entry = {"listingId": place["id"], "date": world.day(45), "isAvailable": True, "minStay": 2}
    ok(host.post("/v1/listingcalendars", entry), 201)
    for ahead, shortest in ((45, 2), (40, 4), (30, 3), (52, 3), (48, 4)):
        if shortest > 1:
            refused(guest.post(RESERVATIONS, world.stay(place, ahead, shortest - 1)), 409, "STAY_TOO_SHORT")
        stay = world.book(guest, place, ahead, shortest)
        world.cancel(guest, stay)
    world.book(guest, world.listing(host), 30, 1)


def test_the_maximum_stay_is_the_listings_or_365(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host, maxStay=5)
    refused(guest.post(RESERVATIONS, world.stay(place, 30, 6)), 409, "STAY_TOO_LONG")
    world.book(guest, place, 30, 5)
    other = world.listing(host)
    refused(guest.post(RESERVATIONS, world.stay(other, 30, 366)), 409, "STAY_TOO_LONG")
    world.book(guest, other, 30, 365)


def test_there_are_no_more_guests_than_fit(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host, bookingPolicies={"maxGuests": 2})
    refused(guest.post(RESERVATIONS, world.stay(place, guestCount=3)), 409, "TOO_MANY_GUESTS")
    world.book(guest, place, guestCount=2)
    world.book(guest, world.listing(host), guestCount=200)


def test_a_price_or_currency_that_differs_is_refused_with_the_right_quote(
    world: World, host: Person, guest: Person
) -> None:
    place = world.listing(host)
    for wrong in (
        {"totalPrice": 227.99},
        {"totalPrice": 1, "currency": "EUR"},
        {"currency": "USD"},
        {"totalPrice": 228, "currency": "USD"},
    ):
        detail = refused(guest.post(RESERVATIONS, world.stay(place, **wrong)), 409, "PRICE_DIFFERS")
        assert "228" in str(detail), "the right quote, where it helps"
    world.book(guest, place, totalPrice=228, currency="EUR")


def test_a_taken_night_is_refused(world: World, host: Person, guest: Person, stranger: Person) -> None:
    place = world.listing(host)
    world.book(guest, place, 30, 3)
    for caller in (guest, stranger):
        refused(caller.post(RESERVATIONS, world.stay(place, 32, 3)), 409, "NIGHTS_TAKEN")


def test_refusals_come_in_the_rules_order(world: World, host: Person, guest: Person) -> None:
    """Each request breaks its own rule and all later ones; the first broken rule is the one named."""
    place = world.listing(
        host,
        minStay=3,
        maxStay=5,
        bookingPolicies={"maxGuests": 2, "advanceNoticeDays": 2, "bookingWindowDays": 50},
        isPublished=False,
    )
    wrong = {"guestCount": 9, "totalPrice": 1}
    refused(host.post(RESERVATIONS, world.stay(place, -3, 1, **wrong)), 409, "LISTING_NOT_PUBLISHED")
    ok(host.patch(f"/v1/listings/{place['id']}", {"isPublished": True}))
    world.book(guest, place, 30, 3)
    refused(host.post(RESERVATIONS, world.stay(place, -3, 1, **wrong)), 409, "OWN_LISTING")
    refused(guest.post(RESERVATIONS, world.stay(place, -3, 1, **wrong)), 409, "CHECK_IN_PAST")
    refused(guest.post(RESERVATIONS, world.stay(place, 1, 1, **wrong)), 409, "NOTICE_TOO_SHORT")
    refused(guest.post(RESERVATIONS, world.stay(place, 51, 1, **wrong)), 409, "TOO_FAR_AHEAD")
    refused(guest.post(RESERVATIONS, world.stay(place, 30, 1, **wrong)), 409, "STAY_TOO_SHORT")
    refused(guest.post(RESERVATIONS, world.stay(place, 30, 6, **wrong)), 409, "STAY_TOO_LONG")
    refused(guest.post(RESERVATIONS, world.stay(place, 30, 3, **wrong)), 409, "TOO_MANY_GUESTS")
    refused(guest.post(RESERVATIONS, world.stay(place, 30, 3, totalPrice=1)), 409, "PRICE_DIFFERS")
    refused(guest.post(RESERVATIONS, world.stay(place, 30, 3)), 409, "NIGHTS_TAKEN")


def test_a_refusal_writes_nothing(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host, maxStay=5)
    before = position(guest.patch(f"/v1/profile/{guest.id}", {"bio": world.unique()}))
    refused(guest.post(RESERVATIONS, world.stay(place, 30, 6)), 409, "STAY_TOO_LONG")
    invalid(guest.post(RESERVATIONS, world.stay(place, guestCount=0)), "guestCount")
    assert position(guest.patch(f"/v1/profile/{guest.id}", {"bio": world.unique()})) <= before + 2
    assert rows(world.root, RESERVATIONS, listingId=place["id"]) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("guestCount", 0),
        ("guestCount", -1),
        ("guestCount", 1.5),
        ("guestCount", "two"),
        ("guestCount", 10**30),
        ("checkIn", "2030-02-30"),
        ("checkIn", "30.6.2030"),
        ("checkIn", 20300601),
        ("checkIn", "9999-12-31T25:00:00Z"),
        ("checkOut", None),
        ("listingId", "x"),
        ("listingId", None),
        ("currency", "XYZ"),
        ("totalPrice", "much"),
        ("totalPrice", 228.001),
        ("colour", "red"),
        ("id", ABSENT),
    ],
)
def test_nonsense_is_400_and_named(world: World, host: Person, guest: Person, field: str, value: Any) -> None:
    invalid(guest.post(RESERVATIONS, world.stay(world.listing(host)) | {field: value}), field)


def test_a_stay_has_at_least_one_night(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    for nights in (0, -1, -400):
        refused(guest.post(RESERVATIONS, world.stay(place, 30, nights)), 400, "INVALID")


def test_a_date_time_is_taken_by_its_date_in_the_listings_zone(world: World, host: Person, guest: Person) -> None:
    tokyo = world.listing(host, location={"lat": 35.68, "lon": 139.69, "timeZone": "Asia/Tokyo"})
    first = date.fromisoformat(world.day(30))
    body = {
        "listingId": tokyo["id"],
        "checkIn": f"{first}T20:00:00Z",  # the next day in Tokyo
        "checkOut": f"{first + timedelta(days=2)}T10:00:00.000Z",
        "guestCount": 1,
    }
    stay = ok(guest.post(RESERVATIONS, body), 201)["reservation"]
    assert (stay["checkIn"], stay["checkOut"]) == (str(first + timedelta(days=1)), str(first + timedelta(days=2)))
