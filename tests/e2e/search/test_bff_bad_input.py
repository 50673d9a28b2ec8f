"""Whatever is asked of the dashboards: an answer or a 400 that names the field, never a 5xx."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.e2e.search.dashboards import AT, ask, fields, leaf
from tests.e2e.talk import Caller, Person, invalid, ok, refused, told
from tests.e2e.world import World

INDEXES = ("listing", "BookingListView", "ReviewDisplayView", "ListingDetailView", "listingCalendar", "messageThread")
OPERATORS = (
    *("match", "eq", "noteq", "range", "exists", "missing", "prefix", "wildcard", "regexp", "match_phrase"),
    *("match_phrase_prefix", "geo_distance", "geo_box", "free", "and", "or", "not", "near", ""),
)
NAMES = (
    *("title", "pricePerNight", "isPublished", "location", "createdAt", "hostId", "amenities", "rating", "reviewText"),
    *("checkIn", "guestCount", "listing.title", "guest.fullname", "bookingStatus", "propertyType", "id", "date", "x"),
)
TEXTS = st.text(max_size=12) | st.sampled_from(
    [
        "2026-01-01",
        "2026-02-30",
        "9999-12-31",
        "0000-01-01",
        "2026-01-01T00:00:00Z",
        "a{1000}",
        "(a+)+$",
        "[",
        "\\",
        "*",
        "\x00",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
JSONS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)
NUMBERS = st.integers(-200, 200) | st.sampled_from([10**15, -(10**40), 1e300, 5e-324, 0.1, -0.0])
BOUNDS = st.dictionaries(
    st.sampled_from(
        ["gt", "gte", "lt", "lte", "lat", "lon", "distance", "south", "west", "north", "east", "checkIn", "checkOut"]
    ),
    NUMBERS | TEXTS,
    max_size=4,
)
LEAF = st.fixed_dictionaries(
    {"operator": st.sampled_from(OPERATORS)},
    optional={
        "field": st.sampled_from(NAMES) | TEXTS,
        "value": BOUNDS | NUMBERS | JSONS,
        "values": st.lists(NUMBERS | TEXTS, max_size=3) | JSONS,
        "conditions": JSONS,
    },
)
CONDITIONS = st.recursive(
    LEAF | JSONS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.fixed_dictionaries({"operator": st.sampled_from(["and", "or"]), "conditions": st.lists(inner, max_size=3)})
        | st.fixed_dictionaries({"operator": st.just("not"), "condition": inner})
    ),
    max_leaves=6,
)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "page": st.integers(-2, 10**10).map(str) | TEXTS,
        "limit": st.integers(-2, 200).map(str) | TEXTS,
        "sortBy": st.sampled_from(NAMES) | TEXTS,
        "sortOrder": st.sampled_from(["asc", "desc", "DESC"]) | TEXTS,
        "q": TEXTS,
        "cursor": TEXTS,
        "facets": st.lists(st.sampled_from(NAMES), max_size=3).map(",".join) | TEXTS,
        "savedFilter": TEXTS,
    },
)
MANY = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module", autouse=True)
def something(world: World, host: Person, guest: Person) -> None:
    """Rows, so that conditions meet values."""
    world.book(guest, world.listing(host))


@MANY
@given(st.sampled_from(INDEXES), CONDITIONS, PARAMETERS, st.sampled_from(["list", "count"]))
@example("listing", [leaf("title", "eq", "\u0000")], {}, "list")
@example(
    "listing",
    leaf("location", "geo_distance", {"lat": 1, "lon": 1, "distance": 0}),
    {"sortBy": "rating.averageRating"},
    "list",
)
def test_any_json_is_answered_or_refused(
    world: World, guest: Person, index: str, filters: Any, params: Any, what: str
) -> None:
    """Conditions and parameters of any shape, right and wrong by turns."""
    answer = ask(world, guest, index, filters, what, **params)
    assert answer.status_code in {200, 400, 404}, told(answer)
    if answer.status_code == 404:
        assert "savedFilter" in params, told(answer)
    if answer.status_code != 200:
        detail = refused(answer, answer.status_code)
        assert answer.status_code == 404 or detail.get("fields"), told(answer)


DEEP: Any = leaf("title", "eq", "x")
for _ in range(30):
    DEEP = {"operator": "not", "condition": DEEP}

REFUSED: list[tuple[str, Any, dict[str, str], str]] = [
    ("an unknown field", leaf("colour", "eq", "red"), {}, "colour"),
    ("an unknown operator", leaf("title", "like", "x"), {}, "title"),
    ("an operator of another type", leaf("pricePerNight", "match", "x"), {}, "pricePerNight"),
    ("a text for a number", leaf("pricePerNight", "eq", "cheap"), {}, "pricePerNight"),
    ("a number for a text", leaf("title", "eq", 5), {}, "title"),
    ("more decimals than there may be", leaf("pricePerNight", "eq", 0.1234567890123456), {}, "pricePerNight"),
    ("a text for a yes or no", leaf("isPublished", "eq", "true"), {}, "isPublished"),
    ("none of an enum", leaf("propertyType", "eq", "igloo on wheels"), {}, "propertyType"),
    ("no instant", leaf("createdAt", "range", {"gte": "yesterday"}), {}, "createdAt"),
    ("no such day", leaf("createdAt", "range", {"gte": "2026-02-30"}), {}, "createdAt"),
    ("a range of nothing", leaf("pricePerNight", "range", {}), {}, "pricePerNight"),
    ("an expression that runs for ever", leaf("title", "regexp", "((a{50}){50}){50}"), {}, "title"),
    ("a broken expression", leaf("title", "regexp", "(a"), {}, "title"),
    ("10 000 values", {"field": "title", "operator": "eq", "values": ["x"] * 10_000}, {}, "filters"),
    ("1 001 conditions", [leaf("title", "eq", "x")] * 1_001, {}, "filters"),
    ("11 patterns", [leaf("description", "regexp", ".*a")] * 6 + [leaf("title", "wildcard", "a*")] * 5, {}, "filters"),
    ("11 patterns of one field", {"field": "title", "operator": "wildcard", "values": ["a*"] * 11}, {}, "filters"),
    ("conditions 30 deep", DEEP, {}, "filters"),
    ("a place that is none", leaf("location", "geo_distance", {"lat": 91, "lon": 0, "distance": 1}), {}, "location"),
    ("a page below 1", None, {"page": "0"}, "page"),
    ("a limit over 100", None, {"limit": "101"}, "limit"),
    ("a page behind 10 000 rows", None, {"page": "1001"}, "cursor"),
    ("a cursor of nothing", None, {"cursor": "eA=="}, "cursor"),
    ("an unknown order", None, {"sortBy": "colour"}, "sortBy"),
    ("an unknown way", None, {"sortOrder": "up"}, "sortOrder"),
    ("an unknown facet", None, {"facets": "colour"}, "facets"),
    ("no word at all", None, {"q": "?!"}, "q"),
    ("words of more than 300 characters", None, {"q": " ".join(["x" * 60] * 5)}, "q"),
    ("an unknown parameter", None, {"pageRowCount": "5"}, "pageRowCount"),
]


@pytest.mark.parametrize(("filters", "params", "named"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_refusal_names_what_is_wrong(world: World, guest: Person, filters: Any, params: Any, named: str) -> None:
    """A list refuses it with the field's name and the rule."""
    invalid(ask(world, guest, "listing", filters, **params), named)


