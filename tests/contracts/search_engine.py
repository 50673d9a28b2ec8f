"""What every search engine answers alike: the same documents, the same questions, the same answers.

Subclass `SearchEngineContract` with a fixture `engine` over `search_documents.documents()`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.actor import Actor
from domain.errors import Invalid
from domain.resource import Kind
from read_api.search.algebra import (
    And,
    Box,
    ByDistance,
    ByField,
    Condition,
    Everything,
    Exists,
    Facet,
    Missing,
    Not,
    OneOf,
    Or,
    Order,
    Phrase,
    Prefix,
    Question,
    Range,
    Regexp,
    Wildcard,
    Within,
    Words,
)
from read_api.search.declared import Index, Place
from read_api.search.ports import Found, SearchEngine
from tests.contracts.search_documents import ACTORS, BY_NAME, INDEXES, LISTINGS, NIGHTS, REVIEWS, STAYS, documents
from tests.contracts.search_oracle import NUMBERS, TEXTS, Oracle

pytestmark = pytest.mark.anyio

DOCUMENTS = documents()
TITLE, DESCRIPTION = LISTINGS.places["title"], LISTINGS.places["description"]
LOCATION, AMENITIES = LISTINGS.places["location"], LISTINGS.places["amenityIds"]
PRICE, LANGUAGES = LISTINGS.places["pricePerNight"], LISTINGS.places["languagesSupported"]

FIXED: list[tuple[Index, Condition]] = [
    (LISTINGS, OneOf(TITLE, ("loft",))),
    (LISTINGS, OneOf(TITLE, ("strasse 5", "i̇stanbul"))),
    (LISTINGS, Not(OneOf(TITLE, ("loft",)))),
    (LISTINGS, OneOf(TITLE, ("",))),
    (LISTINGS, OneOf(PRICE, (Decimal(100), Decimal("99.990")))),
    (LISTINGS, Range(PRICE, Decimal("99.99"), Decimal("100.01"), low_in=False, high_in=False)),
    (LISTINGS, Range(PRICE, Decimal("99.985"), Decimal("100.005"))),
    (LISTINGS, OneOf(AMENITIES, ("00000000-0000-0000-0000-000000000008",))),
    (LISTINGS, Exists(AMENITIES)),
    (LISTINGS, Missing(AMENITIES)),
    (LISTINGS, OneOf(LANGUAGES, ("élan",))),
    (LISTINGS, Prefix(LANGUAGES, "f")),
    (LISTINGS, Prefix(TITLE, "a_b%")),
    (LISTINGS, Wildcard(TITLE, "a_b%c\\\\?")),
    (LISTINGS, Wildcard(TITLE, "*under*roofs")),
    (LISTINGS, Wildcard(TITLE, "line?break")),
    (LISTINGS, Regexp(TITLE, "(loft|stra(ss|ß)e).*")),
    (LISTINGS, Regexp(TITLE, "line.break")),
    (LISTINGS, Regexp(TITLE, "[a-m]{4}")),
    (LISTINGS, Regexp(TITLE, "[^a-z]*b.c\\\\d")),
    (LISTINGS, Words(DESCRIPTION, ("near", "quiet"))),
    (LISTINGS, Words(DESCRIPTION, ("near", "quiet"), every=True)),
    (LISTINGS, Words(TITLE, ("strasse",))),
    (LISTINGS, Phrase(DESCRIPTION, ("quiet", "bright", "near"))),
    (LISTINGS, Phrase(DESCRIPTION, ("the", "s"), prefix=True)),
    (LISTINGS, Phrase(DESCRIPTION, ("the", "s"))),
    (LISTINGS, OneOf(LISTINGS.places["location.city"], ("ålesund",))),
    (LISTINGS, Box(LOCATION, Decimal(-20), Decimal(179), Decimal(-10), Decimal(-179))),
    (LISTINGS, Box(LOCATION, Decimal(40), Decimal(0), Decimal(50), Decimal(10))),
    (LISTINGS, Within(LOCATION, Decimal("-16.75"), Decimal(180), Decimal(20_000))),
    (LISTINGS, Within(LOCATION, Decimal("48.85"), Decimal("2.35"), Decimal(2_000))),
    (LISTINGS, Missing(LOCATION)),
    (STAYS, OneOf(STAYS.places["listing.title"], ("loft",))),
    (STAYS, Not(OneOf(STAYS.places["listing.title"], ("loft",)))),
    (STAYS, Missing(STAYS.places["listing.title"])),
    (STAYS, Range(STAYS.places["review.rating"], Decimal(3))),
    (STAYS, Exists(STAYS.places["review.blindSubmissionCode"])),
    (STAYS, Range(STAYS.places["checkIn"], "2026-06-04", "2026-06-09", high_in=False)),
    (REVIEWS, Words(REVIEWS.places["reviewText"], ("secret",))),
    (REVIEWS, Missing(REVIEWS.places["blindSubmissionCode"])),
    (NIGHTS, OneOf(NIGHTS.places["bookedBy"], ("00000000-0000-0000-0000-0000000000c8",))),
    (NIGHTS, OneOf(NIGHTS.places["isAvailable"], (False,))),
    (NIGHTS, Not(Exists(NIGHTS.places["bookedBy"]))),
]
ORDERS: list[tuple[Index, tuple[Order, ...]]] = [
    (LISTINGS, ()),
    (LISTINGS, (ByField(PRICE), ByField(TITLE, descending=True))),
    (LISTINGS, (ByField(LISTINGS.places["address"], descending=True),)),
    (LISTINGS, (ByDistance(LOCATION, Decimal(0), Decimal(179)),)),
    (STAYS, (ByField(STAYS.places["listing.title"]), ByField(STAYS.places["createdAt"], descending=True))),
    (REVIEWS, (ByField(REVIEWS.places["rating"], descending=True),)),
    (NIGHTS, (ByField(NIGHTS.places["bookedBy"]),)),
]
FACETS = [
    (LISTINGS, LISTINGS.places["propertyType"]),
    (LISTINGS, AMENITIES),
    (LISTINGS, LISTINGS.places["isPublished"]),
    (STAYS, STAYS.places["listing.currency"]),
    (REVIEWS, REVIEWS.places["revieweeType"]),
    (NIGHTS, NIGHTS.places["bookedBy"]),
]


def oracle(actor: Actor) -> Oracle:
    return Oracle(DOCUMENTS, BY_NAME, actor)


def ids(found: Found | Sequence[dict[str, Any]]) -> list[str]:
    return [hit.document["id"] for hit in found.hits] if isinstance(found, Found) else [d["id"] for d in found]


def conditions(index: Index) -> st.SearchStrategy[Condition]:
    """Conditions on the fields of an index, with values that its documents have, or nearly have."""
    places = [p for p in index.places.values() if p.field.kind is not Kind.OBJECT]
    leaves = st.sampled_from(places).flatmap(lambda place: _leaf(index, place))
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(Not, inner)
            | st.builds(And, st.lists(inner, max_size=3).map(tuple))
            | st.builds(Or, st.lists(inner, max_size=3).map(tuple))
        ),
        max_leaves=5,
    )


def _leaf(index: Index, place: Place) -> st.SearchStrategy[Condition]:
    kind = place.field.of if place.field.kind is Kind.LIST else place.field.kind
    values = st.sampled_from(_values(index, place))
    ways: list[st.SearchStrategy[Condition]] = [
        st.just(Exists(place)),
        st.just(Missing(place)),
        st.builds(OneOf, st.just(place), st.lists(values, min_size=1, max_size=3).map(tuple)),
    ]
    if kind in NUMBERS or kind in {Kind.DAY, Kind.INSTANT}:
        bounds = st.none() | values
        ways.append(st.builds(Range, st.just(place), bounds, bounds, st.booleans(), st.booleans()))
    if kind in TEXTS:
        texts = values.flatmap(lambda v: st.integers(0, len(v)).map(lambda n: v[:n]))
        ways += [
            st.builds(Prefix, st.just(place), texts),
            st.builds(Wildcard, st.just(place), texts.map(lambda t: t.replace("\\", "\\\\") + "*")),
        ]
        told = st.lists(st.sampled_from(["loft", "sea", "quiet", "the", "lo", "strasse"]), min_size=1, max_size=2)
        if place.field.kind is not Kind.LIST:
            ways += [
                st.builds(Words, st.just(place), told.map(tuple), st.booleans()),
                st.builds(Phrase, st.just(place), told.map(tuple), st.booleans()),
            ]
    return st.one_of(ways)


def _values(index: Index, place: Place) -> list[Any]:
    """What documents have there, whoever sees it."""
    resource = place.join.resource if place.join else index.resource
    kind = place.field.of if place.field.kind is Kind.LIST else place.field.kind
    name = (resource.owner or "id") if place.field.name == "_owner" else place.field.name
    first, _, part = name.partition(".")
    found: list[Any] = []
    for document in DOCUMENTS[resource.documents]:
        value = document.get(first)
        value = (value or {}).get(part) if part else value
        found += [v for v in (value if isinstance(value, list) else [value]) if v is not None]
    if kind in NUMBERS:
        return [Decimal(v) for v in found] or [Decimal(0)]
    return [v.casefold() if kind in TEXTS else v for v in found] or ["00000000-0000-0000-0000-000000000000"]


def _uuid(text: str) -> UUID:
    return UUID(text)


def _some_id() -> str:
    return "00000000-0000-0000-0000-000000000064"


@pytest.mark.parametrize("who", ACTORS)
class SearchEngineContract:
    """Run per engine."""

    @pytest.mark.parametrize("n", range(len(FIXED)))
    async def test_it_finds_what_the_conditions_say_and_counts_it(self, engine: SearchEngine, who: str, n: int) -> None:
        """Every condition, on every edge, for everybody."""
        index, where = FIXED[n]
        expected = oracle(ACTORS[who]).found(index, where)
        found = await engine.search(Question(index, where, limit=100), ACTORS[who])
        assert ids(found) == ids(expected)
        assert found.total == len(expected) == await engine.count(index, where, ACTORS[who])

    @pytest.mark.parametrize("n", range(len(ORDERS)))
    async def test_pages_cover_all_once_and_in_order_by_number_and_by_cursor(
        self, engine: SearchEngine, who: str, n: int
    ) -> None:
        """Absent values last, equals by id, whichever way one turns the pages."""
        index, orders = ORDERS[n]
        truth = oracle(ACTORS[who])
        expected = ids(truth.ordered(index, truth.found(index, Everything()), orders))
        asked = Question(index, Everything(), orders, limit=3)
        by_number = [await engine.search(replace(asked, start=start), ACTORS[who]) for start in range(0, 21, 3)]
        assert [id for page in by_number for id in ids(page)] == expected
        by_cursor: list[str] = []
        page = await engine.search(asked, ACTORS[who])
        while page.hits:
            by_cursor += ids(page)
            page = await engine.search(replace(asked, after=page.hits[-1].cursor), ACTORS[who])
            assert page.total == len(expected)
        assert by_cursor == expected

    @pytest.mark.parametrize("n", range(len(FACETS)))
    async def test_facets_count_all_that_is_found_and_seen(self, engine: SearchEngine, who: str, n: int) -> None:
        """Of a list each item; of what the caller does not see nothing."""
        index, place = FACETS[n]
        truth = oracle(ACTORS[who])
        expected = truth.facet(index, truth.found(index, Everything()), place)
        found = await engine.search(Question(index, Everything(), limit=1, facets=(Facet(place),)), ACTORS[who])
        counts = [(f.value, f.count) for f in found.facets[place.name]]
        wanted = [(v == "true" if place.field.kind is Kind.BOOLEAN else v, n) for v, n in expected]
        assert counts == wanted

    async def test_what_is_joined_is_what_the_caller_sees(self, engine: SearchEngine, who: str) -> None:
        """The one, or null; of many the newest."""
        truth = oracle(ACTORS[who])
        found = await engine.search(Question(STAYS, Everything(), limit=100), ACTORS[who])
        for hit in found.hits:
            for join in STAYS.joins:
                expected = [d["id"] for d in truth.joined(join, STAYS, hit.document)]
                got = hit.joined[join.name]
                if join.many:
                    assert isinstance(got, list)
                    assert [d["id"] for d in got] == expected[: join.most]
                else:
                    assert (got["id"] if isinstance(got, dict) else None) == next(iter(expected), None)

    async def test_one_is_got_as_it_is_found(self, engine: SearchEngine, who: str) -> None:
        """Of a document that is not seen there is nothing to get."""
        for index in INDEXES:
            seen = ids(oracle(ACTORS[who]).found(index, Everything()))
            for document in DOCUMENTS[index.resource.documents]:
                hit = await engine.get(index, _uuid(document["id"]), ACTORS[who])
                assert (hit is not None) == (document["id"] in seen)

    async def test_a_cursor_of_another_search_is_refused(self, engine: SearchEngine, who: str) -> None:
        """Whatever it is made of."""
        asked = Question(LISTINGS, Everything(), (ByField(PRICE),))
        for cursor in [("=1",), ("=x", "y"), ("=abc", _some_id()), ("", _some_id()), ("=1e999999", _some_id())]:
            with pytest.raises(Invalid):
                await engine.search(replace(asked, after=cursor), ACTORS[who])

    @given(asked=st.sampled_from(INDEXES).flatmap(lambda index: st.tuples(st.just(index), conditions(index))))
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    async def test_it_finds_what_any_question_says(
        self, engine: SearchEngine, who: str, asked: tuple[Index, Condition]
    ) -> None:
        """Questions that nobody thought of."""
        index, where = asked
        expected = oracle(ACTORS[who]).found(index, where)
        found = await engine.search(Question(index, where, limit=100), ACTORS[who])
        assert ids(found) == ids(expected)
