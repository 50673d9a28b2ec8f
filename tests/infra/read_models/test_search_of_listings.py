"""What listing search asks in SQL, held to what the domain and the words say of one document."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from psycopg import sql

from domain.calendar_month import CalendarMonth
from domain.catalogue import RESOURCES
from domain.listing import BookingPolicies, Offer
from domain.money import major
from domain.pricing import min_stay, price
from domain.resources.catalog import LISTING, LISTING_LOCALE_TEXT
from domain.stay import Nights
from domain.terms import Terms
from infra.postgres import ready
from infra.postgres.migrate import migrate
from infra.read_models.catalogue import prepare
from infra.read_models.codec import to_json
from infra.read_models.documents import terms_of
from infra.read_models.rules import TRUE, Parameters
from infra.read_models.search.prices import stay_price
from infra.read_models.search.stays import free
from infra.read_models.search.told import relevance, told
from infra.read_models.side import models_of
from projections.catalogue import PROJECTIONS
from projections.listings import offer as document_of
from projections.words import words
from read_api.search.algebra import FreeNights, Stay
from read_api.search.declared import Join
from tests.searching.offers import FIRST, FOUND_BY, INDEX, PLAIN, WORDED, calendars, lengths, offers, rates_of

D = ready.Identifier("d")


@pytest.fixture(scope="module")
def tables(module_database: str) -> Iterator[psycopg.Connection[Any]]:
    """A database with the empty tables of every read model."""

    async def made() -> None:
        await migrate(module_database)
        await prepare(module_database, models_of(PROJECTIONS, RESOURCES))

    asyncio.run(made())
    with psycopg.connect(module_database, autocommit=True) as connection:
        yield connection


class Shelf:
    """One listing with what belongs to it, in the tables for as long as a question is asked."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.id = uuid4()

    def listing(self, offer: Offer, **more: Any) -> None:
        document = document_of(offer) | {"id": str(self.id), "isActive": True, "isPublished": True} | more
        self._put("doc_listing", self.id, document, terms_of(LISTING.tells, document) if LISTING.tells else "")

    def text(self, language: str, title: str, description: str = "", *, active: bool = True) -> None:
        document = {
            "id": str(uuid4()),
            "listingId": str(self.id),
            "languageCode": language,
            "localizedTitle": title,
            "localizedDescription": description,
            "isActive": active,
        }
        tells = LISTING_LOCALE_TEXT.tells
        self._put("doc_listing_locale_text", uuid4(), document, terms_of(tells, document) if tells else "")

    def night(self, night: date, **fields: Any) -> None:
        document = {"listingId": str(self.id), "date": night.isoformat(), "isActive": True, "isAvailable": True}
        self._put("doc_listing_calendar", CalendarMonth.night_id(self.id, night), document | fields)

    def ask(self, what: sql.Composable, parameters: Parameters) -> Any:
        question = sql.SQL("SELECT {} FROM doc_listing AS d WHERE d.id = {}").format(what, parameters(self.id))
        return self.connection.execute(question, parameters.values).fetchone()[0]  # type: ignore[index]

    def _put(self, table: str, id: UUID, document: dict[str, Any], terms: str | None = None) -> None:
        columns = ["id", "body", "position"] + (["terms"] if terms is not None else [])
        insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        )
        self.connection.execute(insert, [id, to_json(document), 1, terms][: len(columns)])


@contextmanager
def shelf(connection: psycopg.Connection[Any]) -> Iterator[Shelf]:
    with connection.transaction(force_rollback=True):
        yield Shelf(connection)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(offers(), calendars, lengths)
