"""Reviews: double-blind, then published in one step."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.e2e.talk import ABSENT, Caller, Json, Person, invalid, ok, refused, told
from tests.e2e.world import World, instant, rows, wire

REVIEWS, AGGREGATES = "/v1/reviews", "/v1/reviewaggregates"
moment = datetime.fromisoformat


def form(stay: Json, kind: str, rating: Any = 4, text: str = "As told.", **over: Any) -> Json:
    who = {"listing": stay["listingId"], "host": stay["hostId"], "guest": stay["guestId"]}[kind]
    return {
        "reservationId": stay["id"],
        "revieweeType": kind,
        "revieweeId": who,
        "rating": rating,
        "reviewText": text,
    } | over


def review(caller: Caller, stay: Json, kind: str, rating: int = 4, **over: Any) -> Json:
    made: Json = ok(caller.post(REVIEWS, form(stay, kind, rating, **over)), 201)["review"]
    return made


def aggregate(caller: Caller, reviewee: str) -> Json | None:
    """What is known of someone or something reviewed."""
    found = rows(caller, AGGREGATES, revieweeId=reviewee)
    assert len(found) <= 1
    return found[0] if found else None


@pytest.fixture
def hosting(world: World) -> Person:
    """A host of whom nobody has said anything yet."""
    return world.person()


@pytest.fixture
def staying(world: World) -> Person:
    return world.person()


@pytest.fixture
def stay(world: World, hosting: Person, staying: Person) -> Json:
    """A stay that is over."""
    return world.completed(staying, hosting)


# Writing


def test_the_guest_reviews_listing_and_host_and_the_host_the_guest(
    hosting: Person, staying: Person, stay: Json
) -> None:
    made = [review(staying, stay, "listing"), review(staying, stay, "host"), review(hosting, stay, "guest")]
    for written, author in zip(made, (staying, staying, hosting), strict=True):
        assert written["reviewerId"] == author.id
        assert written["_owner"] == author.id
        assert written["submittedAt"] is not None
        assert written["moderationStatus"] == "approved"
        assert written["rating"] == 4


def test_what_the_server_decides_may_be_sent_and_is_not_looked_at(staying: Person, stay: Json) -> None:
    sent = {
        "moderationStatus": "rejected",
        "isPublished": True,
        "reviewerId": stay["hostId"],
        "submittedAt": "2020-01-01T00:00:00.000Z",
    }
    made = review(staying, stay, "listing", **sent)
    assert (made["moderationStatus"], made["isPublished"], made["reviewerId"]) == ("approved", False, staying.id)


@pytest.mark.parametrize("rating", [0, 6, -1, 4.5, "five", None, True, 10**20])
def test_a_rating_is_one_to_five(staying: Person, stay: Json, rating: Any) -> None:
    invalid(staying.post(REVIEWS, form(stay, "listing", rating)), "rating")
    assert rows(staying, REVIEWS, reservationId=stay["id"]) == []


def test_once_for_each_reservation_and_reviewee_type(staying: Person, stay: Json) -> None:
    review(staying, stay, "listing")
    refused(staying.post(REVIEWS, form(stay, "listing")), 409, "ALREADY_REVIEWED")


def test_only_the_parties_review_and_each_its_own_side(
    world: World, hosting: Person, staying: Person, stay: Json, stranger: Person, moderator: Person
) -> None:
    refused(world.nobody.post(REVIEWS, form(stay, "listing")), 401)
    refused(stranger.post(REVIEWS, form(stay, "listing")), 404, "NOT_FOUND")
    refused(staying.post(REVIEWS, form(stay, "listing", reservationId=ABSENT)), 404, "NOT_FOUND")
    answer = moderator.post(REVIEWS, form(stay, "listing"))
    assert answer.status_code in {403, 409}, told(answer)  # FORBIDDEN, or NOT_YOUR_STAY
    refused(answer, answer.status_code, "FORBIDDEN", "NOT_YOUR_STAY")
    for caller, kind in ((staying, "guest"), (hosting, "listing"), (hosting, "host")):
        answer = caller.post(REVIEWS, form(stay, kind))
        assert answer.status_code in {403, 409}, told(answer)
        refused(answer, answer.status_code, "NOT_YOUR_STAY", "FORBIDDEN")


def test_the_reviewee_is_the_stays(
    world: World, hosting: Person, staying: Person, stay: Json, stranger: Person
) -> None:
    other = world.listing(hosting)
    refused(staying.post(REVIEWS, form(stay, "listing", revieweeId=other["id"])), 409, "NOT_YOUR_STAY")
    refused(staying.post(REVIEWS, form(stay, "host", revieweeId=stranger.id)), 409, "NOT_YOUR_STAY")
    refused(hosting.post(REVIEWS, form(stay, "guest", revieweeId=hosting.id)), 409, "NOT_YOUR_STAY")


def test_only_a_complete_stay_is_reviewed(world: World, host: Person, guest: Person) -> None:
    stay = world.book(guest, world.listing(host))
    refused(guest.post(REVIEWS, form(stay, "listing")), 409, "STAY_NOT_COMPLETE")
    world.pay(guest, stay)
    refused(guest.post(REVIEWS, form(stay, "listing")), 409, "STAY_NOT_COMPLETE")
    world.cancel(guest, stay)
    refused(guest.post(REVIEWS, form(stay, "listing")), 409, "STAY_NOT_COMPLETE")


def test_the_window_closes_fourteen_days_after_check_out(
    world: World, staying: Person, hosting: Person, stay: Json
) -> None:
    end = instant(stay["checkOut"], "11:00")
    assert moment(stay["reviewsCloseAt"]) == end + timedelta(days=14)
    world.travel(end + timedelta(days=14) - timedelta(seconds=30))
    review(staying, stay, "listing")
    world.travel(end + timedelta(days=14))
    refused(staying.post(REVIEWS, form(stay, "host")), 409, "WINDOW_CLOSED")
    refused(hosting.post(REVIEWS, form(stay, "guest")), 409, "WINDOW_CLOSED")


def test_until_published_an_author_may_edit_and_delete(staying: Person, stay: Json) -> None:
    made = review(staying, stay, "listing", 2)
    path = f"{REVIEWS}/{made['id']}"
    changed = ok(staying.patch(path, {"rating": 5, "reviewText": "On reflection, perfect."}))["review"]
    assert (changed["rating"], changed["reviewText"]) == (5, "On reflection, perfect.")
    invalid(staying.patch(path, {"rating": 6}), "rating")
    ok(staying.delete(path))
    refused(staying.get(path), 404, "NOT_FOUND")
    review(staying, stay, "listing", 3)


# Sealed


SEALED = "Nobody may read this yet"


def snapshot(world: World, callers: dict[str, Caller], hosting: Person, staying: Person, stay: Json) -> dict[str, Any]:
    """All that others can read that might tell of a sealed review."""
    seen: dict[str, Any] = {}
    for name, caller in callers.items():
        asks: list[tuple[str, dict[str, Any]]] = [
            (REVIEWS, {}),
            (REVIEWS, {"reservationId": stay["id"]}),
            (REVIEWS, {"reviewerId": staying.id}),
            (REVIEWS, {"revieweeId": stay["listingId"]}),
            (REVIEWS, {"revieweeId": hosting.id, "revieweeType": "host"}),
            (REVIEWS, {"pageRowCount": 1, "sortBy": "rating"}),
            (AGGREGATES, {}),
            (AGGREGATES, {"revieweeId": stay["listingId"]}),
            (AGGREGATES, {"revieweeId": hosting.id}),
            (AGGREGATES, {"sortBy": "updatedAt"}),
            (f"/v1/listings/{stay['listingId']}", {}),
            ("/v1/listings", {"hostId": hosting.id}),
            (f"/v1/listings/{stay['listingId']}/history", {}),
            (f"/v1/reservations/{stay['id']}", {}),
            (f"/v1/reservations/{stay['id']}/history", {}),
            ("/v1/reservations", {"listingId": stay["listingId"]}),
            (f"/v1/users/{hosting.id}", {}),
            (f"/v1/users/{hosting.id}/history", {}),
            (f"/v1/briefuser/{staying.id}", {}),
            ("/v1/listingcalendars", {"listingId": stay["listingId"]}),
            ("/v1/paymentrecords", {"reservationId": stay["id"]}),
            ("/operators/synchronization", {}),
        ]
        for path, params in asks:
            answer = caller.get(path, **params)
            body = answer.json()
            for noise in ("elapsedMs", "requestId", "date"):
                body.pop(noise, None) if isinstance(body, dict) else None
            seen[f"{name} {path} {params}"] = (answer.status_code, body)
    return seen


def test_until_published_a_review_leaks_nowhere(
    world: World, hosting: Person, staying: Person, stay: Json, stranger: Person
) -> None:
    """Neither its text, nor its rating, nor that there is one: to nobody, a stranger, or the other party."""
    others: dict[str, Caller] = {"nobody": world.nobody, "stranger": stranger, "host": hosting}
    before = snapshot(world, others, hosting, staying, stay)
    made = review(staying, stay, "listing", 1, text=SEALED)
    about_host = review(staying, stay, "host", 1, text=SEALED)
    ok(staying.patch(f"{REVIEWS}/{made['id']}", {"rating": 2}))
    after = snapshot(world, others, hosting, staying, stay)
    for asked, (status, body) in after.items():
        assert SEALED not in str(body), asked
        assert made["id"] not in str(body), asked
        if asked.startswith("host /v1/reservations"):
            body, (_, was) = without_side(body), before[asked]  # noqa: PLW2901 - the one thing parties may learn
            assert body == without_side(was), asked
        else:
            assert (status, body) == before[asked], asked
    assert world.see(hosting, stay)["reviewsLeft"] == {"guest": True, "host": False}
    for name, caller in others.items():
        for written in (made, about_host):
            path = f"{REVIEWS}/{written['id']}"
            for method, tail, body in (
                ("GET", "", None),
                ("GET", "/history", None),
                ("GET", f"?asOf={wire(world.now())}", None),
                ("PATCH", "", {"reviewText": "x"}),
                ("PATCH", "", {"moderationStatus": "approved"}),
                ("DELETE", "", None),
            ):
                real = caller.ask(method, path + tail, json=body)
                unreal = caller.ask(method, f"{REVIEWS}/{ABSENT}{tail}", json=body)
                assert real.status_code == unreal.status_code, f"{name}: {told(real)}"
                assert without_ids(real.json(), written["id"]) == without_ids(unreal.json(), ABSENT), (
                    f"{name}: {told(real)}"
                )


def without_ids(error: Json, own: str) -> str:
    """An error's text, without what differs between any two requests."""
    return str({name: value for name, value in error.items() if name not in {"date", "requestId"}}).replace(own, "…")


