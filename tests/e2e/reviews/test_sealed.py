"""Double-blind: until both sides have written, nobody learns of a review."""

from typing import Any

import pytest

from tests.e2e.reviews.reviewing import AGGREGATES, REVIEWS, review
from tests.e2e.talk import ABSENT, Caller, Json, Person, ok, refused, told
from tests.e2e.world import World, rows, wire

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


ELSEWHERE: tuple[tuple[str, str, Json | None], ...] = (
    ("PATCH", "/v1/listings/{}", {"title": "x"}),
    ("DELETE", "/v1/listings/{}", None),
    ("PATCH", "/v1/listinglocaletexts/{}", {"localizedTitle": "x"}),
    ("DELETE", "/v1/listinglocaletexts/{}", None),
    ("PATCH", "/v1/listingcalendars/{}", {"minStay": 2}),
    ("PATCH", "/v1/reservations/{}", {"bookingStatus": "cancelled"}),
    ("PATCH", "/v1/startreservationpayment/{}", {"paymentUserParams": {"paymentMethodId": "pm_card_visa"}}),
    ("PATCH", "/v1/disputes/{}", {"issueType": "x"}),
    ("PATCH", "/v1/profile/{}", {"fullname": "x"}),
    ("PATCH", "/v1/messagethreads/{}", {"isOpen": False}),
    ("DELETE", "/v1/messagethreads/{}", None),
    ("PATCH", "/v1/messages/{}", {"content": "x"}),
    ("POST", "/v1/messages", {"threadId": "{}", "content": "x"}),
    ("POST", "/v1/messagereports", {"messageId": "{}", "reportReason": "x"}),
    ("POST", "/v1/disputes", {"reservationId": "{}", "issueType": "x", "description": "x"}),
    ("DELETE", "/bff-api/listings/filters/{}", None),
)
"""Requests about something that is no review, which name it by an id."""


@pytest.mark.parametrize(("method", "path", "body"), ELSEWHERE)
def test_asked_for_as_something_else_a_sealed_review_is_as_absent_as_nothing(
    hosting: Person, staying: Person, stay: Json, method: str, path: str, body: Json | None
) -> None:
    """Its id can be worked out from the stay's by whoever knows how: that tells them nothing."""
    written = review(staying, stay, "listing")["id"]

    def told_of(id: str) -> str:
        said = body and {name: value if value != "{}" else id for name, value in body.items()}
        answer = hosting.ask(method, path.format(id), json=said)
        refused(answer, 404, "NOT_FOUND")
        return without_ids(answer.json(), id)

    assert told_of(written) == told_of(ABSENT)


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
