"""Writing a review: by whom, of whom, when, and until when it may be changed."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.e2e.reviews.reviewing import REVIEWS, form, review
from tests.e2e.talk import ABSENT, Json, Person, invalid, ok, refused, told
from tests.e2e.world import World, instant, rows

moment = datetime.fromisoformat


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
