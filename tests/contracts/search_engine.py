"""What every search engine keeps to. A subclass brings the fixture `engine`, over the documents of `known.WORLD`.

Each answers as `tests.searching.oracle` says of one document at a time, and where answers are known by heart, so.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actor import NOBODY, Actor
from domain.errors import Invalid
from domain.terms import Terms
from projections.projection import Document
from projections.words import words
from read_api.search.algebra import (
    And,
    Box,
    ByDistance,
    ByStayPrice,
    Condition,
    Everything,
    Facet,
    FreeNights,
    Not,
    OneOf,
    Prefix,
    Question,
    Range,
    Regexp,
    Stay,
    Told,
    Wildcard,
    Within,
)
from read_api.search.declared import Index
from read_api.search.ports import SearchEngine
from read_api.shown import shown
from tests.contracts.search_listings import SearchListingsContract
from tests.contracts.search_pages import SearchPagesContract
from tests.contracts.search_seen import SearchSeenContract
from tests.searching.known import (
    AN_EXAMPLE,
    BY_CHANCE,
    ORACLE,
    TEXTS,
    TITLE,
    WORLD,
    all_of,
    ids,
    people,
    place_of,
    questions,
    told,
    told_by,
)
from tests.searching.stays import stay_price
from tests.searching.world import (
    ADMIN,
    BOOKINGS,
    DAY,
    HUGO,
    INDEXES,
    LISTINGS,
    REVIEWS,
    TITLES,
    id_of,
)


class SearchEngineContract(SearchPagesContract, SearchListingsContract, SearchSeenContract):
    """Answers as the algebra says, of no more than the caller sees."""

    @pytest.mark.parametrize(
        ("condition", "expected"), TEXTS, ids=[f"{type(c).__name__} {n}" for n, (c, _) in enumerate(TEXTS)]
    )
    async def test_texts_are_found_as_the_algebra_says(
        self, engine: SearchEngine, condition: Condition, expected: set[str]
    ) -> None:
        """Without case, in words or whole, with every character that means something elsewhere."""
        assert await told_by(engine, condition) == expected
        asked = Question(LISTINGS, And((AN_EXAMPLE, condition)))
        assert {WORLD.documents["listing"][id]["title"] for id in ORACLE.answer(asked, NOBODY).ids} == expected

    @BY_CHANCE
    @given(question=questions, actor=people)
    async def test_any_question_is_answered_as_the_oracle_does(
        self, engine: SearchEngine, question: Question, actor: Actor
    ) -> None:
        """Rows, their order, the total and the facets."""
        found = await all_of(engine, question, actor)
        assert told(found) == ORACLE.answer(question, actor)
        assert found.total == len(found.hits)
        assert await engine.count(question.index, question.where, actor) == found.total

    @BY_CHANCE
    @given(index=st.sampled_from(INDEXES), actor=people, number=st.integers(0, 99))
    async def test_a_document_is_got_as_it_is_searched(
        self, engine: SearchEngine, index: Index, actor: Actor, number: int
    ) -> None:
        """With what is joined to it, both as the caller sees them; what is not theirs to see is not there."""
        documents = [*WORLD.documents[index.resource.documents].values()]
        document = documents[number % len(documents)]
        hit = await engine.get(index, UUID(document["id"]), actor)
        if not ORACLE.sees(index.resource, document, actor):
            assert hit is None
            return
        assert hit is not None
        seen = ORACLE.facts(index.resource, document, actor)
        assert shown(index.resource, hit.document, actor) == shown(index.resource, seen, actor)
        assert set(hit.joined) == {join.name for join in index.joins}
        for join in index.joins:
            expected = [
                shown(join.resource, ORACLE.facts(join.resource, other, actor), actor)
                for other in ORACLE.all(join, index, document, actor)
            ]
            there = hit.joined[join.name]
            assert isinstance(there, list) is join.many
            some: list[Document] = there if isinstance(there, list) else [there] if there is not None else []
            assert [shown(join.resource, other, actor) for other in some] == expected

    async def test_numbers_are_exact(self, engine: SearchEngine) -> None:
        """100, 100.0 and 100.00 are one number, and none is 100.1."""
        price = place_of(LISTINGS, "pricePerNight")

        async def at(condition: Condition) -> set[Decimal]:
            found = await all_of(engine, Question(LISTINGS, condition), ADMIN)
            return {Decimal(hit.document["pricePerNight"]) for hit in found.hits}

        hundred, more = Decimal(100), Decimal("100.1")
        assert await at(OneOf(price, (Decimal("100.000"),))) == {hundred}
        assert await at(Range(price, hundred, more, low_in=False)) == {more}
        assert await at(Range(price, hundred, more, high_in=False)) == {hundred}
        assert await at(Range(price, Decimal("100.05"), Decimal("100.09"))) == set()
        assert await at(Range(price, Decimal("0.009999"), Decimal("0.010001"))) == {Decimal("0.01")}
        assert await at(Range(price, Decimal("999999999.989"))) == {Decimal("999999999.99")}

    async def test_boxes_and_circles_know_the_date_line_and_the_poles(self, engine: SearchEngine) -> None:
        """What lies near one another is near one another, whatever its degrees."""
        location = place_of(LISTINGS, "location")

        async def at(condition: Condition) -> set[tuple[Decimal, Decimal]]:
            found = await all_of(engine, Question(LISTINGS, condition), ADMIN)
            points = [hit.document["location"] for hit in found.hits]
            return {(Decimal(point["lat"]), Decimal(point["lon"])) for point in points}

        taveuni = {(Decimal("-16.5"), Decimal("179.9")), (Decimal("-16.5"), Decimal("-179.9"))}
        line = {(Decimal(-17), Decimal(180)), (Decimal(-17), Decimal(-180))}
        around = Decimal(-20), Decimal("179.5"), Decimal(-10), Decimal("-179.5")
        assert await at(Box(location, *around)) == taveuni | line
        assert await at(Box(location, around[0], around[3], around[2], around[1])) == set()
        assert await at(Box(location, Decimal(-17), Decimal(180), Decimal(-17), Decimal(180))) == {max(line)}
        least, paris = Decimal("0.0000001"), (Decimal("48.8566"), Decimal("2.3522"))
        assert await at(Box(location, *paris, *paris)) == {paris}
        assert await at(Box(location, paris[0], Decimal(2), paris[0], paris[1] - least)) == set()
        assert await at(Within(location, Decimal("-16.5"), Decimal(180), Decimal(11_000))) == taveuni
        assert await at(Within(location, Decimal(-90), Decimal(-120), Decimal(200))) == {
            (Decimal("-89.999"), Decimal("45.5"))
        }
        assert await at(Within(location, Decimal(90), Decimal(120), Decimal(1))) == {(Decimal(90), Decimal(0))}

    async def test_the_nearest_come_first_and_say_how_far_they_are(self, engine: SearchEngine) -> None:
        """In metres."""
        lat, lon = Decimal("48.8566"), Decimal("2.3522")
        question = Question(LISTINGS, Everything(), (ByDistance(place_of(LISTINGS, "location"), lat, lon),))
        found = await all_of(engine, question, ADMIN)
        far = [hit.distance for hit in found.hits]
        assert far == sorted(far, key=lambda metres: metres if metres is not None else 1e9)
        berlin = next(hit.distance for hit in found.hits if hit.document["location"]["city"] == "Berlin")
        assert berlin == pytest.approx(877_463, abs=10)

    async def test_words_are_found_stemmed_and_forgiven_in_every_text(self, engine: SearchEngine) -> None:
        """The listing's own, and those in other languages that the caller sees."""
        for said in ("lofts", "lotf paris", "hauser", "toits", "nowhere", "haus loft"):
            question = Question(LISTINGS, Told(words(said)))
            for actor in (NOBODY, HUGO):
                found = await all_of(engine, question, actor)
                assert set(ids(found)) == set(ORACLE.answer(question, actor).ids), said

    async def test_words_are_found_whole_in_texts_without_terms(self, engine: SearchEngine) -> None:
        """Such as the title of the listing that a stay is at, as far as the caller sees it."""
        for index in (BOOKINGS, REVIEWS):
            for said in ("loft", "haus", "nowhere"):
                question = Question(index, Told(words(said)))
                for actor in (NOBODY, HUGO, ADMIN):
                    found = await all_of(engine, question, actor)
                    assert set(ids(found)) == set(ORACLE.answer(question, actor).ids), said
        assert (await engine.search(Question(BOOKINGS, Told(words("loft"))), ADMIN)).total

    @pytest.mark.parametrize("descending", [False, True])
    async def test_stays_are_priced_and_ordered_by_price(self, engine: SearchEngine, descending: bool) -> None:
        """Currencies apart, each price as the domain has it, only those that are free."""
        stay = Stay(DAY, DAY + timedelta(3), Terms())
        where = FreeNights(stay.first, stay.end)
        found = await all_of(engine, Question(LISTINGS, where, (ByStayPrice(descending),), stay=stay), ADMIN)
        assert sorted(ids(found)) == sorted(ORACLE.answer(Question(LISTINGS, where), ADMIN).ids)
        nights = WORLD.documents["listingCalendar"].values()
        for hit in found.hits:
            assert hit.stay_price == stay_price(stay, WORLD.documents["listing"][hit.document["id"]], nights)
        way = -1 if descending else 1
        keys = [(h.document["currency"], way * (h.stay_price or 0), h.document["id"]) for h in found.hits]
        assert keys == sorted(keys)

    async def test_what_a_stay_may_cost_is_asked_in_its_currency(self, engine: SearchEngine) -> None:
        """Both bounds are in, and other currencies out."""
        stay = Stay(DAY, DAY + timedelta(3), Terms())
        everything = await all_of(engine, Question(LISTINGS, Everything(), (ByStayPrice(),), stay=stay), ADMIN)
        euros = sorted({h.stay_price for h in everything.hits if h.document["currency"] == "EUR" and h.stay_price})
        low, high = euros[1], euros[-2]
        asked = Question(
            LISTINGS, Everything(), stay=stay, price=(Decimal(low).scaleb(-2), Decimal(high).scaleb(-2), "EUR")
        )
        found = await all_of(engine, asked, ADMIN)
        assert {h.stay_price for h in found.hits} == set(euros[1:-1])
        assert {h.document["currency"] for h in found.hits} == {"EUR"}

    async def test_facets_by_bounds_count_each_that_has_at_least_as_much(self, engine: SearchEngine) -> None:
        """In the order asked, none left out."""
        rating = place_of(LISTINGS, "rating.averageRating")
        bounds = (Decimal("4.5"), Decimal(3), Decimal(5), Decimal("3.33"))
        question = Question(LISTINGS, Everything(), facets=(Facet(rating, bounds=bounds),))
        for actor in (NOBODY, ADMIN):
            assert told(await all_of(engine, question, actor)).facets == ORACLE.answer(question, actor).facets

    async def test_what_no_text_can_hold_is_found_nowhere(self, engine: SearchEngine) -> None:
        """Rather than that the engine fails at it; nor is it in the way of what is."""
        for odd in ("\x00", "lo\x00ft", "\ud800"):
            for condition in (OneOf(TITLE, (odd,)), Prefix(TITLE, odd), Wildcard(TITLE, f"*{odd}*")):
                assert await told_by(engine, condition) == set()
                assert await told_by(engine, Not(condition)) == set(TITLES)
            assert await told_by(engine, OneOf(TITLE, (odd, "loft"))) == {"loft", "Loft"}

    async def test_what_is_no_id_is_nobodys(self, engine: SearchEngine) -> None:
        """An id is compared as it is, and what cannot be one is none."""
        id = id_of("listing", "title 0")
        for field in ("id", "hostId"):
            assert await engine.count(LISTINGS, OneOf(LISTINGS.places[field], ("x", "", "\x00")), ADMIN) == 0
        found = await engine.search(Question(LISTINGS, OneOf(LISTINGS.places["id"], ("x", id))), ADMIN)
        assert ids(found) == [id]

    @pytest.mark.parametrize(
        "pattern", ["(", "a{2,1}", "a{101}", "a**", "[b-a]", "\\w", "^a", "(?i)a", "\x00", "a" * 201]
    )
    async def test_what_is_no_expression_is_refused_by_the_name_of_its_field(
        self, engine: SearchEngine, pattern: str
    ) -> None:
        """As bad input."""
        with pytest.raises(Invalid) as refused:
            await engine.search(Question(LISTINGS, Regexp(TITLE, pattern)), NOBODY)
        assert set(refused.value.detail["fields"]) == {"title"}
