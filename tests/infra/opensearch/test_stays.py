"""Nights and prices reckoned inside the index, held to what the domain says of one listing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.actor import SYSTEM
from domain.calendar_month import CalendarMonth
from domain.catalogue import RESOURCES
from domain.listing import BookingPolicies, Offer
from domain.money import major
from domain.pricing import min_stay, price
from domain.resources.catalog import LISTING_LOCALE_TEXT
from domain.stay import Nights
from domain.terms import Terms
from infra.opensearch.client import Cluster
from infra.opensearch.compose import Composed, written
from infra.opensearch.engine import OpenSearchSearch
from infra.opensearch.layout import Layout
from infra.opensearch.mappings import mapping
from infra.opensearch.mappings import settings as kept
from infra.opensearch.writing import Write, Writing
from projections.listings import offer as document_of
from read_api.search.algebra import ByRelevance, ByStayPrice, Everything, FreeNights, Question, Stay, Told
from read_api.search.declared import Index
from tests.searching.offers import (
    FIRST,
    FOUND_BY,
    INDEX,
    PLAIN,
    TEXTS,
    WORDED,
    calendars,
    lengths,
    offers,
    rates_of,
)

pytestmark = pytest.mark.anyio

PLAIN_TEXTS = Index("listingLocaleText", LISTING_LOCALE_TEXT)
LAYOUTS = {index.name: Layout(index, {r.name: r for r in RESOURCES}) for index in (INDEX, PLAIN_TEXTS)}
Case = tuple[Offer, Mapping[date, Any]]


class Shelf:
    """Listings in an index of the test's own, written as the indexer writes them."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.aliases = {name: f"test-{uuid4().hex}-{name.lower()}" for name in LAYOUTS}
        self.engine = OpenSearchSearch(cluster, LAYOUTS, self.aliases, self)
        self.position = 0

    async def until(self, position: int, index: str, seconds: float) -> None:
        """It waits for nobody."""

    async def make(self) -> None:
        shape = kept(shards=1, replicas=0, refresh_seconds=60)
        for name, layout in LAYOUTS.items():
            made = {"settings": {"index": shape}, "mappings": mapping(layout)}
            await self.cluster.ask("PUT", f"/{self.aliases[name]}", made, seconds=60)

    async def put(self, documents: list[Composed]) -> None:
        self.position += 1
        writes = [
            Write(self.aliases["listing"], one.document["id"], self.position, written(one, listing=True))
            for one in documents
        ]
        assert await Writing(self.cluster).all(writes) == []
        await self.cluster.ask("POST", f"/{self.aliases['listing']}/_refresh")

    async def clear(self) -> None:
        query: dict[str, Any] = {"query": {"match_all": {}}}
        await self.cluster.ask(
            "POST", f"/{self.aliases['listing']}/_delete_by_query", query, params={"refresh": "true"}, seconds=60
        )


@pytest.fixture(scope="module")
async def shelf(opensearch: str) -> AsyncIterator[Shelf]:
    async with Cluster(opensearch, seconds=60.0) as cluster:
        shelf = Shelf(cluster)
        await shelf.make()
        yield shelf
        for name in shelf.aliases.values():
            await cluster.ask("DELETE", f"/{name}", seconds=60)


def composed(offer: Offer, calendar: Mapping[date, Any], id: UUID) -> Composed:
    """A listing with its calendar, as they would be composed."""
    common = {"isActive": True, "isPublished": True, "hostId": str(uuid4()), "createdAt": "2031-01-01T00:00:00.000Z"}
    document = document_of(offer) | {"id": str(id)} | common
    nights = [
        {
            "id": str(CalendarMonth.night_id(id, day)),
            "date": day.isoformat(),
            "listingId": str(id),
            "priceOverride": None if own is None else major(own, offer.currency),
            "minStay": least,
            "isAvailable": available,
            "isActive": active,
        }
        for day, (own, least, available, active) in calendar.items()
    ]
    return Composed(LAYOUTS["listing"].root, document, nights=nights)


