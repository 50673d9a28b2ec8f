"""Pages of lists, their order, and that what a caller does not see counts nowhere."""

from typing import Any

import pytest

from tests.e2e.talk import Json, Person, invalid, ok, refused, told
from tests.e2e.world import World, rows

# Paging


def test_pages_cover_everything_once(places: list[Json], host: Person, word: str) -> None:
    seen: list[str] = []
    for page in (1, 2, 3):
        body = ok(host.get("/v1/listings", title=word, pageRowCount=2, pageNumber=page))
        assert body["paging"] == {"pageNumber": page, "pageRowCount": 2, "totalRowCount": 5, "pageCount": 3}
        assert body["rowCount"] == len(body["listings"])
        seen += [row["id"] for row in body["listings"]]
    assert sorted(seen) == sorted(place["id"] for place in places)


def test_what_stands_beside_the_rows_is_described(world: World, host: Person) -> None:
    listed = ok(world.nobody.get("/openapi.json"))["paths"]["/v1/listings"]["get"]["responses"]["200"]
    described = listed["content"]["application/json"]["schema"]["properties"]
    body = ok(host.get("/v1/listings"))
    assert {"paging", "filters", "uiPermissions"} <= {*described}
    assert {*body["paging"]} == {*described["paging"]["properties"]}


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
    for nought in ("0", "00", "-0"):
        refused(world.nobody.get("/v1/listings", title=word, pageNumber=nought), 401, "UNAUTHENTICATED")


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