def without_side(body: Json) -> str:
    """A reservation as a party sees it, without what they may learn."""
    name = body.get("dataName", "")
    rest = body.get(name)
    for row in rest if isinstance(rest, list) else [rest]:
        if isinstance(row, dict):
            row.pop("reviewsLeft", None)
    return str(body)


def test_one_of_two_reviews_is_not_a_side(world: World, hosting: Person, staying: Person, stay: Json) -> None:
    review(staying, stay, "listing")
    assert world.see(hosting, stay)["reviewsLeft"] == {"guest": False, "host": False}
    review(staying, stay, "host")
    assert world.see(hosting, stay)["reviewsLeft"] == {"guest": True, "host": False}
    assert world.see(staying, stay)["reviewsLeft"] == {"guest": True, "host": False}


def test_the_author_and_staff_see_a_sealed_review(
    world: World, staying: Person, stay: Json, moderator: Person, admin: Person
) -> None:
    made = review(staying, stay, "listing")
    for caller in (staying, moderator, admin):
        assert ok(caller.get(f"{REVIEWS}/{made['id']}"))["review"]["rating"] == 4
        assert [row["id"] for row in rows(caller, REVIEWS, reservationId=stay["id"])] == [made["id"]]
        ok(caller.get(f"{REVIEWS}/{made['id']}/history"))
    assert ok(staying.get(f"{REVIEWS}/{made['id']}"))["review"]["isPublished"] is False
    assert rows(world.nobody, REVIEWS, reservationId=stay["id"]) == []


