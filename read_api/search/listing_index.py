"""Listings as they are searched: with their rating and their texts in other languages."""

from __future__ import annotations

from domain.resources.catalog import LISTING, LISTING_LOCALE_TEXT
from domain.resources.reviews import REVIEW_AGGREGATE
from read_api.search.declared import Index, Join

RATING = Join("rating", REVIEW_AGGREGATE, by="id", on="revieweeId", where=(("revieweeType", "listing"),))
TEXTS = Join("texts", LISTING_LOCALE_TEXT, by="id", on="listingId", many=True)

LISTINGS = Index(
    name="listing",
    resource=LISTING,
    joins=(RATING, TEXTS),
    texts=("title", "description", "location.city", "texts.localizedTitle", "texts.localizedDescription"),
    points=("location",),
    doc="Listings, with the average of their reviews and their texts in other languages.",
)