@settings(max_examples=12, suppress_health_check=list(HealthCheck), deadline=None)
@given(cases=st.lists(st.tuples(offers(), calendars), min_size=1, max_size=40), length=lengths)
async def test_the_index_prices_stays_and_finds_free_nights_as_the_domain_does(
    shelf: Shelf, cases: list[Case], length: int
) -> None:
    """The same sum to the last minor unit in every currency, the same listings free, and in the order of price."""
    nights, terms = Nights(FIRST, FIRST + timedelta(length)), Terms()
    await shelf.clear()
    by_id = {str(uuid4()): case for case in cases}
    await shelf.put([composed(offer, calendar, UUID(id)) for id, (offer, calendar) in by_id.items()])
    stay = Stay(nights.start, nights.end, terms)
    expected = {id: _priced(offer, calendar, nights, terms) for id, (offer, calendar) in by_id.items()}
    told = await shelf.engine.search(Question(INDEX, Everything(), (ByStayPrice(),), limit=50, stay=stay), SYSTEM)
    assert {hit.document["id"]: hit.stay_price for hit in told.hits} == expected
    keys = [(hit.document["currency"], hit.stay_price, hit.document["id"]) for hit in told.hits]
    assert keys == sorted(keys)
    free = Question(INDEX, FreeNights(nights.start, nights.end), limit=50)
    found = {hit.document["id"] for hit in (await shelf.engine.search(free, SYSTEM)).hits}
    assert found == {id for id, (offer, calendar) in by_id.items() if _free(offer, calendar, nights)}


def _priced(offer: Offer, calendar: Mapping[date, Any], nights: Nights, terms: Terms) -> int:
    overrides = {day: own for day, (own, _, _, active) in calendar.items() if active and own is not None}
    return price(nights, rates_of(offer), overrides, terms).total


def _free(offer: Offer, calendar: Mapping[date, Any], nights: Nights) -> bool:
    taken = {day for day, (_, _, available, active) in calendar.items() if active and not available}
    entry = calendar.get(nights.start)
    least = min_stay(nights.start, rates_of(offer), entry[1] if entry is not None and entry[3] else None, 1)
    return not taken & set(nights) and least <= len(nights) <= (offer.max_stay or 365)


async def test_the_largest_prices_of_the_longest_stay_are_exact(shelf: Shelf) -> None:
    """Nothing overflows."""
    offer = replace(PLAIN, price_per_night=10**12, city_tax_rate=10_000, policies=BookingPolicies(cleaning_fee=10**12))
    nights = Nights(FIRST, FIRST + timedelta(730))
    await shelf.clear()
    await shelf.put([composed(offer, {}, uuid4())])
    stay = Stay(nights.start, nights.end, Terms())
    (hit,) = (await shelf.engine.search(Question(INDEX, Everything(), stay=stay), SYSTEM)).hits
    assert hit.stay_price == price(nights, rates_of(offer), {}, Terms()).total


@pytest.mark.parametrize(("query", "expected"), FOUND_BY)
async def test_every_word_is_found_in_the_listing_or_in_one_of_its_texts(
    shelf: Shelf, query: str, expected: bool
) -> None:
    """Stemmed in each text's language, one slip forgiven, each word wherever it stands; deleted texts say nothing."""
    await shelf.clear()
    listing = composed(PLAIN, {}, uuid4())
    (node,) = [node for node in LAYOUTS["listing"].root.children if node.join is TEXTS]
    listing.below[node.path] = [_text(node, *said, active=active) for *said, active in WORDED]
    await shelf.put([listing])
    assert await shelf.engine.count(INDEX, Told(tuple(query.split())), SYSTEM) == int(expected)


async def test_the_nearer_and_the_higher_a_word_stands_the_more_it_counts(shelf: Shelf) -> None:
    """Title before place before text, as it is before stemmed before amiss."""
    await shelf.clear()
    said = [
        replace(PLAIN, title="Garden", description="x"),
        replace(PLAIN, title="Gardens", description="x"),
        replace(PLAIN, title="x", description="A garden"),
        replace(PLAIN, title="x", description="All gardens"),
        replace(PLAIN, title="x", description="The gadren"),
    ]
    made = [composed(offer, {}, uuid4()) for offer in said]
    await shelf.put(made)
    found = await shelf.engine.search(Question(INDEX, Told(("garden",)), (ByRelevance(),)), SYSTEM)
    assert [hit.document["id"] for hit in found.hits] == [one.document["id"] for one in made]


def _text(node: Any, language: str, title: str, description: str = "", *, active: bool = True) -> Composed:
    told = {"localizedTitle": title, "localizedDescription": description, "languageCode": language}
    return Composed(node, {"id": str(uuid4()), "isActive": active} | told)
