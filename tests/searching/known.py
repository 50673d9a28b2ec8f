"""What the contract of search engines asks with: the world, its oracle, and answers that are known by heart."""

from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from domain.actor import NOBODY, Actor
from projections.words import words
from read_api.search.algebra import (
    And,
    Condition,
    Everything,
    Exists,
    Missing,
    Not,
    OneOf,
    Or,
    Phrase,
    Prefix,
    Question,
    Regexp,
    Wildcard,
    Words,
)
from read_api.search.declared import Index, Place
from read_api.search.ports import Found, SearchEngine
from tests.searching.oracle import Answer, Oracle
from tests.searching.questions import Questions
from tests.searching.world import (
    BY_NAME,
    EXAMPLES,
    INDEXES,
    LISTINGS,
    PEOPLE,
    TITLES,
    World,
)

WORLD = World()
ORACLE = Oracle(WORLD.documents, BY_NAME)
ALL = 1_000
"""More than there are documents."""
_QUESTIONS = {index.name: Questions(index, WORLD.documents).questions() for index in INDEXES}
BY_CHANCE = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    max_examples=100,
)

TITLE, ADDRESS = LISTINGS.places["title"], LISTINGS.places["address"]
AN_EXAMPLE = OneOf(ADDRESS, (EXAMPLES,))
people = st.sampled_from([*PEOPLE.values()])
questions = st.sampled_from(INDEXES).flatmap(lambda index: _QUESTIONS[index.name])


def place_of(index: Index, name: str) -> Place:
    return index.places[name]


async def all_of(engine: SearchEngine, question: Question, actor: Actor) -> Found:
    """Everything that is found, on one page."""
    return await engine.search(replace(question, start=0, limit=ALL, after=None), actor)


def ids(found: Found) -> list[str]:
    return [hit.document["id"] for hit in found.hits]


def titles(found: Found) -> set[str]:
    return {hit.document["title"] for hit in found.hits}


async def told_by(engine: SearchEngine, condition: Condition) -> set[str]:
    """The titles of the named listings that anyone finds so."""
    return titles(await all_of(engine, Question(LISTINGS, And((AN_EXAMPLE, condition))), NOBODY))


def told(answer: Found) -> Answer:
    facets = {name: [(one.value, one.count) for one in some] for name, some in answer.facets.items()}
    return Answer(ids(answer), facets)


