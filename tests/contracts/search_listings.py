"""What every search engine keeps to of searches for listings, from the parameters that guests send.

Part of `tests.contracts.search_engine`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from domain.actor import NOBODY
from domain.errors import Invalid
from domain.terms import Terms
from read_api.search.algebra import ByRelevance, Question
from read_api.search.listing_question import PARAMETERS, parse
from read_api.search.ports import SearchEngine
from tests.searching.known import BY_CHANCE, ORACLE, all_of, ids, told
from tests.searching.world import DAY, LISTINGS, id_of

NOW = datetime(2031, 3, 20, 12, tzinfo=UTC)
Parameters = list[tuple[str, str]]


def _one(*values: str) -> st.SearchStrategy[list[str]]:
    return st.sampled_from(values).map(lambda value: [value])


def _dates() -> st.SearchStrategy[tuple[str, str]]:
    """Stays around the nights that calendars speak of, some of them past or far ahead."""
    firsts = st.integers(-2, 4) | st.sampled_from([-9, 300])
    return st.builds(
        lambda first, nights: (f"{DAY + timedelta(first)}", f"{DAY + timedelta(first + nights)}"),
        firsts,
        st.sampled_from([1, 2, 3, 12]),
    )


SAID: dict[str, st.SearchStrategy[list[str]]] = {
    "q": _one("loft", "lotf paris", "häuser", "roofs under", "İstanbul", "nowhere"),
    "bbox": _one("48,2,49,3", "-20,179.5,-10,-179.5", "-90,-180,90,180", "0,0,0,0"),
    "near": _one("48.8566,2.3522", "-16.5,180", "90,0"),
    "distance": _one("1", "30123.4", "900111", "20100000"),
    "guests": _one("1", "4", "5", "13"),
    "minPrice": _one("0", "99.99", "300", "40000"),
    "maxPrice": _one("100", "400.5", "1000", "999999"),
    "currency": _one("EUR", "JPY", "KWD"),
    "propertyType": st.lists(st.sampled_from(["apartment", "house", "loft"]), max_size=2),
    "amenityIds": st.lists(st.integers(1, 2).map(lambda n: id_of("amenity", n)), max_size=2, unique=True),
    "minRating": _one("3", "4.5", "5"),
    "approvalType": st.lists(st.sampled_from(["instant", "manual"]), max_size=1),
    "languages": st.lists(st.sampled_from(["de", "EN", "fr"]), max_size=2),
    "sort": _one("relevance", "price", "-price", "rating", "distance", "newest"),
}


@st.composite
def searches(draw: st.DrawFn) -> Parameters:
    """Parameters that fit together, most of them left out."""
    chosen = draw(st.sets(st.sampled_from([*SAID]), max_size=5))
    parameters = [(name, value) for name in sorted(chosen) for value in draw(SAID[name])]
    if draw(st.booleans()):
        first, end = draw(_dates())
        parameters += [("checkIn", first), ("checkOut", end)]
    return parameters


def question_of(parameters: Iterable[tuple[str, str]]) -> Question:
    """What they ask, of the world's listings, which are joined as those that guests search. Raises Invalid."""
    return replace(parse(parameters, NOW, Terms()).question, index=LISTINGS)


class SearchListingsContract:
    """Answers guests as the marketplace's rules say."""

    @BY_CHANCE
    @given(parameters=searches())
    async def test_any_search_for_listings_is_answered_as_the_oracle_does(
        self, engine: SearchEngine, parameters: Parameters
    ) -> None:
        """Rows, their order (that of relevance apart), the prices of their stays, the total and the facets."""
        try:
            question = question_of(parameters)
        except Invalid:
            assume(False)
            raise
        found = await all_of(engine, question, NOBODY)
        expected = ORACLE.answer(question, NOBODY)
        if any(isinstance(order, ByRelevance) for order in question.orders):
            assert sorted(ids(found)) == sorted(expected.ids)
        else:
            assert ids(found) == expected.ids
        assert told(found).facets == expected.facets
        assert found.total == len(expected.ids)
        for hit in found.hits:
            assert hit.stay_price == ORACLE.stay_price(question, ORACLE.documents["listing"][hit.document["id"]])

    def test_every_parameter_of_a_search_is_tried(self) -> None:
        """All that is asked of an engine."""
        of_the_page = {"pageNumber", "pageRowCount", "cursor", "language"}
        assert {*SAID, "checkIn", "checkOut"} == set(PARAMETERS) - of_the_page