def test_sql_prices_a_stay_as_the_domain_does(
    tables: psycopg.Connection[Any], offer: Offer, calendar: Mapping[date, Any], length: int
) -> None:
    """Overrides, seasons, discounts, fees and tax: the same sum, to the last minor unit, in every currency."""
    nights, terms = Nights(FIRST, FIRST + timedelta(length)), Terms()
    overrides = {day: own for day, (own, *_) in calendar.items() if own is not None}
    with shelf(tables) as there:
        there.listing(offer)
        for day, (own, *_) in calendar.items():
            there.night(day, priceOverride=None if own is None else major(own, offer.currency))
        parameters = Parameters()
        found = there.ask(stay_price(Stay(nights.start, nights.end, terms), parameters, D), parameters)
    assert found == price(nights, rates_of(offer), overrides, terms).total


def test_the_largest_prices_of_the_longest_stay_are_exact(tables: psycopg.Connection[Any]) -> None:
    """Nothing overflows, and a stay that is longer is refused rather than mispriced."""
    offer = replace(PLAIN, price_per_night=10**12, city_tax_rate=10_000, policies=BookingPolicies(cleaning_fee=10**12))
    nights = Nights(FIRST, FIRST + timedelta(730))
    with shelf(tables) as there:
        there.listing(offer)
        parameters = Parameters()
        found = there.ask(stay_price(Stay(nights.start, nights.end, Terms()), parameters, D), parameters)
        with pytest.raises(ValueError, match="cannot be priced"):
            stay_price(Stay(FIRST, FIRST + timedelta(731), Terms()), parameters, D)
    assert found == price(nights, rates_of(offer), {}, Terms()).total


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(offers(), calendars, lengths)
def test_sql_finds_free_nights_as_the_rules_say(
    tables: psycopg.Connection[Any], offer: Offer, calendar: Mapping[date, Any], length: int
) -> None:
    """Every night free, and as long as the arrival's entry, its season or the listing asks, and no longer."""
    nights = Nights(FIRST, FIRST + timedelta(length))
    taken = {day for day, (_, _, available, active) in calendar.items() if active and not available}
    entry = calendar.get(FIRST)
    asked_for = min_stay(FIRST, rates_of(offer), entry[1] if entry is not None and entry[3] else None, 1)
    expected = not taken & set(nights) and asked_for <= length <= (offer.max_stay or 365)
    with shelf(tables) as there:
        there.listing(offer)
        for day, (_, least, available, active) in calendar.items():
            there.night(day, minStay=least, isAvailable=available, isActive=active)
        parameters = Parameters()
        assert there.ask(free(FreeNights(nights.start, nights.end), parameters, D), parameters) is expected


def found(there: Shelf, query: str, *, few: bool) -> bool:
    parameters = Parameters()
    return bool(there.ask(told(INDEX, words(query), parameters, alive, D, few=few), parameters))


def alive(_: Join, table: ready.Identifier) -> sql.Composable:
    return sql.SQL("{}.body->'isActive' = 'true'::jsonb").format(table)


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize(("query", "expected"), FOUND_BY)
def test_every_word_is_found_in_the_listing_or_in_one_of_its_texts(
    tables: psycopg.Connection[Any], query: str, expected: bool, few: bool
) -> None:
    """Stemmed in each text's language, one slip forgiven, each word wherever it stands; deleted texts say nothing."""
    with shelf(tables) as there:
        there.listing(PLAIN)
        for language, title, description, active in WORDED:
            there.text(language, title, description, active=active)
        assert found(there, query, few=few) is expected


def test_the_nearer_and_the_higher_a_word_stands_the_more_it_counts(tables: psycopg.Connection[Any]) -> None:
    """Title before place before text, as it is before stemmed before amiss, and locale texts like the listing's own."""
    with shelf(tables) as there:
        there.listing(replace(PLAIN, title="Garden lofts", description="Quiet houses"))
        there.text("de", "Häuser")
        points = []
        for word in ("garden", "loft", "paris", "quiet", "house", "quite", "haus", "garden quiet"):
            parameters = Parameters()
            points.append(there.ask(relevance(INDEX, words(word), parameters, lambda *_: TRUE, D), parameters))
    assert points == [12, 9, 8, 4, 3, 1, 9, 16]
