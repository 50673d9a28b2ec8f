"""Filters of lists, by the type of what they look at."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.e2e.talk import Json, Person, invalid, ok
from tests.e2e.world import World, rows


def test_a_string_matches_a_part_without_case(find: Any, word: str) -> None:
    assert find(title=f"{word} no 3".upper()) == [3]
    assert find(title=word, address=f"{word} STREET 2") == [2]


def test_a_repeated_string_matches_whole_without_case(find: Any, word: str) -> None:
    assert find(title=[f"{word} NO 1", f"{word} no 4"]) == [1, 4]
    assert find(title=[word, f"{word} no 4"]) == [4], "a part is not enough"


def test_wildcards_are_letters(find: Any, word: str) -> None:
    assert find(title=f"{word[:-1]}%") == []
    assert find(title=f"{word} No _") == []
    assert find(title=f"{word}\\") == []


def test_a_filter_takes_200_values_and_no_more(find: Any, host: Person, word: str) -> None:
    """Each costs the database something."""
    values = [f"{word} no 1", *(f"{word} {n}" for n in range(199))]
    assert find(title=values) == [1]
    invalid(host.get("/v1/listings", title=[*values, "x"]), "title")


def test_different_filters_all_hold(find: Any) -> None:
    assert find(currency="eur", propertyType="villa") == [3]
    assert find(currency="USD", propertyType="villa") == []


def test_an_enum_matches_whole_without_case_and_any_of_several(find: Any) -> None:
    assert find(propertyType="VILLA") == [3]
    assert find(propertyType=["room", "House"]) == [2, 4]


def test_a_boolean_matches(find: Any) -> None:
    assert find(isPublished="true") == [1, 2, 3, 4]
    assert find(isPublished="false") == [5]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("30.5", [3]),
        (["10.5", "50.5"], [1, 5]),
        ("$lt-30.5", [1, 2]),
        ("$lte-30.5", [1, 2, 3]),
        ("$gt-30.5", [4, 5]),
        ("$gte-30.5", [3, 4, 5]),
        ("$btw-20.5-40.5", [2, 3, 4]),
        ("$btw-41-40", []),
        ("null", []),
        ("30", []),
    ],
)
def test_a_number_matches_or_lies_in_a_range(find: Any, value: Any, expected: list[int]) -> None:
    assert find(pricePerNight=value) == expected


def test_null_matches_absent(world: World, host: Person, guest: Person, find: Any) -> None:
    assert find(title=["null"], hostId="null") == []
    stay = world.book(guest, world.listing(host))
    assert [row["id"] for row in rows(guest, "/v1/reservations", listingId=stay["listingId"])] == [stay["id"]]
    assert rows(guest, "/v1/reservations", listingId=stay["listingId"], checkIn="null") == []


def test_an_id_matches_and_any_of_several(world: World, find: Any, host: Person, stranger: Person) -> None:
    assert find(hostId=host.id) == [1, 2, 3, 4, 5]
    assert find(hostId=stranger.id) == []
    assert find(hostId=[stranger.id, host.id]) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "params",
    [
        {"pricePerNight": "cheap"},
        {"pricePerNight": "$lt-cheap"},
        {"pricePerNight": "$foo-3"},
        {"pricePerNight": "$today"},
        {"pricePerNight": "$btw-1"},
        {"pricePerNight": "NaN"},
        {"pricePerNight": "Infinity"},
        {"pricePerNight": ""},
        {"propertyType": "castle"},
        {"isPublished": "maybe"},
        {"hostId": "nobody"},
        {"hostId": "$lt-3"},
    ],
)
def test_a_value_or_operator_of_another_type_is_refused(host: Person, params: Json) -> None:
    invalid(host.get("/v1/listings", **params), next(iter(params)))


@pytest.mark.parametrize("value", ["soon", "$lt-5", "$leq-soon", "$leq-2026-13-01", "$lin-", "$tomorrow", "2026-02-30"])
def test_a_date_that_is_none_is_refused(guest: Person, value: str) -> None:
    invalid(guest.get("/v1/reservations", checkIn=value), "checkIn")


@pytest.fixture(scope="module")
def stays(world: World, host: Person, guest: Person) -> dict[str, Json]:
    """Stays that begin today, tomorrow, in a week, in forty days, on a place of their own."""
    world.morning()
    place = world.listing(host)
    return {str(ahead): world.book(guest, place, ahead, 1) for ahead in (0, 1, 8, 40)}


def test_dates_match_by_day_week_and_month(world: World, stays: dict[str, Json], guest: Person) -> None:
    place = stays["0"]["listingId"]
    today = world.today()

    def found(value: Any) -> set[str]:
        return {row["checkIn"] for row in rows(guest, "/v1/reservations", listingId=place, checkIn=value)}

    begins = {date.fromisoformat(stay["checkIn"]) for stay in stays.values()}
    monday = today - timedelta(days=today.weekday())

    def these(wanted: set[date]) -> set[str]:
        return {day.isoformat() for day in wanted}

    in_week = {day for day in begins if monday <= day < monday + timedelta(days=7)}
    in_month = {day for day in begins if (day.year, day.month) == (today.year, today.month)}
    later = today + timedelta(days=40)
    assert found(today.isoformat()) == these({today})
    assert found("$today") == these({today})
    assert found("$ltoday") == these({today})
    assert found("$week") == these(in_week)
    assert found("$lweek") == these(in_week)
    assert found("$month") == these(in_month)
    assert found(f"$leq-{later}") == these({later})
    assert found(f"$lin-{later.replace(day=1)}") == these(
        {day for day in begins if (day.year, day.month) == (later.year, later.month)}
    )
    assert found([today.isoformat(), later.isoformat()]) == these({today, later})
    assert found("null") == set()


def test_today_at_the_listing_is_by_the_listings_zone(world: World, host: Person, guest: Person) -> None:
    """At Kiritimati it is tomorrow already, for most of a UTC day; in the evening by UTC for sure."""
    world.morning()
    world.advance("PT4H")
    place = world.listing(host, location={"lat": 1.87, "lon": -157.4, "timeZone": "Pacific/Kiritimati"})
    there = world.today("Pacific/Kiritimati")
    assert there == world.today() + timedelta(days=1)
    stay = ok(
        guest.post(
            "/v1/reservations",
            {
                "listingId": place["id"],
                "checkIn": str(there),
                "checkOut": str(there + timedelta(days=1)),
                "guestCount": 1,
            },
        ),
        201,
    )["reservation"]
    assert [row["id"] for row in rows(guest, "/v1/reservations", listingId=place["id"], checkIn="$ltoday")] == [
        stay["id"]
    ]
    assert rows(guest, "/v1/reservations", listingId=place["id"], checkIn="$today") == []


def test_reservations_filter_by_each_field_of_the_reference(world: World, guest: Person, host: Person) -> None:
    stay = world.book(guest, world.listing(host))
    for name in ("listingId", "approvalType", "bookingStatus", "hostId", "guestId", "checkIn", "paymentConfirmation"):
        found = rows(
            guest,
            "/v1/reservations",
            listingId=stay["listingId"],
            **({name: stay[name]} if name != "listingId" else {}),
        )
        assert stay["id"] in [row["id"] for row in found], name
    invalid(guest.get("/v1/reservations", guestCount=1), "guestCount")
