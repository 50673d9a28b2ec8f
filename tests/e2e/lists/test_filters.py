"""Paging, sorting and filtering of lists."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.e2e.talk import Json, Person, invalid, ok, refused, told
from tests.e2e.world import World, rows


@pytest.fixture(scope="module")
def word(world: World) -> str:
    return world.unique("lists")


@pytest.fixture(scope="module")
def places(world: World, host: Person, word: str) -> list[Json]:
    """Five places, from the cheapest to the dearest, one of them hidden."""
    world.morning()
    kinds = ("apartment", "house", "villa", "room", "loft")
    return [
        world.listing(
            host,
            title=f"{word} No {n}",
            address=f"{word} street {n}",
            propertyType=kind,
            pricePerNight=n * 10 + 0.5,
            currency="EUR" if n % 2 else "USD",
            isPublished=n != 5,
        )
        for n, kind in enumerate(kinds, start=1)
    ]


def numbers(found: list[Json], places: list[Json]) -> list[int]:
    """Which of the places were found, by number."""
    ids = [place["id"] for place in places]
    return [ids.index(row["id"]) + 1 for row in found]


@pytest.fixture(scope="module")
def find(places: list[Json], host: Person, word: str) -> Any:
    def found(**params: Any) -> list[int]:
        return numbers(
            rows(host, "/v1/listings", **({"title": word, "sortBy": "pricePerNight", "sortOrder": "asc"} | params)),
            places,
        )

    return found


# Paging


def test_pages_cover_everything_once(places: list[Json], host: Person, word: str) -> None:
    seen: list[str] = []
    for page in (1, 2, 3):
        body = ok(host.get("/v1/listings", title=word, pageRowCount=2, pageNumber=page))
        assert body["paging"] == {"pageNumber": page, "pageRowCount": 2, "totalRowCount": 5, "pageCount": 3}
        assert body["rowCount"] == len(body["listings"])
        seen += [row["id"] for row in body["listings"]]
    assert sorted(seen) == sorted(place["id"] for place in places)


def test_past_the_end_is_an_empty_list(places: list[Json], host: Person, word: str) -> None:
    body = ok(host.get("/v1/listings", title=word, pageNumber=7))
    assert body["listings"] == []
    assert body["rowCount"] == 0
    assert body["paging"]["totalRowCount"] == 5


def test_by_default_there_are_25_rows_from_page_1(host: Person) -> None:
    paging = ok(host.get("/v1/listings"))["paging"]
    assert (paging["pageNumber"], paging["pageRowCount"]) == (1, 25)


def test_page_0_is_everything_for_who_is_logged_in(
    world: World, places: list[Json], host: Person, stranger: Person, word: str
) -> None:
    assert len(rows(host, "/v1/listings", title=word, pageNumber=0)) == 5
    assert len(rows(stranger, "/v1/listings", title=word, pageNumber=0, pageRowCount=2)) == 4
    refused(world.nobody.get("/v1/listings", title=word, pageNumber=0), 401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "params",
    [
        {"pageNumber": -1},
        {"pageNumber": "x"},
        {"pageNumber": 1.5},
        {"pageNumber": ""},
        {"pageNumber": "9" * 30},
        {"pageRowCount": 0},
        {"pageRowCount": 1001},
        {"pageRowCount": -5},
        {"pageRowCount": "many"},
        {"sortBy": "nothing"},
        {"sortBy": "password"},
        {"sortOrder": "sideways"},
        {"unheardOf": 1},
    ],
)
def test_what_no_list_understands_is_refused(host: Person, params: Json) -> None:
    answer = host.get("/v1/listings", **params)
    # A page number with thirty digits is either not a number we take or a page past the end.
    if params == {"pageNumber": "9" * 30} and answer.status_code == 200:
        assert answer.json()["listings"] == []
        return
    invalid(answer, next(iter(params)))


def test_a_thousand_rows_may_be_asked_for(host: Person) -> None:
    ok(host.get("/v1/listings", pageRowCount=1000))
    ok(host.get("/v1/listings", pageRowCount=1))


# Sorting


def test_the_newest_come_first_by_default(places: list[Json], host: Person, word: str) -> None:
    found = rows(host, "/v1/listings", title=word)
    assert [row["createdAt"] for row in found] == sorted((row["createdAt"] for row in found), reverse=True)


def test_lists_are_sorted_by_any_field_the_caller_sees(find: Any) -> None:
    assert find(sortBy="pricePerNight", sortOrder="asc") == [1, 2, 3, 4, 5]
    assert find(sortBy="pricePerNight", sortOrder="desc") == [5, 4, 3, 2, 1]
    assert find(sortBy="title", sortOrder="asc") == [1, 2, 3, 4, 5]
    assert find(sortBy="title", sortOrder="desc") == [5, 4, 3, 2, 1]


def test_sorting_by_a_field_that_a_caller_does_not_see_is_refused(
    world: World, places: list[Json], host: Person, stranger: Person
) -> None:
    """Or else the order tells nothing of what the field hides: up and down are the same."""
    place = places[0]["id"]
    for ahead, url in ((3, "b"), (4, "d"), (5, "a"), (6, "c")):
        night = {
            "listingId": place,
            "date": world.day(ahead),
            "isAvailable": True,
            "iCalUrl": f"https://x.example/{url}",
        }
        ok(host.post("/v1/listingcalendars", night), 201)
    for caller in (world.nobody, stranger):
        up, down = (
            caller.get("/v1/listingcalendars", listingId=place, sortBy="iCalUrl", sortOrder=order)
            for order in ("asc", "desc")
        )
        if up.is_success:
            assert ok(up)["listingCalendars"] == ok(down)["listingCalendars"]
        else:
            invalid(up, "sortBy")
    seen = rows(host, "/v1/listingcalendars", listingId=place, sortBy="iCalUrl", sortOrder="asc")
    assert [row["date"] for row in seen] == [world.day(ahead) for ahead in (5, 3, 6, 4)]


# Filters


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


# What a caller does not see counts nowhere


def test_what_a_caller_does_not_see_counts_nowhere(
    world: World, places: list[Json], stranger: Person, moderator: Person, word: str
) -> None:
    for caller, total in ((world.nobody, 4), (stranger, 4), (moderator, 5), (world.root, 5)):
        body = ok(caller.get("/v1/listings", title=word))
        assert body["paging"]["totalRowCount"] == total
        assert len(body["listings"]) == total
    for caller in (world.nobody, stranger):
        assert rows(caller, "/v1/listings", title=word, isPublished="false") == []
        assert ok(caller.get("/v1/listings", title=word, pageRowCount=1))["paging"]["pageCount"] == 4


def test_a_list_of_reservations_holds_ones_own_alone(
    world: World, host: Person, guest: Person, stranger: Person
) -> None:
    stay = world.book(guest, world.listing(host))
    for caller, seen in ((guest, 1), (host, 1), (stranger, 0), (world.root, 1)):
        body = ok(caller.get("/v1/reservations", listingId=stay["listingId"]))
        assert body["paging"]["totalRowCount"] == seen, told(caller.get("/v1/reservations"))
    refused(world.nobody.get("/v1/reservations"), 401, "UNAUTHENTICATED")


def test_a_long_list_is_streamed_whole(world: World, host: Person) -> None:
    """Page 0 holds every row, in order, in one valid document."""
    place = world.listing(host)
    first, last = world.day(10), world.day(10 + 700)
    ok(
        host.post(
            "/v1/listingcalendars",
            {"listingId": place["id"], "date": first, "dateTo": last, "isAvailable": True, "priceOverride": 5},
        ),
        201,
    )
    found = rows(host, "/v1/listingcalendars", listingId=place["id"], pageNumber=0, sortBy="date", sortOrder="asc")
    assert len(found) == 700
    assert [row["date"] for row in found] == sorted(row["date"] for row in found)
