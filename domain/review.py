"""What one side of a stay says of the other, or of the listing: sealed until it is published, never changed after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from domain.errors import Refused
from domain.kernel import Aggregate, Personal, event
from domain.review_window import RevieweeType

ModerationStatus = Literal["pending", "approved", "rejected"]


@dataclass(frozen=True, slots=True)
class Tally:
    """What a fact means for the reviewee's average. Published and approved reviews alone count."""

    reviewee_type: str
    reviewee: UUID
    rating: int
    before: bool
    """Whether the review counted before the fact."""
    after: bool
    """Whether it counts after."""


class Review(Aggregate):
    """One review. Its stream is its author's: the text stands nowhere else."""

    TOPIC = "review"

    def __init__(self) -> None:
        self.reservation: UUID
        self.reviewer: UUID
        self.reviewee_type: str
        self.reviewee: UUID
        self.closes_at: datetime
        self.rating = 0
        self.text = ""
        self.moderation: str = "pending"
        self.published = False
        self.deleted = False

    @property
    def there(self) -> bool:
        """Whether it was left and not deleted."""
        return self.version > 0 and not self.deleted

    @property
    def counts(self) -> bool:
        """Whether it counts in the reviewee's average."""
        return self.there and self.published and self.moderation == "approved"

    def submit(
        self,
        *,
        reservation: UUID,
        reviewer: UUID,
        reviewee_type: RevieweeType,
        reviewee: UUID,
        rating: int,
        text: str,
        moderation: ModerationStatus,
        closes_at: datetime,
        published: bool,
    ) -> None:
        """Leave it: sealed until `closes_at` at the latest, or `published` at once if it is the last of its stay."""
        self._submitted(
            reservation=reservation,
            reviewer=reviewer,
            rating=rating,
            text=text,
            moderation=moderation,
            code=uuid5(self.id, "blind submission").hex[:12],
            closes_at=closes_at,
            published=published,
            tally=Tally(reviewee_type, reviewee, rating, before=False, after=published and moderation == "approved"),
        )

    def edit(self, at: datetime, *, rating: int, text: str, recheck: bool) -> None:
        """Say it differently; `recheck` asks staff again for what they have approved. Raises REVIEW_PUBLISHED."""
        if (rating, text) == (self.rating, self.text):
            return
        self._still_sealed(at)
        moderation = "pending" if recheck and self.moderation == "approved" else self.moderation
        self._edited(rating=rating, text=text, moderation=moderation)

    def moderate(self, moderation: ModerationStatus) -> None:
        """Staff let it be seen, or not."""
        if moderation != self.moderation:
            counts = self.published and moderation == "approved"
            self._moderated(moderation=moderation, tally=self._tally(after=counts))

    def publish(self) -> None:
        """Unseal it, for good."""
        if self.there and not self.published:
            self._published(tally=self._tally(after=self.moderation == "approved"))

    def delete(self, at: datetime, *, by_staff: bool) -> None:
        """Take it back. Raises REVIEW_PUBLISHED, save for staff."""
        if not by_staff:
            self._still_sealed(at)
        self._deleted(tally=self._tally(after=False))

    def _still_sealed(self, at: datetime) -> None:
        if self.published or at >= self.closes_at:
            raise Refused("REVIEW_PUBLISHED", "A published review can no longer be changed by its author.")

    def _tally(self, *, after: bool) -> Tally:
        return Tally(self.reviewee_type, self.reviewee, self.rating, before=self.counts, after=after)

    @event("Submitted", topic="review.submitted.v1")
    def _submitted(
        self,
        reservation: UUID,
        reviewer: UUID,
        rating: int,
        text: Personal,
        moderation: str,
        code: str,
        closes_at: datetime,
        published: bool,
        tally: Tally,
    ) -> None:
        self.reservation, self.reviewer, self.closes_at = reservation, reviewer, closes_at
        self.reviewee_type, self.reviewee = tally.reviewee_type, tally.reviewee
        self.rating, self.text = rating, text
        self.moderation, self.published = moderation, published

    @event("Edited", topic="review.edited.v1")
    def _edited(self, rating: int, text: Personal, moderation: str) -> None:
        self.rating, self.text, self.moderation = rating, text, moderation

    @event("Moderated", topic="review.moderated.v1")
    def _moderated(self, moderation: str, tally: Tally) -> None:
        self.moderation = moderation

    @event("Published", topic="review.published.v1")
    def _published(self, tally: Tally) -> None:
        self.published = True

    @event("Deleted", topic="review.deleted.v1")
    def _deleted(self, tally: Tally) -> None:
        self.deleted = True


def average_id(reviewee_type: str, reviewee: UUID) -> UUID:
    """The id of the average that reviews of that reviewee make."""
    return uuid5(reviewee, f"reviews of the {reviewee_type}")
