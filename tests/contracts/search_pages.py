"""What every search engine keeps to of orders, pages and cursors. Part of `tests.contracts.search_engine`."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.actor import NOBODY, Actor
from domain.errors import Invalid
from domain.resource import Kind
from projections.words import words
from read_api.search.algebra import (
    ByField,
    ByRelevance,
    Everything,
    Facet,
    Question,
    Told,
)
from read_api.search.declared import Index
from read_api.search.ports import SearchEngine
from tests.searching.known import (
    ALL,
    AN_EXAMPLE,
    BY_CHANCE,
    ORACLE,
    TITLE,
    all_of,
    ids,
    people,
    place_of,
    questions,
    told,
)
from tests.searching.world import (
    ADMIN,
    GINA,
    HUGO,
    INDEXES,
    LISTINGS,
    TITLES,
)


class SearchPagesContract:
    """Every page of one order exactly once, by number and by cursor."""

    @pytest.mark.parametrize("actor", [NOBODY, GINA, HUGO, ADMIN], ids=["nobody", "guest", "host", "admin"])
    @pytest.mark.parametrize("index", INDEXES, ids=lambda index: index.name)
    async def test_every_field_orders_and_counts(self, engine: SearchEngine, index: Index, actor: Actor) -> None:
        """Both ways, absent values last, equals by id; numbers by their size, however they are written."""
        for number, where in enumerate(index.places.values()):
            if where.field.kind is Kind.OBJECT or where.field.of is Kind.OBJECT:
                continue
            orders = () if where.field.kind is Kind.LIST else (ByField(where, descending=bool(number % 2)),)
            facets = () if where.field.kind is Kind.TEXT else (Facet(where, most=5),)
            question = Question(index, Everything(), orders, facets=facets)
            assert told(await all_of(engine, question, actor)) == ORACLE.answer(question, actor), where.name

    @BY_CHANCE
    @given(question=questions, actor=people, limit=st.integers(1, 30))
    async def test_pages_by_number_and_by_cursor_cover_all_exactly_once(
        self, engine: SearchEngine, question: Question, actor: Actor, limit: int
    ) -> None:
        """In the same order, each with the same total and facets."""
        everything = await all_of(engine, question, actor)
        assume(everything.total > limit)
        limit = max(limit, everything.total // 5)  # pages enough
        by_number: list[str] = []
        by_cursor: list[str] = []
        after = None
        for start in range(0, everything.total + limit, limit):
            page = await engine.search(replace(question, start=start, limit=limit), actor)
            assert (page.total, page.facets) == (everything.total, everything.facets)
            by_number += ids(page)
            page = await engine.search(replace(question, limit=limit, after=after), actor)
            assert (page.total, page.facets) == (everything.total, everything.facets)
            by_cursor += ids(page)
            after = page.hits[-1].cursor if page.hits else after
        assert by_number == by_cursor == ids(everything)

    async def test_relevance_is_a_total_order(self, engine: SearchEngine) -> None:
        """Its pages cover all that is found, once, by number and by cursor."""
        question = Question(LISTINGS, Told(words("loft")), (ByRelevance(),))
        everything = await all_of(engine, question, ADMIN)
        assert sorted(ids(everything)) == sorted(ORACLE.answer(replace(question, orders=()), ADMIN).ids)
        by_number: list[str] = []
        by_cursor: list[str] = []
        after = None
        for start in range(0, everything.total, 7):
            by_number += ids(await engine.search(replace(question, start=start, limit=7), ADMIN))
            page = await engine.search(replace(question, limit=7, after=after), ADMIN)
            by_cursor += ids(page)
            after = page.hits[-1].cursor
        assert by_number == by_cursor == ids(everything)

    @pytest.mark.parametrize(
        "after",
        [(), ("",), ("x",) * 2, ("\x00", "\x00"), ("null", "null"), ("9" * 500, "é"), ("{}", "[]"), ("1",) * 40],
        ids=repr,
    )
    async def test_what_is_no_cursor_is_refused(self, engine: SearchEngine, after: tuple[str, ...]) -> None:
        """As bad input, whatever it is."""
        question = Question(LISTINGS, Everything(), (ByField(place_of(LISTINGS, "pricePerNight")),), after=after)
        with pytest.raises(Invalid):
            await engine.search(question, NOBODY)

    async def test_a_cursor_of_another_order_is_refused(self, engine: SearchEngine) -> None:
        """It would point nowhere."""
        by_title, by_price = (ByField(place_of(LISTINGS, name)) for name in ("title", "pricePerNight"))
        page = await engine.search(Question(LISTINGS, Everything(), (by_title,)), NOBODY)
        for orders in ((by_price,), (by_title, by_price), ()):
            with pytest.raises(Invalid):
                await engine.search(Question(LISTINGS, Everything(), orders, after=page.hits[-1].cursor), NOBODY)

    async def test_a_page_past_the_end_is_empty_and_knows_the_total(self, engine: SearchEngine) -> None:
        """However far past it lies."""
        for start in (10_000, 20_000_000):
            found = await engine.search(Question(LISTINGS, AN_EXAMPLE, start=start), NOBODY)
            assert (found.hits, found.total) == ([], len(TITLES))

    async def test_a_document_that_vanished_or_changed_does_not_lose_the_cursor_its_place(
        self, engine: SearchEngine
    ) -> None:
        """A cursor has the place in itself: what it stands for, not where a document stood."""
        question: Any = Question(LISTINGS, AN_EXAMPLE, (ByField(TITLE),), limit=5)
        page = await engine.search(question, NOBODY)
        beyond = await engine.search(
            replace(question, after=page.hits[-1].cursor, where=Everything(), limit=ALL), NOBODY
        )
        everything = ids(await all_of(engine, replace(question, where=Everything()), NOBODY))
        assert ids(beyond) == everything[everything.index(ids(page)[-1]) + 1 :]

    async def test_documents_of_joins_with_many_are_left_out_where_they_are_only_searched(
        self, engine: SearchEngine
    ) -> None:
        """There may be many, and long ones."""
        question: Any = Question(LISTINGS, AN_EXAMPLE, limit=5)
        many = [join.name for join in LISTINGS.joins if join.many]
        for how, of in (("shown", list), ("searched", type(None))):
            found = await engine.search(replace(question, many=how), ADMIN)
            assert {type(hit.joined[name]) for hit in found.hits for name in many} == {of}

    @pytest.mark.parametrize("room", [1, 700])
    async def test_of_joins_with_many_as_many_are_shown_as_have_room(
        self, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch, room: int
    ) -> None:
        """Callers write some of them long: the newest come first."""
        question = Question(LISTINGS, AN_EXAMPLE, limit=ALL)
        everything = await engine.search(question, ADMIN)
        for engine_of in ("infra.read_models.search.statement", "infra.opensearch.many"):
            monkeypatch.setattr(f"{engine_of}.ROOM", room)
        narrow = await engine.search(question, ADMIN)
        pairs = [
            (some.joined[join.name], every.joined[join.name])
            for some, every in zip(narrow.hits, everything.hits, strict=True)
            for join in LISTINGS.joins
            if join.many
        ]
        assert all(some == (every or [])[: len(some or [])] for some, every in pairs)  # type: ignore[index]
        shown, there = (sum(len(side or []) for side in sides) for sides in zip(*pairs, strict=True))
        assert shown == 0 < there if room == 1 else 0 < shown < there
