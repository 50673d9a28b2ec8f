"""The nights of a listing: prices, blocks, holds; no night is sold twice."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.e2e.talk import ABSENT, Json, Person, invalid, ok, refused
from tests.e2e.world import World, instant, rows

CALENDARS = "/v1/listingcalendars"


def entry(world: World, listing: Json, ahead: int, **over: Any) -> Json:
    return {"listingId": listing["id"], "date": world.day(ahead), "isAvailable": True} | over


def put(world: World, host: Person, listing: Json, ahead: int, **over: Any) -> Json:
    made: Json = ok(host.post(CALENDARS, entry(world, listing, ahead, **over)), 201)["listingCalendar"]
    return made


def test_a_night_carries_price_and_minimum_stay(world: World, host: Person) -> None:
    place = world.listing(host)
    made = put(world, host, place, 5, priceOverride=55.5, minStay=3)
    assert made["priceOverride"] == 55.5
    assert made["minStay"] == 3
    assert made["isAvailable"] is True
    assert made["date"] == world.day(5)
    assert made["_owner"] == host.id
    assert ok(host.get(f"{CALENDARS}/{made['id']}"))["listingCalendar"] == made


def test_there_is_one_entry_for_a_listing_and_date(world: World, host: Person) -> None:
    place = world.listing(host)
    put(world, host, place, 5)
    refused(host.post(CALENDARS, entry(world, place, 5, isAvailable=False)), 409, "ENTRY_EXISTS")
    put(world, host, world.listing(host), 5)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("priceOverride", 0),
        ("priceOverride", -5),
        ("priceOverride", 1.001),
        ("minStay", 0),
        ("date", "2030-02-30"),
        ("date", "soon"),
        ("date", 5),
        ("isAvailable", "no"),
        ("listingId", "none"),
        ("colour", "red"),
    ],
)
def test_what_is_wrong_is_named(world: World, host: Person, field: str, value: Any) -> None:
    place = world.listing(host)
    invalid(host.post(CALENDARS, entry(world, place, 5) | {field: value}), field)
    assert rows(host, CALENDARS, listingId=place["id"]) == []


def test_required_fields_are_named(world: World, host: Person) -> None:
    for field in ("date", "listingId", "isAvailable"):
        body = entry(world, world.listing(host), 5)
        del body[field]
        invalid(host.post(CALENDARS, body), field)


def test_a_blocked_night_is_not_booked_and_a_freed_one_is(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    block = put(world, host, place, 30, isAvailable=False)
    refused(guest.post("/v1/reservations", world.stay(place, 29, 2)), 409, "NIGHTS_TAKEN")
    world.book(guest, place, 28, 2)
    world.book(guest, place, 31, 1)
    ok(host.patch(f"{CALENDARS}/{block['id']}", {"isAvailable": True}))
    world.book(guest, place, 30, 1)


def test_deleting_an_entry_frees_the_hosts_block(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    block = put(world, host, place, 30, isAvailable=False)
    ok(host.delete(f"{CALENDARS}/{block['id']}"))
    refused(host.get(f"{CALENDARS}/{block['id']}"), 404, "NOT_FOUND")
    world.book(guest, place, 30, 1)


def test_a_held_or_booked_night_is_not_blocked_and_never_freed(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    stay = world.book(guest, place, 30, 2)
    for _ in ("held", "booked"):
        refused(host.post(CALENDARS, entry(world, place, 30, isAvailable=False)), 409, "NIGHTS_TAKEN", "ENTRY_EXISTS")
        shown = rows(host, CALENDARS, listingId=place["id"], sortBy="date", sortOrder="asc")
        assert [row["date"] for row in shown] == [world.day(30), world.day(31)]
        assert all(row["isAvailable"] is False for row in shown)
        assert all(row["bookedBy"] == stay["id"] for row in shown)
        world.pay(guest, stay) if stay["bookingStatus"] == "pending" else None
        stay = world.see(guest, stay)
    night = rows(host, CALENDARS, listingId=place["id"], date=world.day(30))[0]
    host.patch(f"{CALENDARS}/{night['id']}", {"isAvailable": True})
    host.delete(f"{CALENDARS}/{night['id']}")
    refused(world.person().post("/v1/reservations", world.stay(place, 30, 1)), 409, "NIGHTS_TAKEN")
    assert world.see(guest, stay)["bookingStatus"] == "confirmed"


def test_a_price_may_change_on_a_booked_night_and_touches_no_reservation(
    world: World, host: Person, guest: Person
) -> None:
    place = world.listing(host)
    stay = world.confirmed(guest, place, 30, 2)
    own = put(world, host, place, 30, priceOverride=500, minStay=4)
    assert own["priceOverride"] == 500
    assert world.see(guest, stay) == stay
    shown = rows(host, CALENDARS, listingId=place["id"], date=world.day(30))
    assert len(shown) == 1, "a host's own entry on a booked night is not a second"
    assert (shown[0]["isAvailable"], shown[0]["bookedBy"], shown[0]["priceOverride"]) == (False, stay["id"], 500)
    refused(host.post(CALENDARS, entry(world, place, 30)), 409, "ENTRY_EXISTS")
    world.cancel(guest, stay)
    freed = rows(host, CALENDARS, listingId=place["id"])
    assert [(row["date"], row["isAvailable"], row["bookedBy"], row["priceOverride"]) for row in freed] == [
        (world.day(30), True, None, 500)
    ]


def test_a_range_is_one_command_written_whole(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    body = entry(world, place, 10, dateTo=world.day(14), isAvailable=False)
    made = ok(host.post(CALENDARS, body), 201)
    assert made["dataName"] == "listingCalendars"
    assert [row["date"] for row in made["listingCalendars"]] == [world.day(n) for n in (10, 11, 12, 13)]
    assert made["rowCount"] == 4
    world.book(guest, place, 14, 1)
    refused(guest.post("/v1/reservations", world.stay(place, 13, 1)), 409, "NIGHTS_TAKEN")


def test_a_range_is_written_whole_or_not_at_all(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    world.book(guest, place, 22, 1)
    put(world, host, place, 40)
    for first, last in ((20, 25), (38, 42)):
        body = entry(world, place, first, dateTo=world.day(last), isAvailable=False)
        refused(host.post(CALENDARS, body), 409, "NIGHTS_TAKEN", "ENTRY_EXISTS")
    assert {row["date"] for row in rows(host, CALENDARS, listingId=place["id"])} == {world.day(22), world.day(40)}


def test_a_range_has_at_most_731_entries(world: World, host: Person) -> None:
    place = world.listing(host)
    for days in (0, -1, 732):
        invalid(host.post(CALENDARS, entry(world, place, 10, dateTo=world.day(10 + days), priceOverride=9)), "dateTo")
    assert rows(host, CALENDARS, listingId=place["id"]) == []
    body = ok(host.post(CALENDARS, entry(world, place, 10, dateTo=world.day(741), priceOverride=9)), 201)
    assert len(body["listingCalendars"]) == 731


def test_back_to_back_stays_are_allowed(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    world.book(guest, place, 30, 2)
    world.book(guest, place, 32, 2)
    world.book(guest, place, 28, 2)
    for ahead, nights in ((29, 2), (31, 1), (31, 2), (27, 10)):
        refused(guest.post("/v1/reservations", world.stay(place, ahead, nights)), 409, "NIGHTS_TAKEN")


def test_a_stay_over_a_months_end_takes_its_nights_in_both(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    first = (world.today().replace(day=1) + timedelta(days=70)).replace(day=1)
    stay = {
        "listingId": place["id"],
        "checkIn": str(first - timedelta(days=2)),
        "checkOut": str(first + timedelta(days=2)),
        "guestCount": 1,
    }
    ok(guest.post("/v1/reservations", stay), 201)
    for day in range(-2, 2):
        one = stay | {"checkIn": str(first + timedelta(days=day)), "checkOut": str(first + timedelta(days=day + 1))}
        refused(guest.post("/v1/reservations", one), 409, "NIGHTS_TAKEN")
    ok(
        guest.post(
            "/v1/reservations", stay | {"checkIn": stay["checkOut"], "checkOut": str(first + timedelta(days=3))}
        ),
        201,
    )


def test_a_long_stay_over_many_months_is_one_claim(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    stay = world.book(guest, place, 10, 300)
    refused(guest.post("/v1/reservations", world.stay(place, 200, 1)), 409, "NIGHTS_TAKEN")
    world.cancel(guest, stay)
    world.book(guest, place, 200, 1)


def test_who_sees_a_calendar_and_what_of_it(
    world: World, host: Person, guest: Person, stranger: Person, moderator: Person
) -> None:
    """As the listing; who booked, and where calendars are imported from, is for the host and staff."""
    place = world.listing(host)
    stay = world.book(guest, place, 30, 1)
    made = put(world, host, place, 5, iCalUrl="https://x.example/cal.ics", externalCalendarIds=["a", "b"])
    for caller in (world.nobody, stranger, guest):
        shown = rows(caller, CALENDARS, listingId=place["id"])
        assert len(shown) == 2
        for row in shown:
            assert not {"bookedBy", "iCalUrl", "externalCalendarIds"} & {name for name, value in row.items() if value}
        assert stay["id"] not in str(shown)
    for staff in (host, moderator, world.root):
        shown = rows(staff, CALENDARS, listingId=place["id"], date=world.day(5))
        assert (shown[0]["iCalUrl"], shown[0]["externalCalendarIds"]) == ("https://x.example/cal.ics", ["a", "b"])
    ok(host.patch(f"/v1/listings/{place['id']}", {"isPublished": False}))
    refused(stranger.get(f"{CALENDARS}/{made['id']}"), 404, "NOT_FOUND")
    assert ok(stranger.get(CALENDARS, listingId=place["id"]))["paging"]["totalRowCount"] == 0


def test_only_host_and_admin_change_a_calendar(
    world: World, host: Person, stranger: Person, moderator: Person, admin: Person
) -> None:
    place, hidden = world.listing(host), world.listing(host, isPublished=False)
    refused(world.nobody.post(CALENDARS, entry(world, place, 5)), 401)
    for caller in (stranger, moderator):
        refused(caller.post(CALENDARS, entry(world, place, 5)), 403, "FORBIDDEN")
    refused(stranger.post(CALENDARS, entry(world, hidden, 5)), 404, "NOT_FOUND")
    refused(host.post(CALENDARS, entry(world, place, 5, listingId=ABSENT)), 404, "NOT_FOUND")
    made = put(world, admin, place, 5)
    refused(stranger.patch(f"{CALENDARS}/{made['id']}", {"minStay": 2}), 403, "FORBIDDEN")
    refused(stranger.delete(f"{CALENDARS}/{made['id']}"), 403, "FORBIDDEN")
    ok(host.patch(f"{CALENDARS}/{made['id']}", {"minStay": 2}))


def test_bookedby_may_be_sent_and_is_not_looked_at(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    assert put(world, host, place, 5, bookedBy=guest.id)["bookedBy"] is None


def test_a_date_time_is_taken_by_its_date_at_the_listing(world: World, host: Person) -> None:
    tokyo = world.listing(host, location={"lat": 35.68, "lon": 139.69, "timeZone": "Asia/Tokyo"})
    day = world.day(20)
    made = ok(host.post(CALENDARS, {"listingId": tokyo["id"], "date": f"{day}T20:00:00Z", "isAvailable": False}), 201)
    assert made["listingCalendar"]["date"] == str(date.fromisoformat(day) + timedelta(days=1))


def test_a_calendar_entry_changes_field_by_field(world: World, host: Person) -> None:
    place = world.listing(host)
    made = put(world, host, place, 5, priceOverride=10, minStay=2)
    path = f"{CALENDARS}/{made['id']}"
    changed = ok(host.patch(path, {"priceOverride": None}))["listingCalendar"]
    assert (changed["priceOverride"], changed["minStay"], changed["recordVersion"]) == (None, 2, 2)
    refused(host.patch(path, {"minStay": 3, "recordVersion": 1}), 409, "STALE_VERSION")
    same = ok(host.patch(path, {"minStay": 2}))["listingCalendar"]
    assert same["recordVersion"] == 2


def test_nights_are_listed_as_taken_no_longer_than_they_are(world: World, host: Person, guest: Person) -> None:
    """A hold that ran out is gone from the calendar."""
    place = world.listing(host)
    stay = world.book(guest, place, 30, 3)
    assert len(rows(host, CALENDARS, listingId=place["id"])) == 3
    world.travel(instant(stay["holdExpiresAt"][:10], stay["holdExpiresAt"][11:23]))
    assert rows(host, CALENDARS, listingId=place["id"]) == []
    assert world.see(guest, stay)["cancelledBy"] == "expired"
