"""Reviews as their authors write them, and what is known of who is reviewed."""

from typing import Any

from tests.e2e.talk import Caller, Json, ok
from tests.e2e.world import rows

REVIEWS, AGGREGATES = "/v1/reviews", "/v1/reviewaggregates"


def form(stay: Json, kind: str, rating: Any = 4, text: str = "As told.", **over: Any) -> Json:
    """What is sent to review one side of a stay."""
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