def test_nobody_publishes_early(world: World, hosting: Person, staying: Person, stay: Json, moderator: Person) -> None:
    made = review(staying, stay, "listing")
    path = f"{REVIEWS}/{made['id']}"
    for caller in (staying, moderator, world.root):
        answer = caller.patch(path, {"isPublished": True})
        assert answer.status_code in {200, 400, 403, 409}, told(answer)
        refused(hosting.get(path), 404, "NOT_FOUND")
    staying.patch(path, {"moderationStatus": "approved"})
    ok(moderator.patch(path, {"moderationStatus": "approved"}))
    refused(world.nobody.get(path), 404, "NOT_FOUND")


# Published


def test_when_both_sides_are_in_all_are_published_in_one_step(
    world: World, hosting: Person, staying: Person, stay: Json, stranger: Person
) -> None:
    made = [review(staying, stay, "listing", 5), review(hosting, stay, "guest", 3)]
    refused(world.nobody.get(f"{REVIEWS}/{made[0]['id']}"), 404, "NOT_FOUND")
    made.append(review(staying, stay, "host", 4))
    for caller in (world.nobody, stranger, hosting, staying):
        found = rows(caller, REVIEWS, reservationId=stay["id"])
        assert {row["id"] for row in found} == {row["id"] for row in made}
        assert all(row["isPublished"] for row in found)
    for written, author in zip(made, (staying, hosting, staying), strict=True):
        path = f"{REVIEWS}/{written['id']}"
        refused(author.patch(path, {"reviewText": "No!"}), 409, "REVIEW_PUBLISHED")
        refused(author.patch(path, {"rating": 1}), 409, "REVIEW_PUBLISHED")
        refused(author.delete(path), 409, "REVIEW_PUBLISHED")
        refused(stranger.patch(path, {"reviewText": "x"}), 403, "FORBIDDEN")
        refused(stranger.delete(path), 403, "FORBIDDEN")
    seen = aggregate(world.nobody, stay["listingId"])
    assert seen is not None
    assert (seen["averageRating"], seen["reviewCount"], seen["visibilityStatus"], seen["revieweeType"]) == (
        5,
        1,
        "public",
        "listing",
    )
    assert ok(world.nobody.get(f"{AGGREGATES}/{seen['id']}"))["reviewAggregate"] == seen