def test_what_the_schema_allows_is_answered(world: World, guest: Person) -> None:
    """Each field with each operator that the schema names for it, each order and each facet: 200."""
    samples: dict[str, Any] = {
        **dict.fromkeys(("Integer", "Money", "Double"), 1),
        "Boolean": True,
        "Day": "2026-05-01",
        "Date": "2026-05-01T00:00:00Z",
        "ID": guest.id,
    }
    for index in ("listing", "BookingListView", "ReviewDisplayView"):
        for name, field in fields(guest, index).items():
            plain = field["enum"][0] if field["enum"] else samples.get(field["of"] or field["type"], "x")
            for operator in field["operators"]:
                value = {
                    "range": {"gte": plain},
                    "geo_distance": {"lat": 51, "lon": 0, "distance": 1_000},
                    "geo_box": {"south": 50, "west": -1, "north": 52, "east": 1},
                }.get(operator, plain)
                asked = leaf(name, operator, value)
                if operator in {"exists", "missing"}:
                    del asked["value"]
                ok(ask(world, guest, index, asked))
            if field["sortable"]:
                ok(ask(world, guest, index, sortBy=name, limit=1))
            if field["facet"]:
                ok(ask(world, guest, index, facets=name, limit=1))


def test_bodies_that_are_no_question_are_refused(world: World, guest: Person) -> None:
    """Lists, texts, other names, and what is no JSON."""
    for body in (b"[]", b'"x"', b"{", b'{"filters": NaN}', b"[" * 100_000, b'{"filter": {}}'):
        for what in ("list", "count"):
            answer = guest.ask("POST", f"{AT}/listing/{what}", {"Content-Type": "application/json"}, content=body)
            refused(answer, 400, "INVALID")


