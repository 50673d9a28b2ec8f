"""How reviews, and the averages made of them, show themselves."""

from __future__ import annotations

from domain.access import Is, Own, Staff
from domain.resource import Field, Kind, Resource

REVIEWEE_TYPES = ("host", "guest", "listing")
MODERATION = ("pending", "approved", "rejected")
AUTHOR_OR_STAFF = Own("reviewerId") | Staff()

REVIEW = Resource(
    name="review",
    plural="reviews",
    service="reviewSystem",
    path="/v1/reviews",
    doc="What the guest of a stay says of the listing and the host, and the host of the guest. Sealed until published.",
    owner="reviewerId",
    sees=(Is("isPublished", (True,)) & Is("moderationStatus", ("approved",))) | AUTHOR_OR_STAFF,
    changes=AUTHOR_OR_STAFF,
    history=AUTHOR_OR_STAFF,
    fields=(
        Field("moderationStatus", Kind.ENUM, "What staff think of it: only approved ones are seen.", enum=MODERATION),
        Field("isPublished", Kind.BOOLEAN, "True once both sides have reviewed, or the time for it is over."),
        Field("reviewText", Kind.TEXT, "What the author says.", required=True, personal=True),
        Field("rating", Kind.INTEGER, "1 (poor) to 5 (excellent).", required=True),
        Field("blindSubmissionCode", Kind.STRING, "The author's receipt.", sees=AUTHOR_OR_STAFF),
        Field("revieweeId", Kind.ID, "The user, or the listing, that it is about.", filter=True),
        Field("reservationId", Kind.ID, "The stay that it is about.", required=True, filter=True),
        Field("reviewerId", Kind.ID, "The author.", filter=True),
        Field("revieweeType", Kind.ENUM, "What it is about.", required=True, filter=True, enum=REVIEWEE_TYPES),
        Field("submittedAt", Kind.INSTANT, "When it was left."),
    ),
)

REVIEW_AGGREGATE = Resource(
    name="reviewAggregate",
    plural="reviewAggregates",
    service="reviewSystem",
    path="/v1/reviewaggregates",
    doc="The average of the published and approved reviews of one listing, host or guest.",
    sees=Is("visibilityStatus", ("public",)) | Staff(),
    history=Staff(),
    fields=(
        Field("revieweeId", Kind.ID, "The user, or the listing, that the reviews are about.", filter=True),
        Field("revieweeType", Kind.ENUM, "What they are about.", filter=True, enum=REVIEWEE_TYPES),
        Field("averageRating", Kind.DECIMAL, "Two decimals, half-even; null if no review counts."),
        Field("reviewCount", Kind.INTEGER, "How many reviews count."),
        Field(
            "visibilityStatus",
            Kind.ENUM,
            "Hidden from all but staff while no review counts.",
            enum=("public", "hidden"),
        ),
        Field("ratingSum", Kind.INTEGER, "The sum of the ratings that count.", shown=False),
        Field("reviewIds", Kind.LIST, "The reviews that were published, in order.", shown=False, of=Kind.ID),
    ),
)
