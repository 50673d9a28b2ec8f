"""Searches of dashboards tell nobody of what is not theirs: by rows, counts, facets, order, words or refusals."""

import re
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.reviews.reviewing import review
from tests.e2e.search.dashboards import AT, ask, count, fields, ids, leaf, page
from tests.e2e.talk import ABSENT, Caller, Json, invalid, ok, refused
from tests.e2e.world import World

NOISE = ("elapsedMs", "requestId", "date", "filters")
"""What differs between any two answers, and what was asked."""


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """A server of its own: what is compared here nobody else changes."""
    return own_world


def told_of(world: World, caller: Caller, index: str, questions: list[tuple[Any, Json]]) -> list[Any]:
    """All that the caller is told of an index: pages, counts, facets."""
    seen = []
    for filters, params in questions:
        for what in ("list", "count"):
            answer = ask(world, caller, index, filters, what, **(params if what == "list" else {}))
            body = answer.json()
            seen.append((answer.status_code, {name: body[name] for name in body if name not in NOISE}))
    return seen


def test_a_sealed_review_leaks_by_no_search(world: World) -> None:
    """Neither the other party nor a stranger can tell a world with a sealed review from one without."""
    host, guest, stranger = world.person(), world.person(), world.person()
    stay = world.completed(guest, host)
    secret = "zanzibarlike"
    questions: list[tuple[Any, Json]] = [
        (None, {}),
        (None, {"sortBy": "rating", "facets": "revieweeType,isPublished"}),
        (None, {"q": secret}),
        (leaf("rating", "range", {"lte": 1}), {}),
        ({"operator": "not", "condition": leaf("rating", "eq", 5)}, {}),
        (leaf("reviewerId", "eq", guest.id), {}),
        (leaf("reviewText", "match", secret), {}),
        (leaf("reviewText", "wildcard", f"*{secret}*"), {}),
        ({"field": "blindSubmissionCode", "operator": "missing"}, {}),
    ]
    stays = [(leaf("id", "eq", stay["id"]), {"q": secret}), (None, {"q": secret})]
    places = [(None, {"q": secret}), (leaf("hostId", "eq", host.id), {})]
    callers: dict[str, Caller] = {"nobody": world.nobody, "stranger": stranger, "host": host}

    def all_told() -> dict[str, Any]:
        told = {}
        for name, caller in callers.items():
            for index in ("review", "ReviewDisplayView"):
                told[f"{name} {index}"] = told_of(world, caller, index, questions)
            told[f"{name} ReservationDetailView"] = told_of(world, caller, "ReservationDetailView", stays)
            told[f"{name} ListingDetailView"] = told_of(world, caller, "ListingDetailView", places)
        return told

    before = all_told()
    made = review(guest, stay, "listing", 1, text=f"Awful {secret}")
    after = all_told()
    assert secret not in str(after)
    assert made["id"] not in str(after)
    assert after == before
    for caller in callers.values():
        for index in ("review", "ReviewDisplayView"):
            answer = caller.get(f"{AT}/{index}/{made['id']}")
            refused(answer, 404, "NOT_FOUND")
    assert ids(world, guest, "ReviewDisplayView", leaf("reviewText", "match", secret)) == [made["id"]]
    shown = page(world, guest, "ReservationDetailView", leaf("id", "eq", stay["id"]))["items"][0]
    assert [one["id"] for one in shown["reviews"]] == [made["id"]]
    other = page(world, host, "ReservationDetailView", leaf("id", "eq", stay["id"]))["items"][0]
    assert other["reviews"] == []