def test_indexes_that_there_are_not_are_404(world: World, nobody: Caller, guest: Person) -> None:
    """Quotes are no index, nor are kept filters, and no route of this service stands without its prefix."""
    for index in ("quote", "savedFilter", "password", "x" * 500):
        for caller in (nobody, guest):
            for what in ("list", "count", "schema"):
                refused(caller.get(f"{AT}/{index}/{what}"), 404)
    refused(guest.get("/BookingListView"), 404)
    refused(guest.get("/listing/list"), 404)


def test_parameters_of_kept_filters_are_checked(guest: Person) -> None:
    """Those that there are not, and those that do not fit, by name."""
    for asked in ("colour=red", "page=0", "limit=101", "q=loft", "page=1&page=2"):
        invalid(guest.get(f"{AT}/listing/filters?{asked}"), asked.partition("=")[0])


def test_free_nights_are_asked_of_listings_alone(world: World, guest: Person) -> None:
    """Another index says so, rather than that a field is missing."""
    stay = {"operator": "free", "value": {"checkIn": "2031-05-01", "checkOut": "2031-05-04"}}
    ok(ask(world, guest, "listing", stay))
    answer = ask(world, guest, "reservation", stay)
    invalid(answer, "free")
    assert "of listings alone" in answer.text


def test_ten_patterns_are_taken(world: World, guest: Person) -> None:
    """As many as there may be."""
    ok(ask(world, guest, "listing", [leaf("title", "regexp", f"a{n}") for n in range(10)]))


def test_a_kept_filter_gives_no_further_patterns(world: World, guest: Person) -> None:
    """What is kept and what is asked beside it are one question."""
    patterns = [leaf("title", "wildcard", "a*")] * 6
    name = world.unique("patterns")
    ok(guest.post("/bff-api/listing/filters", {"filterName": name, "conditions": patterns}), 201)
    ok(ask(world, guest, "listing", patterns[:4], savedFilter=name))
    invalid(ask(world, guest, "listing", patterns[:5], savedFilter=name), "filters")


def test_a_number_of_many_digits_on_both_sides_of_its_point_is_taken(world: World, guest: Person) -> None:
    """Fifteen before it and fifteen behind it are more than decimals usually reckon with."""
    body = b'{"filters": {"field": "pricePerNight", "operator": "eq", "value": 123456789012345.123456789012345}}'
    found = ok(guest.ask("POST", "/bff-api/listing/list", {"Content-Type": "application/json"}, content=body))
    assert found["total"] == 0
