"""The dashboards' service: pages, counts, views, kept filters, and reads of one's own writes."""

from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.search.dashboards import AT, ask, count, ids, leaf, page
from tests.e2e.talk import ABSENT, POSITION, Caller, Json, Person, invalid, ok, position, refused
from tests.e2e.world import LOFT, World

HEAD = ("status", "total", "totalPage", "currentPage", "nextPage", "prevPage", "pageItem")


@pytest.fixture(scope="module")
def owner(world: World) -> Person:
    """Someone whose listings are these alone."""
    return world.person()


@pytest.fixture(scope="module")
def seven(world: World, owner: Person) -> list[Json]:
    """Seven listings, the cheapest first."""
    kinds = ["loft", "apartment", "loft", "house", "loft", "apartment", "loft"]
    return [world.listing(owner, propertyType=kind, pricePerNight=50 + at) for at, kind in enumerate(kinds)]


def of(owner: Person) -> Json:
    """The condition that finds what is theirs."""
    return leaf("hostId", "eq", owner.id)


def test_pages_turn_as_the_reference_has_them(world: World, owner: Person, seven: list[Json]) -> None:
    """Heads of pages count, and are null at the ends."""
    cheap = {"sortBy": "pricePerNight", "sortOrder": "asc", "limit": 3}
    seen = []
    for number, (after, before, rows) in enumerate([(2, None, 3), (3, 1, 3), (None, 2, 1)], 1):
        found = page(world, world.nobody, "listings", of(owner), page=number, **cheap)
        head = [
            found[name] for name in ("status", "total", "totalPage", "currentPage", "nextPage", "prevPage", "pageItem")
        ]
        assert head == ["OK", 7, 3, number, after, before, rows]
        assert found["filters"] == of(owner)
        seen += [item["id"] for item in found["items"]]
    assert seen == [one["id"] for one in seven]
    beyond = page(world, world.nobody, "listing", of(owner), page=9, **cheap)
    assert (beyond["total"], beyond["items"], beyond["nextPage"]) == (7, [], None)


def test_a_cursor_reads_on_behind_a_page(world: World, owner: Person, seven: list[Json]) -> None:
    """To the end, each row once, even as rows come and go before it."""
    asked: Json = {"sortBy": "pricePerNight", "sortOrder": "desc", "limit": 2}
    seen: list[str] = []
    cursor: Json = {}
    for _ in range(5):
        found = page(world, world.nobody, "listing", of(owner), **asked, **cursor)
        seen += [item["id"] for item in found["items"]]
        if found["nextCursor"] is None:
            break
        cursor = {"cursor": found["nextCursor"]}
    assert seen == [one["id"] for one in reversed(seven)]
    other = asked | {"sortOrder": "asc"}
    invalid(ask(world, world.nobody, "listing", of(owner), **other, **cursor), "cursor")


def test_facets_count_all_that_is_found(world: World, owner: Person, seven: list[Json]) -> None:
    """Whatever the page shows of it, the most frequent first."""
    found = page(world, world.nobody, "listing", of(owner), facets="propertyType,currency", limit=1)
    assert found["facets"] == {
        "propertyType": [
            {"value": "loft", "count": 4},
            {"value": "apartment", "count": 2},
            {"value": "house", "count": 1},
        ],
        "currency": [{"value": "EUR", "count": 7}],
    }
    assert len(seven) == 7


def test_a_count_of_nothing_is_nought(world: World, owner: Person, seven: list[Json]) -> None:
    """Not an error; GET and POST alike."""
    assert count(world, world.nobody, "listing", leaf("hostId", "eq", ABSENT)) == 0
    assert count(world, world.nobody, "listing", of(owner)) == len(seven)
    word = f"w{uuid4().hex}"
    assert ok(world.nobody.get(f"{AT}/listing/count", q=word))["count"] == 0


def test_a_range_takes_dates_and_words_go_without_a_filter(world: World, host: Person) -> None:
    """A date is all of its day."""
    word = f"w{uuid4().hex}"
    made = world.listing(host, title=f"Barn {word}")
    today = world.day(0)
    for bounds, there in (({"gte": today, "lte": today}, 1), ({"gt": today}, 0), ({"lt": today}, 0)):
        both = [leaf("title", "match", word), leaf("createdAt", "range", bounds)]
        assert count(world, world.nobody, "listing", both) == there, bounds
    assert [item["id"] for item in ok(world.nobody.get(f"{AT}/listing/list", q=word))["items"]] == [made["id"]]