def test_publishing_ends_the_window_for_everyone(hosting: Person, staying: Person, stay: Json) -> None:
    review(hosting, stay, "guest")
    review(staying, stay, "listing")
    review(staying, stay, "host")
    answer = staying.post(REVIEWS, form(stay, "listing"))
    refused(answer, 409, "ALREADY_REVIEWED", "WINDOW_CLOSED", "REVIEW_PUBLISHED")


def test_when_the_window_closes_what_there_is_is_published(
    world: World, hosting: Person, staying: Person, stay: Json
) -> None:
    made = review(staying, stay, "listing", 2)
    world.travel(moment(stay["reviewsCloseAt"]) - timedelta(seconds=30))
    refused(world.nobody.get(f"{REVIEWS}/{made['id']}"), 404, "NOT_FOUND")
    world.travel(moment(stay["reviewsCloseAt"]))
    assert ok(world.nobody.get(f"{REVIEWS}/{made['id']}"))["review"]["isPublished"] is True
    seen = aggregate(world.nobody, stay["listingId"])
    assert seen is not None
    assert (seen["averageRating"], seen["reviewCount"]) == (2, 1)


def test_averages_have_two_digits_half_even(world: World, hosting: Person) -> None:
    """4, 4 and 5 make 4.33."""
    place = world.listing(hosting)
    for rating in (4, 4, 5):
        guest = world.person()
        stay = world.confirmed(guest, place, 1, 1)
        world.travel(instant(stay["checkOut"], "11:00"))
        review(guest, stay, "listing", rating)
        review(guest, stay, "host", rating)
        review(hosting, stay, "guest", 5)
    seen = aggregate(world.nobody, place["id"])
    assert seen is not None
    assert (seen["averageRating"], seen["reviewCount"]) == (4.33, 3)