TEXTS: list[tuple[Condition, set[str]]] = [
    (OneOf(TITLE, ("LOFT",)), {"loft", "Loft"}),
    (OneOf(TITLE, ("strasse am fluss",)), {"Straße am Fluß", "STRASSE AM FLUSS"}),
    (OneOf(TITLE, ("Straße am Fluß",)), {"Straße am Fluß", "STRASSE AM FLUSS"}),
    (OneOf(TITLE, ("istanbul loft",)), {"istanbul loft"}),
    (OneOf(TITLE, ("İSTANBUL LOFT",)), {"İstanbul Loft"}),
    (OneOf(TITLE, ("οδοσ",)), {"ΟΔΟΣ"}),
    (OneOf(TITLE, ("",)), {""}),
    (OneOf(TITLE, ("null", "TRUE", "1", "nothing")), {"null", "true", "1"}),
    (OneOf(TITLE, ()), set()),
    (OneOf(TITLE, ("50% off_now",)), {"50% off_now"}),
    (Prefix(TITLE, "strasse"), {"Straße am Fluß", "STRASSE AM FLUSS", "strasse"}),
    (Prefix(TITLE, "50%"), {"50% off_now"}),
    (Prefix(TITLE, "back\\"), {"back\\slash"}),
    (Prefix(TITLE, "%"), set()),
    (Prefix(TITLE, "fine"), {"ﬁne house", "Fine House"}),
    (Wildcard(TITLE, "loft?"), set()),
    (Wildcard(TITLE, "LOFT*"), {"loft", "Loft", "LOFT under the roofs", "Lofts under the roof"}),
    (Wildcard(TITLE, "stra?e"), set()),
    (Wildcard(TITLE, "stra??e"), {"strasse"}),
    (Wildcard(TITLE, "two?lines"), {"two\nlines"}),
    (Wildcard(TITLE, "t*"), {"two\nlines", "tab\there", "the roofs under a loft", "true"}),
    (Wildcard(TITLE, "a\\*b\\?c"), {"a*b?c"}),
    (Wildcard(TITLE, "*\\\\*"), {"back\\slash"}),
    (Wildcard(TITLE, "?"), {" ", "1"}),
    (Wildcard(TITLE, "_0%*"), set()),
    (Wildcard(TITLE, "日*"), {"日本の家"}),
    (Wildcard(TITLE, "? house"), {"🏠 house"}),
    (Regexp(TITLE, "loft"), {"loft", "Loft"}),
    (Regexp(TITLE, "(loft|strasse)"), {"loft", "Loft", "strasse"}),
    (Regexp(TITLE, "lofts? .*roofs?"), {"LOFT under the roofs", "Lofts under the roof"}),
    (Regexp(TITLE, "two.lines"), {"two\nlines"}),
    (Regexp(TITLE, "x{100}x{100}x{50,100}"), {"x" * 300}),
    (Regexp(TITLE, "a\\.b"), {"a.b"}),
    (Regexp(TITLE, "a.b"), {"a.b"}),
    (Regexp(TITLE, "[^a-z0-9 ]+"), {"日本の家", "οδός", "ΟΔΟΣ"}),
    (Regexp(TITLE, "[0-9]"), {"1"}),
    (Regexp(TITLE, "\\(brackets\\) \\[too\\] \\{and\\} a\\|pipe"), {"(brackets) [too] {and} a|pipe"}),
    (Regexp(TITLE, "<b>"), {"<b>"}),
    (Regexp(TITLE, "'quoted\""), {"'quoted\""}),
    (Regexp(TITLE, ". house"), {"🏠 house"}),
    (Words(TITLE, ("loft",)), {"İstanbul Loft", "istanbul loft", "loft", "Loft", "LOFT under the roofs",
                               "the roofs under a loft"}),
    (Words(TITLE, ("lofts", "brackets")), {"Lofts under the roof", "(brackets) [too] {and} a|pipe"}),
    (Words(TITLE, ("the", "loft"), every=True), {"LOFT under the roofs", "the roofs under a loft"}),
    (Words(TITLE, ("fine",)), {"ﬁne house", "Fine House"}),
    (Words(TITLE, ("lof",)), set()),
    (Words(TITLE, words("éclair")), {"éclair", "e\u0301clair"}),
    (Words(TITLE, ("off",)), {"50% off_now"}),
    (Phrase(TITLE, ("under", "the")), {"LOFT under the roofs", "Lofts under the roof"}),
    (Phrase(TITLE, ("the", "roofs")), {"LOFT under the roofs", "the roofs under a loft"}),
    (Phrase(TITLE, ("under", "roofs")), set()),
    (Phrase(TITLE, ("two", "lines")), {"two\nlines"}),
    (Phrase(TITLE, ("the", "roo"), prefix=True), {"LOFT under the roofs", "Lofts under the roof",
                                                  "the roofs under a loft"}),
    (Phrase(TITLE, ("he", "roofs"), prefix=True), set()),
    (Phrase(TITLE, ("lo",), prefix=True), {"İstanbul Loft", "istanbul loft", "loft", "Loft", "LOFT under the roofs",
                                           "Lofts under the roof", "the roofs under a loft"}),
    (And(()), set(TITLES)),
    (Or(()), set()),
    (Not(Or((Exists(TITLE), Missing(TITLE)))), set()),
    (Not(Everything()), set()),
]  # fmt: skip
