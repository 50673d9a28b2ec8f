"""Reviews as their readers know them, and the averages they make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

from domain.kernel import Recorded
from domain.review import Review, average_id
from projections.deadlines import Clear, Set
from projections.projection import Document, Projection, Target, born, changed, id_text, instant, on

CENT = Decimal("0.01")
CLOSE = "closeReviews"
"""The deadline, and the command that acts on it."""


def _submitted(_document: Document | None, event: Recorded, _hint: Any) -> Document:
    fact: Any = event.fact
    return born(
        event,
        moderationStatus=fact.moderation,
        isPublished=fact.published,
        reviewText=fact.text,
        rating=fact.rating,
        blindSubmissionCode=fact.code,
        revieweeId=id_text(fact.tally.reviewee),
        reservationId=id_text(fact.reservation),
        reviewerId=id_text(fact.reviewer),
        revieweeType=fact.tally.reviewee_type,
        submittedAt=instant(event.at),
    )


def _edited(document: Document | None, event: Recorded, _hint: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, reviewText=fact.text, rating=fact.rating, moderationStatus=fact.moderation)


def _moderated(document: Document | None, event: Recorded, _hint: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, moderationStatus=fact.moderation)


def _published(document: Document | None, event: Recorded, _hint: Any) -> Document:
    return changed(document, event, isPublished=True)


def _deleted(document: Document | None, event: Recorded, _hint: Any) -> Document:
    return changed(document, event, isActive=False)


REVIEWS = Projection(
    "review",
    on(Review, Submitted=_submitted, Edited=_edited, Moderated=_moderated, Published=_published, Deleted=_deleted),
)


def _averages(event: Recorded) -> Iterable[Target]:
    """The average that a fact moves. What happens to a sealed review moves none: not even a version or a time."""
    fact: Any = event.fact
    unsealed = event.name == "review.published.v1" or (event.name == "review.submitted.v1" and fact.published)
    if unsealed or fact.tally.before != fact.tally.after:
        yield Target(average_id(fact.tally.reviewee_type, fact.tally.reviewee))


def _tallied(document: Document | None, event: Recorded, _hint: Any) -> Document:
    tally = event.fact.tally  # type: ignore[attr-defined]  # every fact handled here has one
    counted = int(tally.after) - int(tally.before)
    if document is None:
        average = average_id(tally.reviewee_type, tally.reviewee)
        about = {"revieweeId": id_text(tally.reviewee), "revieweeType": tally.reviewee_type}
        new = born(event, **about, reviewIds=[id_text(event.stream)]) | {"id": id_text(average)}
        return new | _average(counted, counted * tally.rating)
    known = document["reviewIds"]
    heard = known if id_text(event.stream) in known else [*known, id_text(event.stream)]
    if not counted:
        return document | {"reviewIds": heard}
    after = _average(document["reviewCount"] + counted, document["ratingSum"] + counted * tally.rating)
    version = {"recordVersion": document["recordVersion"] + 1, "updatedAt": instant(event.at)}
    return document | after | version | {"reviewIds": heard}


def _reviews(document: Document) -> Sequence[UUID]:
    return [UUID(id) for id in document["reviewIds"]]


def _average(count: int, total: int) -> Document:
    rating = (Decimal(total) / count).quantize(CENT, ROUND_HALF_EVEN) if count else None
    status = "public" if count else "hidden"
    return {"reviewCount": count, "ratingSum": total, "averageRating": rating, "visibilityStatus": status}


REVIEW_AGGREGATES = Projection(
    "reviewAggregate",
    on(Review, Submitted=_tallied, Moderated=_tallied, Published=_tallied, Deleted=_tallied),
    targets=_averages,
    streams=_reviews,
)


def deadlines(event: Recorded) -> Iterable[Set | Clear]:
    """The end of a review window, while it is open."""
    fact: Any = event.fact
    if event.name == "review_window.opened.v1":
        yield Set(CLOSE, fact.reservation, fact.closes_at)
    elif event.name == "review_window.closed.v1":
        yield Clear(CLOSE, fact.reservation)