def test_other_peoples_bookings_are_in_no_row_count_or_facet(world: World) -> None:
    """A stranger counts none of a stay that its guest and host find, whatever they look by."""
    host, guest, stranger = world.person(), world.person(), world.person()
    word = f"w{uuid4().hex}"
    place = world.listing(host, title=f"Tower {word}")
    stay = world.book(guest, place)
    asks: list[tuple[Any, Json]] = [
        (leaf("id", "eq", stay["id"]), {}),
        (leaf("listing.title", "match", word), {}),
        (leaf("guest.fullname", "eq", ok(guest.get(f"/v1/users/{guest.id}"))["user"]["fullname"]), {}),
        (leaf("guestId", "eq", guest.id), {}),
        (None, {"q": word}),
    ]
    for index in ("reservation", "BookingListView", "ReservationDetailView"):
        for filters, params in asks:
            if index == "reservation" and ("q" in params or "." in str(filters and filters["field"])):
                continue
            for party in (guest, host):
                assert ids(world, party, index, filters, **params) == [stay["id"]], (index, filters)
                assert count(world, party, index, filters, **params) == 1
            found = page(world, stranger, index, filters, **params, facets="bookingStatus")
            assert (found["total"], found["items"], found["facets"]) == (0, [], {"bookingStatus": []}), (index, filters)
            assert count(world, stranger, index, filters, **params) == 0
        refused(stranger.get(f"{AT}/{index}/{stay['id']}"), 404, "NOT_FOUND")
        real, unreal = (stranger.get(f"{AT}/{index}/{one}").json() for one in (stay["id"], ABSENT))
        assert (real["message"], real["errCode"]) == (unreal["message"], unreal["errCode"])


def test_an_unpublished_listing_is_found_by_its_host_and_staff_alone(world: World) -> None:
    """Nor do joined fields of other indexes tell of it."""
    host, guest, stranger = world.person(), world.person(), world.person()
    word = f"w{uuid4().hex}"
    place = world.listing(host, title=f"Cave {word}", description=f"Deep {word}")
    stay = world.book(guest, place)
    ok(host.patch(f"/v1/listings/{place['id']}", {"isPublished": False}))
    by_title = leaf("title", "match", word)
    for index in ("listing", "ListingDetailView"):
        for caller in (world.nobody, stranger, guest):
            for filters, params in ((by_title, {}), (leaf("id", "eq", place["id"]), {}), (None, {"q": word})):
                found = page(world, caller, index, filters, **params, facets="propertyType")
                assert (found["total"], found["facets"]) == (0, {"propertyType": []}), index
                assert count(world, caller, index, filters, **params) == 0
            refused(caller.get(f"{AT}/{index}/{place['id']}"), 404, "NOT_FOUND")
        for caller in (host, world.root):
            assert ids(world, caller, index, by_title) == [place["id"]]
    assert ids(world, host, "BookingListView", leaf("listing.title", "match", word)) == [stay["id"]]
    assert ids(world, guest, "BookingListView", leaf("listing.title", "match", word)) == []
    assert ids(world, host, "BookingListView", None, q=word) == [stay["id"]]
    assert ids(world, guest, "BookingListView", None, q=word) == []
    row = page(world, guest, "BookingListView", leaf("id", "eq", stay["id"]))["items"][0]
    assert row["listing"] is None
    missing = {
        "operator": "and",
        "conditions": [leaf("id", "eq", stay["id"]), {"field": "listing.title", "operator": "missing"}],
    }
    assert ids(world, guest, "BookingListView", missing) == [stay["id"]]
    assert ids(world, host, "BookingListView", missing) == []


@pytest.mark.parametrize("field", ["recordVersion", "isActive", "createdAt", "updatedAt"])
def test_people_are_asked_about_no_further_than_they_are_shown(world: World, field: str) -> None:
    """What changes with a password or a profile would tell of them."""
    host, stranger = world.person(), world.person()
    place = world.listing(host)
    row = page(world, stranger, "ListingDetailView", leaf("id", "eq", place["id"]))["items"][0]
    assert set(row["host"]) == {"id", "fullname", "avatar"}
    for caller in (stranger, host, world.root):
        for told in (
            ask(world, caller, "ListingDetailView", {"field": f"host.{field}", "operator": "exists"}, "list"),
            ask(world, caller, "ListingDetailView", None, "list", sortBy=f"host.{field}"),
            ask(world, caller, "ReviewDisplayView", {"field": f"reviewer.{field}", "operator": "exists"}, "count"),
        ):
            refused(told, 400, "INVALID")


