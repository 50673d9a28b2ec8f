"""Listing search as guests know it: published listings, whoever asks, with prices, distances, ratings and counts."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from math import asin, cos, radians, sin, sqrt
from typing import Any
from uuid import UUID

import msgspec

from domain.actor import NOBODY
from domain.errors import Invalid
from domain.money import major
from projections.projection import Document
from projections.words import folded
from read_api.search.algebra import EARTH_RADIUS, Stay
from read_api.search.listing_index import LISTINGS
from read_api.search.listing_question import BANDS, FACETS, Asked, StayTerms, parse
from read_api.search.ports import FacetCount, Found, Hit, SearchEngine
from read_api.shown import shown

SEALED = 16
"""Bytes of a cursor's seal."""
NOT_OF_THE_QUESTION = frozenset({"cursor", "pageNumber", "pageRowCount", "language", "requestId", "access_token"})
"""Parameters that may change from page to page."""

Texts = Callable[[Sequence[UUID], Sequence[str]], Awaitable[list[Document]]]
"""Of each of these listings the text in the first of these languages, as `_tag` has them, that there is one in."""
Amenities = Callable[[Collection[UUID]], Awaitable[list[Document]]]
"""Those of these amenities that there are, as documents."""


@dataclass(frozen=True, slots=True)
class FoundListings:
    """One page of what was searched for."""

    listings: list[Document]
    paging: dict[str, Any]
    facets: dict[str, list[dict[str, Any]]]


class ListingSearch:
    """Answers searches for listings, through whichever engine is set.

    Args:
        engine: which searches.
        amenities: where their names are.
        texts: where listings' texts in other languages are.
        terms: the marketplace's, for prices and for what listings do not say.
        now: the product's time.
        secret: seals cursors, so that nobody makes them up.
    """

    def __init__(
        self,
        engine: SearchEngine,
        amenities: Amenities,
        texts: Texts,
        *,
        terms: StayTerms,
        now: Callable[[], datetime],
        secret: bytes,
    ) -> None:
        self._engine = engine
        self._amenities = amenities
        self._texts = texts
        self._terms = terms
        self._now = now
        self._secret = secret

    async def search(self, parameters: Sequence[tuple[str, str]], languages: Iterable[str] = ()) -> FoundListings:
        """The page that these parameters ask for, with texts in the first of these languages that they name.

        Raises Invalid for parameters that do not fit, Unavailable.
        """
        asked = parse(parameters, self._now(), self._terms)
        question = _question_of(parameters)
        after = self._opened(asked.cursor, question) if asked.cursor else None
        found = await self._engine.search(
            replace(
                asked.question,
                start=0 if after else (asked.page - 1) * asked.rows,
                limit=asked.rows + 1,  # one more tells whether there is another page
                after=after,
                many="searched",
            ),
            NOBODY,
        )
        hits = found.hits[: asked.rows]
        wanted = [_tag(language) for language in ([asked.language] if asked.language else languages)]
        ids = [UUID(hit.document["id"]) for hit in hits]
        texts = {text["listingId"]: text for text in (await self._texts(ids, wanted) if ids and wanted else [])}
        further = self._sealed(hits[-1].cursor, question) if len(found.hits) > asked.rows else None
        return FoundListings(
            [_listing(hit, asked, texts.get(hit.document["id"])) for hit in hits],
            _paging(asked, found.total, further),
            await self._facets(found),
        )

    async def wait_until(self, position: int, seconds: float) -> None:
        """Return once searches show what was recorded up to the position. Raises ReadBehind, Invalid, Unavailable."""
        await self._engine.wait_until(position, LISTINGS, seconds)

    async def _facets(self, found: Found) -> dict[str, list[dict[str, Any]]]:
        counts = {name: found.facets.get(facet.place.name, []) for name, facet in FACETS.items()}
        amenities = counts.pop("amenityIds")
        ids = [UUID(str(count.value)) for count in amenities]
        names = {
            document["id"]: document.get("name")
            for document in (await self._amenities(ids) if ids else [])
            if document.get("isActive")
        }
        bands = zip(BANDS, counts.pop("rating") or [FacetCount(str(band), 0) for band in BANDS], strict=True)
        return {
            **{name: [{"value": count.value, "count": count.count} for count in of] for name, of in counts.items()},
            "amenities": [{"value": c.value, "name": names.get(str(c.value)), "count": c.count} for c in amenities],
            "rating": [{"atLeast": band, "count": count.count} for band, count in bands],
        }

    def _sealed(self, cursor: tuple[str, ...], question: bytes) -> str:
        """Where to read on, as a text that is good for this question alone."""
        written = msgspec.json.encode(cursor)
        return urlsafe_b64encode(self._seal(written, question) + written).decode().rstrip("=")

    def _opened(self, text: str, question: bytes) -> tuple[str, ...]:
        """What was sealed. Raises Invalid."""
        try:
            read = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except (ValueError, UnicodeEncodeError):
            read = b""
        seal, written = read[:SEALED], read[SEALED:]
        if not hmac.compare_digest(seal, self._seal(written, question)):
            raise Invalid({"cursor": "must be the `next` of a page of the same search"})
        return msgspec.json.decode(written, type=tuple[str, ...])

    def _seal(self, written: bytes, question: bytes) -> bytes:
        return hmac.digest(self._secret, b"cursor" + question + b"\x00" + written, "sha256")[:SEALED]


def _question_of(parameters: Iterable[tuple[str, str]]) -> bytes:
    """What is searched, whichever page of it."""
    return msgspec.json.encode(sorted(pair for pair in parameters if pair[0] not in NOT_OF_THE_QUESTION))


def _paging(asked: Asked, total: int, further: str | None) -> dict[str, Any]:
    """The `paging` of the envelope; behind a cursor there are no page numbers."""
    paging = {"pageRowCount": asked.rows, "totalRowCount": total, "pageCount": -(-total // asked.rows)}
    return {**({} if asked.cursor else {"pageNumber": asked.page}), **paging, "next": further}


def _listing(hit: Hit, asked: Asked, text: Document | None) -> Document:
    rating = hit.joined.get("rating")
    averaged: Mapping[str, Any] = rating if isinstance(rating, dict) else {}
    return {
        **shown(LISTINGS.resource, hit.document, NOBODY),
        "rating": averaged.get("averageRating"),
        "reviewCount": averaged.get("reviewCount") or 0,
        "distance": None if asked.near is None else round(_metres(hit.document["location"], *asked.near)),
        "stay": None if asked.question.stay is None else _stay(asked.question.stay, hit),
        "localeText": None if text is None else _text(text),
    }


def _metres(location: Mapping[str, Any], lat: Decimal, lon: Decimal) -> float:
    """Along the earth's surface, as conditions and orders have it."""
    north, to_north = radians(location["lat"]), radians(lat)
    rise, run = sin((north - to_north) / 2), sin(radians(location["lon"] - lon) / 2)
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(rise**2 + cos(north) * cos(to_north) * run**2)))


def _stay(stay: Stay, hit: Hit) -> Document:
    currency = hit.document["currency"]
    return {
        "checkIn": stay.first.isoformat(),
        "checkOut": stay.end.isoformat(),
        "nights": (stay.end - stay.first).days,
        "totalPrice": None if hit.stay_price is None else major(hit.stay_price, currency),
        "currency": currency,
    }


def _text(text: Document) -> Document:
    return {
        "languageCode": text["languageCode"],
        "title": text["localizedTitle"],
        "description": text["localizedDescription"],
    }


def _tag(language: str) -> str:
    """The code of a language as it is compared: `pt_BR` is `pt-BR`."""
    return folded(language).replace("_", "-")