def test_views_show_what_is_joined(world: World) -> None:
    """A stay with its listing, parties and payments; each view got as it is listed."""
    host, guest = world.person(), world.person()
    place = world.listing(host)
    stay = world.confirmed(guest, place)
    mine = leaf("id", "eq", stay["id"])
    item = page(world, guest, "ReservationDetailView", mine)["items"][0]
    assert (item["listing"]["id"], item["guest"]["id"], item["host"]["id"]) == (place["id"], guest.id, host.id)
    assert [one["reservationId"] for one in item["payments"]] == [stay["id"]]
    assert "email" not in item["host"]
    assert ok(guest.get(f"{AT}/ReservationDetailView/{stay['id']}"))["item"] == item
    listed = ok(guest.get(f"{AT}/BookingListView", limit=5))
    assert [(one["id"], one["listing"]["title"]) for one in listed["items"]] == [(stay["id"], place["title"])]
    assert ok(guest.get(f"{AT}/BookingListView/{stay['id']}"))["item"] == listed["items"][0]
    record = ok(guest.get(f"{AT}/PaymentRecordView"))["items"][0]
    assert (record["reservation"]["id"], record["listing"]["id"]) == (stay["id"], place["id"])
    invalid(guest.get(f"{AT}/BookingListView/x"), "id")
    refused(guest.get(f"{AT}/BookingListView/{ABSENT}"), 404, "NOT_FOUND")


def test_a_reader_sees_their_own_write_at_once(world: World) -> None:
    """By their session alone; another does by the position that the writer was told."""
    host = world.person()
    for _ in range(3):
        made = host.post("/v1/listings", _loft())
        title = leaf("title", "eq", made.json()["listing"]["title"])
        found = host.ask("POST", f"{AT}/listing/count", json={"filters": title})
        assert ok(found)["count"] == 1
        headers = {POSITION: str(position(made))}
        assert ok(world.nobody.ask("POST", f"{AT}/listing/count", headers, json={"filters": title}))["count"] == 1
    refused(world.nobody.get(f"{AT}/listing/list", {POSITION: "9" * 15}), 400, "INVALID")


def _loft() -> Json:
    return LOFT | {"title": f"Loft {uuid4().hex}"}


def save(caller: Caller, index: str, name: str, conditions: Any) -> Any:
    return caller.post(f"{AT}/{index}/filters", {"filterName": name, "conditions": conditions})


def test_kept_filters_are_their_owners(world: World, owner: Person, seven: list[Json]) -> None:
    """Found, used by name or id, and forgotten by them alone; others, and staff, are told of nothing."""
    other = world.person()
    lofts = [of(owner), leaf("propertyType", "eq", "loft")]
    kept = ok(save(owner, "listings", "My lofts", lofts), 201)["savedFilter"]
    at = f"{AT}/listing/filters"
    refused(save(owner, "listing", "My lofts", {}), 409, "ENTRY_EXISTS")
    theirs = ok(save(other, "listing", "My lofts", {}), 201)["savedFilter"]
    ok(save(owner, "review", "My lofts", {}), 201)
    assert [one["id"] for one in ok(owner.get(at))["savedFilters"]] == [kept["id"]]
    assert ok(owner.get(at))["savedFilters"][0]["conditions"] == {"operator": "and", "conditions": lofts}
    assert [one["id"] for one in ok(other.get(at))["savedFilters"]] == [theirs["id"]]
    assert ok(world.root.get(at))["savedFilters"] == []
    refused(world.nobody.get(at), 401)
    refused(save(world.nobody, "listing", "x", {}), 401)
    for named in ("My lofts", kept["id"]):
        assert count(world, owner, "listing", savedFilter=named) == 4
        dear = leaf("pricePerNight", "range", {"gt": 52})
        assert ids(world, owner, "listing", dear, savedFilter=named) == [seven[6]["id"], seven[4]["id"]]
    for caller in (other, world.root, world.nobody):
        refused(ask(world, caller, "listing", savedFilter=kept["id"]), 404)
        refused(caller.delete(f"{at}/{kept['id']}"), 401 if caller is world.nobody else 404)
    refused(owner.delete(f"{AT}/review/filters/{kept['id']}"), 404)
    ok(owner.delete(f"{at}/{kept['id']}"))
    assert ok(owner.get(at))["savedFilters"] == []
    refused(owner.delete(f"{at}/{kept['id']}"), 404)
    ok(save(owner, "listing", "My lofts", lofts), 201)


def test_conditions_are_checked_when_they_are_kept(owner: Person) -> None:
    """What could not be asked is not kept."""
    invalid(save(owner, "listing", "Odd", leaf("colour", "eq", "red")), "colour")
    invalid(save(owner, "listing", "", {}), "filterName")
    invalid(save(owner, "listing", "x" * 101, {}), "filterName")
    refused(save(owner, "quote", "x", {}), 404)
    one = {"field": "isPublished", "operator": "exists"}
    most = [one] * 999
    ok(save(owner, "listing", "Much", most), 201)
    ok(owner.get(f"{AT}/listing/count", savedFilter="Much"))
    invalid(save(owner, "listing", "Too much", [*most, one]), "filters")