def test_a_field_that_one_never_sees_is_unknown_to_them(world: World) -> None:
    """As a filter, an order or a facet it is refused as a name that nothing has, and the schema leaves it out."""
    stranger = world.person()
    for index in ("review", "ReviewDisplayView"):
        hidden = fields(world.root, index).keys() - fields(world.nobody, index).keys()
        for name in hidden | {"noSuchField"}:
            one = ask(world, world.nobody, index, leaf(name, "eq", "x"))
            invalid(one, name)
            rule = re.sub(re.escape(name), "…", str(one.json()["detail"]))
            other = ask(world, world.nobody, index, leaf("noSuchOther", "eq", "x")).json()["detail"]
            assert rule == str(other).replace("noSuchOther", "…")
            invalid(ask(world, world.nobody, index, sortBy=name), "sortBy")
            invalid(ask(world, world.nobody, index, facets=name), "facets")
    for index in ("reservation", "BookingListView", "listing", "ListingDetailView"):
        names = fields(stranger, index)
        for name in names:
            assert not name.lower().endswith(("password", "passwordhash", "secret")), name


def test_the_nights_of_a_calendar_do_not_tell_who_booked_them(world: World) -> None:
    """`bookedBy` is the host's: a guest neither finds nights by it nor counts, sorts or facets by it."""
    host, guest, stranger = world.person(), world.person(), world.person()
    place = world.listing(host)
    stay = world.confirmed(guest, place)
    mine = [leaf("listingId", "eq", place["id"]), leaf("bookedBy", "eq", stay["id"])]
    assert count(world, host, "listingCalendar", mine) == 2
    found = page(world, host, "listingCalendar", mine, facets="bookedBy")
    assert found["facets"]["bookedBy"] == [{"value": stay["id"], "count": 2}]
    here = leaf("listingId", "eq", place["id"])
    orders = []
    for caller in (world.nobody, stranger):
        if "bookedBy" not in fields(caller, "listingCalendar"):
            invalid(ask(world, caller, "listingCalendar", mine), "bookedBy")
            continue
        assert count(world, caller, "listingCalendar", mine) == 0
        nots = [here, {"operator": "not", "condition": mine[1]}]
        assert count(world, caller, "listingCalendar", nots) == 2
        assert page(world, caller, "listingCalendar", here, facets="bookedBy")["facets"]["bookedBy"] == []
        orders.append(
            [ids(world, caller, "listingCalendar", here, sortBy="bookedBy", sortOrder=way) for way in ("asc", "desc")]
        )
    assert all(up == down for up, down in orders), "nothing to sort by, so the ids decide, whichever way"
    assert stay["id"] not in str([page(world, caller, "listingCalendar", here) for caller in (world.nobody, stranger)])


def test_a_conversation_is_its_parties_own(world: World) -> None:
    """No word of it, and no count, goes to others by index or view."""
    host, guest, stranger = world.person(), world.person(), world.person()
    place = world.listing(host)
    thread = ok(guest.post("/v1/messagethreads", {"listingId": place["id"]}), 201)["messageThread"]
    word = f"w{uuid4().hex}"
    said = ok(guest.post("/v1/messages", {"threadId": thread["id"], "content": f"Hello {word}"}), 201)["message"]
    for index in ("messageThread", "MessageThreadView", "chatContext"):
        for party in (guest, host):
            assert ids(world, party, index, leaf("id", "eq", thread["id"])) == [thread["id"]]
        assert count(world, stranger, index, leaf("id", "eq", thread["id"])) == 0
        refused(stranger.get(f"{AT}/{index}/{thread['id']}"), 404, "NOT_FOUND")
    assert ids(world, host, "message", None, q=word) == [said["id"]]
    assert count(world, stranger, "message", None, q=word) == 0
    assert count(world, stranger, "message", leaf("content", "prefix", "hello")) == 0
    shown = page(world, host, "MessageThreadView", leaf("id", "eq", thread["id"]))["items"][0]
    assert [one["id"] for one in shown["messages"]] == [said["id"]]