def test_an_aggregate_of_nothing_is_hidden(
    world: World, hosting: Person, staying: Person, stay: Json, moderator: Person
) -> None:
    made = review(staying, stay, "listing", 2)
    world.travel(moment(stay["reviewsCloseAt"]))
    seen = aggregate(world.nobody, stay["listingId"])
    assert seen is not None
    ok(moderator.patch(f"{REVIEWS}/{made['id']}", {"moderationStatus": "rejected"}))
    assert aggregate(world.nobody, stay["listingId"]) is None
    refused(world.nobody.get(f"{AGGREGATES}/{seen['id']}"), 404, "NOT_FOUND")
    refused(hosting.get(f"{AGGREGATES}/{seen['id']}"), 404, "NOT_FOUND")
    refused(world.nobody.get(f"{REVIEWS}/{made['id']}"), 404, "NOT_FOUND")
    ok(staying.get(f"{REVIEWS}/{made['id']}"))
    hidden = ok(moderator.get(f"{AGGREGATES}/{seen['id']}"))["reviewAggregate"]
    assert (hidden["averageRating"], hidden["reviewCount"], hidden["visibilityStatus"]) == (None, 0, "hidden")
    ok(moderator.patch(f"{REVIEWS}/{made['id']}", {"moderationStatus": "approved"}))
    again = aggregate(world.nobody, stay["listingId"])
    assert again is not None
    assert (again["averageRating"], again["reviewCount"]) == (2, 1)
    ok(moderator.delete(f"{REVIEWS}/{made['id']}"))
    assert aggregate(world.nobody, stay["listingId"]) is None
    refused(staying.get(f"{REVIEWS}/{made['id']}"), 404, "NOT_FOUND")


def test_an_author_does_not_moderate(
    world: World, hosting: Person, staying: Person, stay: Json, moderator: Person
) -> None:
    made = review(staying, stay, "listing")
    path = f"{REVIEWS}/{made['id']}"
    ok(moderator.patch(path, {"moderationStatus": "rejected"}))
    staying.patch(path, {"moderationStatus": "approved"})
    assert ok(moderator.get(path))["review"]["moderationStatus"] == "rejected"
    refused(moderator.patch(path, {"reviewText": "Put in their mouth"}), 403, "FORBIDDEN")
    invalid(moderator.patch(path, {"moderationStatus": "lost"}), "moderationStatus")
    review(staying, stay, "host")
    review(hosting, stay, "guest")
    refused(world.nobody.get(path), 404, "NOT_FOUND")


def test_lists_of_reviews_filter(world: World, hosting: Person, staying: Person, stay: Json) -> None:
    review(staying, stay, "listing", 5)
    review(staying, stay, "host", 4)
    review(hosting, stay, "guest", 3)
    assert [row["rating"] for row in rows(world.nobody, REVIEWS, revieweeId=stay["listingId"])] == [5]
    assert [row["rating"] for row in rows(world.nobody, REVIEWS, reviewerId=hosting.id)] == [3]
    found = rows(
        world.nobody,
        REVIEWS,
        reservationId=stay["id"],
        revieweeType=["host", "guest"],
        sortBy="rating",
        sortOrder="asc",
    )
    assert [row["rating"] for row in found] == [3, 4]
    assert [
        row["reviewCount"] for row in rows(world.nobody, AGGREGATES, revieweeId=staying.id, revieweeType="guest")
    ] == [1]
    invalid(world.nobody.get(REVIEWS, rating=5), "rating")
