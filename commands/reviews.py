"""Reviews: left blind, published in one step, watched over by staff."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StrictInt

from commands.ports import Answer
from commands.registry import Command, Route
from commands.wire import UNSET, Id, LongText, Message, RecordVersion
from commands.work import Work
from domain.access import Nobody
from domain.errors import Invalid, NotAllowed, NotThere
from domain.reservation import Reservation
from domain.resources.reviews import REVIEW
from domain.review import ModerationStatus, Review
from domain.review_window import Parties, RevieweeType, ReviewWindow

Rating = Annotated[StrictInt, Field(ge=1, le=5)]
ReviewText = Annotated[LongText, Field(min_length=1)]


class CreateReview(Message):
    """Leave a review of a complete stay."""

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"moderationStatus", "isPublished", "reviewerId", "submittedAt", "blindSubmissionCode"}
    )

    reservation_id: Id
    reviewee_type: RevieweeType
    reviewee_id: Id | None = None
    rating: Rating
    review_text: ReviewText


class UpdateReview(Message):
    """The author's words and rating, or staff's judgement."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"isPublished"})

    review_id: Id
    review_text: ReviewText = UNSET
    rating: Rating = UNSET
    moderation_status: ModerationStatus = UNSET
    record_version: RecordVersion | None = None


class DeleteReview(Message):
    """Take a review back, or away."""

    review_id: Id
    record_version: RecordVersion | None = None


class CloseReviews(Message):
    """The time for reviews of a stay is up."""

    subject: Id


async def open_window(work: Work, reservation: UUID, parties: Parties, closes_at: datetime) -> None:
    """Let the parties of a stay review each other until that instant (UTC). For whoever completes the reservation."""
    window = await work.load(ReviewWindow, ReviewWindow.id_of(reservation))
    window.open(reservation, parties, closes_at)


async def create_review(work: Work, m: CreateReview) -> Answer:
    """See the stay, be of it, be in time, be the first: in this order, so that no refusal tells what others left."""
    window = await work.load(ReviewWindow, ReviewWindow.id_of(m.reservation_id))
    parties = window.parties if window.opened else await _parties(work, m.reservation_id)
    if parties.side_of(work.actor.id) is None and not work.actor.staff:
        raise NotThere("reservation")
    reviewee = parties.check(work.actor.id, m.reviewee_type, m.reviewee_id)
    review = await work.load(Review, window.next_review(m.reviewee_type, work.at))
    window.leave(m.reviewee_type, review.id)
    review.submit(
        reservation=m.reservation_id,
        reviewer=work.actor.id,  # type: ignore[arg-type]  # a party is somebody
        reviewee_type=m.reviewee_type,
        reviewee=reviewee,
        rating=m.rating,
        text=m.review_text,
        moderation="pending" if _manual(work) else "approved",
        closes_at=window.closes_at,
        published=window.closed,
    )
    if window.closed:
        await _publish(work, window, but=review.id)
    return Answer("review", review.id)


async def update_review(work: Work, m: UpdateReview) -> Answer:
    """Words and rating are the author's until published, the judgement is staff's at any time; one thing at once."""
    review = await _seen(work, m.review_id)
    review.expect(m.record_version)
    rating = m.rating if "rating" in m.model_fields_set else review.rating
    text = m.review_text if "review_text" in m.model_fields_set else review.text
    judgement = m.moderation_status if m.moderation_status != review.moderation else None
    if judgement and not work.actor.staff:
        raise NotAllowed("Only staff moderate reviews.")
    if (rating, text) != (review.rating, review.text):
        if judgement:
            raise Invalid({"moderationStatus": "cannot change together with the text or the rating"})
        if work.actor.id != review.reviewer:
            raise NotAllowed("Only its author says what a review says.")
        review.edit(work.at, rating=rating, text=text, recheck=_manual(work))
    elif judgement:
        review.moderate(judgement)
    return Answer("review", review.id)


async def delete_review(work: Work, m: DeleteReview) -> Answer:
    """Its author may until it is published, and may then write it again; staff may at any time."""
    review = await _seen(work, m.review_id)
    review.expect(m.record_version)
    review.delete(work.at, by_staff=work.actor.staff)
    window = await work.load(ReviewWindow, ReviewWindow.id_of(review.reservation))
    window.withdraw(review.id)
    return Answer("review", review.id)


async def close_reviews(work: Work, m: CloseReviews) -> Answer:
    """Publish what was left, all in one step. Late or repeated, it does no harm."""
    window = await work.load(ReviewWindow, ReviewWindow.id_of(m.subject))
    if window.opened and not window.closed:
        window.close(work.at)
        if window.closed:
            await _publish(work, window)
    return Answer()


async def _parties(work: Work, reservation: UUID) -> Parties:
    """Of a stay that is not complete. Raises NotThere."""
    stay = await work.load(Reservation, reservation)
    if not stay.exists:
        raise NotThere("reservation")
    return Parties(guest=stay.guest, host=stay.host, listing=stay.listing)


async def _seen(work: Work, id: UUID) -> Review:
    """The review, if the caller may see and change it; a sealed one of another is as absent as one never written."""
    review = await work.load(Review, id)
    if not review.there:
        raise NotThere("review")
    facts = {
        "reviewerId": str(review.reviewer),
        "isPublished": review.published,
        "moderationStatus": review.moderation,
    }
    work.admit(REVIEW, facts)
    return review


async def _publish(work: Work, window: ReviewWindow, *, but: UUID | None = None) -> None:
    for id in window.left.values():
        if id != but:
            (await work.load(Review, id)).publish()


def _manual(work: Work) -> bool:
    return work.services.terms.review_moderation == "manual"


SERVICE = "reviewSystem"
COMMANDS: tuple[Command, ...] = (
    Command(
        "createReview",
        "Leaves a review of a complete stay: the guest reviews the listing and the host, the host the guest. It stays "
        "sealed until both sides have left all of theirs, or the time for it is over. `revieweeId` may be left out.",
        CreateReview,
        create_review,
        Route("POST", "/v1/reviews", SERVICE, status=201, action="create", data_name="review"),
        refuses=("NOT_YOUR_STAY", "STAY_NOT_COMPLETE", "WINDOW_CLOSED", "ALREADY_REVIEWED"),
    ),
    Command(
        "updateReview",
        "Changes the text and the rating (the author, until it is published) or `moderationStatus` (staff, at any "
        "time). Nobody publishes early: `isPublished` is accepted and not looked at.",
        UpdateReview,
        update_review,
        Route("PATCH", "/v1/reviews/{reviewId}", SERVICE, data_name="review"),
        refuses=("STALE_VERSION", "REVIEW_PUBLISHED"),
    ),
    Command(
        "deleteReview",
        "Takes a review back (the author, until it is published, and may then write it again) or away (staff).",
        DeleteReview,
        delete_review,
        Route("DELETE", "/v1/reviews/{reviewId}", SERVICE, action="delete", data_name="review"),
        refuses=("STALE_VERSION", "REVIEW_PUBLISHED"),
    ),
    Command(
        "closeReviews",
        "Publishes the reviews of a stay when the time for them is up.",
        CloseReviews,
        close_reviews,
        who=Nobody(),
    ),
)
