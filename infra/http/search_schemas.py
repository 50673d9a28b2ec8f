"""How listing search is asked and answered, as OpenAPI has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from domain.listing import ApprovalType, PropertyType
from infra.http.openapi import EVENT_POSITION, REF, query
from infra.http.schemas import Schema
from read_api.search.listing_question import FARTHEST, MOST_CHARACTERS, MOST_ROWS, MOST_VALUES, SORTS

NUMBER: Schema = {"type": "number"}
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
LANGUAGE: Schema = {"type": "string", "pattern": "^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,3}$"}
WHOLE_STAY = "in major units of the currency: of the whole stay if there are dates, else of a night"


def parameters() -> Iterator[Schema]:
    """What can be asked."""
    amount = {"type": "number", "minimum": 0}
    yield query("q", {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS}, "Words, each to be found.")
    yield query("bbox", TEXT, "south,west,north,east in degrees; west beyond east crosses the date line.")
    yield query("near", TEXT, "latitude,longitude in degrees.")
    yield query("distance", {"type": "number", "minimum": 0, "maximum": FARTHEST}, "Metres from `near`, at most.")
    yield query("checkIn", {"type": "string", "format": "date"}, "The first night; needs checkOut.")
    yield query("checkOut", {"type": "string", "format": "date"}, "The day of leaving; needs checkIn.")
    yield query("guests", {"type": "integer", "minimum": 1, "maximum": 10_000}, "How many guests.")
    yield query("minPrice", amount, f"The least, {WHOLE_STAY}.")
    yield query("maxPrice", amount, f"The most, {WHOLE_STAY}.")
    yield query("currency", {"type": "string", "pattern": "^[A-Z]{3}$"}, "Only listings that are let in it.")
    yield query("propertyType", _any_of({"enum": [*get_args(PropertyType)]}), "Repeated: any of.")
    yield query("amenityIds", _any_of({"type": "string", "format": "uuid"}), "Repeated: all of.")
    yield query("minRating", {"type": "number", "minimum": 1, "maximum": 5}, "The least average of its reviews.")
    yield query("approvalType", _any_of({"enum": [*get_args(ApprovalType)]}), "Repeated: any of.")
    yield query("languages", _any_of(TEXT), "Spoken by the host, as listings name them; repeated: any of.")
    yield query("sort", {"enum": [*SORTS]}, "By default relevance with q, else distance with near, else newest.")
    yield query("language", LANGUAGE, "Of `localeText`; else as Accept-Language says.")
    yield query("pageNumber", {"type": "integer", "minimum": 1}, "From 1.")
    yield query("pageRowCount", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}, "Rows a page; 25.")
    yield query("cursor", {"type": "string", "minLength": 1}, "The `next` of the page before, of the same search.")
    yield EVENT_POSITION


def _any_of(items: Schema) -> Schema:
    return {"type": "array", "items": items, "maxItems": MOST_VALUES}


def _object(required: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": required.split(), "properties": properties}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _counts(required: str, **properties: Schema) -> Schema:
    return {"type": "array", "items": _object(f"{required} count", **properties, count=COUNT)}


FOUND: Schema = {
    "allOf": [
        {"$ref": REF.format(model="listing")},
        _object(
            "rating reviewCount distance stay localeText",
            rating=_or_null(NUMBER | {"description": "The average of its reviews."}),
            reviewCount=COUNT,
            distance=_or_null(COUNT | {"description": "Metres from `near`."}),
            stay=_or_null(
                _object(
                    "checkIn checkOut nights totalPrice currency",
                    checkIn=TEXT,
                    checkOut=TEXT,
                    nights=COUNT,
                    totalPrice=NUMBER,
                    currency=TEXT,
                )
            ),
            localeText=_or_null(
                _object("languageCode title description", languageCode=TEXT, title=TEXT, description=TEXT)
            ),
        ),
    ]
}
FACETS: Schema = _object(
    "propertyType amenities rating currency city",
    propertyType=_counts("value", value=TEXT),
    amenities=_counts("value name", value=TEXT, name={"type": ["string", "null"]}),
    rating=_counts("atLeast", atLeast=NUMBER),
    currency=_counts("value", value=TEXT),
    city=_counts("value", value=TEXT),
)
LISTING_SEARCH: dict[str, Any] = _object(
    "status statusCode rowCount listings paging facets",
    status={"const": "OK"},
    statusCode=TEXT,
    rowCount=COUNT,
    listings={"type": "array", "items": FOUND},
    paging=_object(
        "pageRowCount totalRowCount pageCount next",
        pageNumber=COUNT | {"description": "Absent behind a cursor."},
        pageRowCount=COUNT,
        totalRowCount=COUNT,
        pageCount=COUNT,
        next={"type": ["string", "null"], "description": "The cursor of the next page; null on the last."},
    ),
    facets=FACETS,
)
"""A page of found listings, with counts of all that are found."""
