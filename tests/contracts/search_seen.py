"""What every search engine keeps to of who sees what. Part of `tests.contracts.search_engine`."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.actor import NOBODY, SYSTEM, Actor
from read_api.search.algebra import (
    ByField,
    Everything,
    Exists,
    Facet,
    Missing,
    Not,
    OneOf,
    Prefix,
    Question,
    Wildcard,
)
from read_api.search.ports import SearchEngine
from tests.searching.known import (
    AN_EXAMPLE,
    ORACLE,
    TITLE,
    WORLD,
    all_of,
    ids,
    place_of,
    titles,
    told,
)
from tests.searching.world import (
    BOOKINGS,
    GINA,
    HUGO,
    LISTINGS,
    MODERATOR,
    NIGHTS,
    REVIEWS,
    TITLES,
    id_of,
)


class SearchSeenContract:
    """Nothing that the caller does not see is found, counted or ordered by."""

    async def test_the_product_itself_sees_what_was_not_deleted(self, engine: SearchEngine) -> None:
        """Unpublished listings as well."""
        found = await all_of(engine, Question(LISTINGS, AN_EXAMPLE), SYSTEM)
        assert titles(found) == {*TITLES, "Sealed"}

    async def test_what_is_sealed_or_gone_shows_nowhere(self, engine: SearchEngine) -> None:
        """Not to a stranger, in no count and no facet; to its host, what is unpublished."""
        hidden = OneOf(TITLE, ("sealed", "gone"))
        question = Question(LISTINGS, hidden, facets=(Facet(TITLE),))
        owner = UUID(WORLD.documents["listing"][id_of("listing", "sealed")]["hostId"])
        for actor, expected in ((NOBODY, set()), (GINA, set()), (Actor(owner, "user"), {"Sealed"})):
            found = await all_of(engine, question, actor)
            assert (titles(found), found.total) == (expected, len(expected))
            assert [one.value for one in found.facets["title"]] == [*expected]

    @pytest.mark.parametrize("actor", [GINA, HUGO, MODERATOR], ids=["guest", "host", "moderator"])
    async def test_a_field_that_is_not_seen_has_no_value(self, engine: SearchEngine, actor: Actor) -> None:
        """Conditions on it are false, `Not` turns them, orders put it last and facets do not count it."""
        code, submitted = place_of(REVIEWS, "blindSubmissionCode"), place_of(REVIEWS, "createdAt")
        seen = {d["id"] for d in ORACLE.visible(REVIEWS, actor)}
        own = {id for id in seen if actor.staff or WORLD.documents["review"][id]["reviewerId"] == str(actor.id)}
        for condition in (Exists(code), Prefix(code, "code"), Wildcard(code, "*"), OneOf(code, ("code-a", "code-b"))):
            assert set(ids(await all_of(engine, Question(REVIEWS, condition), actor))) == own
            assert set(ids(await all_of(engine, Question(REVIEWS, Not(condition)), actor))) == seen - own
        assert set(ids(await all_of(engine, Question(REVIEWS, Missing(code)), actor))) == seen - own
        ordered = (ByField(code, descending=True), ByField(submitted))
        found = await all_of(engine, Question(REVIEWS, Everything(), ordered, facets=(Facet(code),)), actor)
        assert set(ids(found)[: len(own)]) == own
        assert sum(one.count for one in found.facets["blindSubmissionCode"]) == len(own)

    async def test_a_list_that_is_not_seen_has_no_items(self, engine: SearchEngine) -> None:
        """Neither for a condition nor for a facet, on rows of others beside one's own."""
        calendars = place_of(NIGHTS, "externalCalendarIds")
        question = Question(NIGHTS, OneOf(calendars, ("EXT-A",)), facets=(Facet(calendars),))
        for actor in (NOBODY, GINA, HUGO, MODERATOR):
            found = await all_of(engine, question, actor)
            assert told(found) == ORACLE.answer(question, actor)
            assert bool(found.hits) is (actor in {HUGO, MODERATOR})

    async def test_what_is_joined_counts_only_where_it_is_seen(self, engine: SearchEngine) -> None:
        """A guest of a listing that is no longer published finds the booking, but not by the listing."""
        title = place_of(BOOKINGS, "listing.title")
        for actor in (GINA, MODERATOR):
            question = Question(BOOKINGS, Missing(title), (ByField(title),))
            assert told(await all_of(engine, question, actor)) == ORACLE.answer(question, actor)
        guests = set(ids(await all_of(engine, Question(BOOKINGS, Missing(title)), GINA)))
        staffs = set(ids(await all_of(engine, Question(BOOKINGS, Missing(title)), MODERATOR)))
        assert guests - staffs
