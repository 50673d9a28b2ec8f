"""All reviews of a stay are published in one step; what they add up to, and who moderates them."""

from datetime import datetime, timedelta

from tests.e2e.reviews.reviewing import AGGREGATES, REVIEWS, aggregate, form, review
from tests.e2e.talk import Json, Person, invalid, ok, refused
from tests.e2e.world import World, instant, rows

moment = datetime.fromisoformat


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
