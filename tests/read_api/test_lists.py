"""What a caller may ask of a list, and how it is understood."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Own, Staff
from domain.actor import NOBODY, Actor
from domain.errors import Invalid
from domain.resource import Field, Kind, Resource
from read_api.lists import Pages, parse
from read_api.query import (
    Absent,
    Between,
    Condition,
    Equal,
    LocalDateOf,
    LocalDates,
    LocalNow,
    Part,
    Query,
    Whole,
)

NOW = datetime(2026, 3, 18, 23, 30, tzinfo=UTC)  # a Wednesday
USER, MODERATOR = Actor(UUID(int=1), "user"), Actor(UUID(int=2), "moderator")
BOOK = Resource(
    "book",
    "books",
    "library",
    "/v1/books",
    (
        Field("title", Kind.STRING, filter=True),
        Field("shelfId", Kind.ID, filter=True),
        Field("genre", Kind.ENUM, enum=("novel", "poetry"), filter=True),
        Field("price", Kind.MONEY, filter=True),
        Field("pages", Kind.INTEGER, filter=True),
        Field("isLent", Kind.BOOLEAN, filter=True),
        Field("dueDay", Kind.DAY, filter=True),
        Field("dueAt", Kind.INSTANT, filter=True),
        Field("note", Kind.STRING, filter=True, sees=Own("ownerId") | Staff()),
        Field("staffNote", Kind.STRING, filter=True, sees=Staff()),
        Field("secret", Kind.STRING, filter=True, shown=False),
        Field("summary", Kind.TEXT),
        Field("cover", Kind.OBJECT),
        Field("tags", Kind.LIST),
    ),
    "A book.",
    owner="ownerId",
)
SEARCHED = Resource("card", "cards", "library", "/v1/cards", BOOK.fields, "", search=("title",))
SHELF = "0190A000-0000-7000-8000-000000000001"


def asked(*parameters: tuple[str, str], actor: Actor = USER, resource: Resource = BOOK) -> Query:
    return parse(resource, parameters, actor, NOW)


def test_how_long_pages_are_is_the_houses_to_say() -> None:
    pages = Pages(rows=5, most=10)
    assert parse(BOOK, (), USER, NOW, pages).rows == 5
    assert parse(BOOK, [("pageRowCount", "10")], USER, NOW, pages).rows == 10
    with pytest.raises(Invalid):
        parse(BOOK, [("pageRowCount", "11")], USER, NOW, pages)


def only(name: str, *values: str) -> Any:
    (found,) = asked(*((name, value) for value in values)).filters
    assert found.field.name == name
    return found.any_of if len(values) > 1 else found.any_of[0]


def refused(*parameters: tuple[str, str], actor: Actor = USER, resource: Resource = BOOK) -> dict[str, str]:
    with pytest.raises(Invalid) as invalid:
        asked(*parameters, actor=actor, resource=resource)
    return dict(invalid.value.detail["fields"])


def test_a_list_without_parameters_is_the_first_25_by_age_the_newest_first() -> None:
    query = asked()
    assert (query.page, query.rows, query.filters) == (1, 25, ())
    assert (query.sort.field.name, query.sort.descending) == ("createdAt", True)


def test_one_text_matches_a_part_and_several_match_whole_without_case() -> None:
    assert only("title", "EmMa") == Part("emma")
    assert only("title", "Emma", "STRASSE", "straße") == (Whole("emma"), Whole("strasse"))


@pytest.mark.parametrize("name", ["title", "shelfId", "genre", "price", "pages", "isLent", "dueDay", "dueAt"])
def test_null_matches_absent_whatever_the_type(name: str) -> None:
    assert only(name, "null") == Absent()


@pytest.mark.parametrize(
    ("name", "value", "condition"),
    [
        ("shelfId", SHELF, Equal(SHELF.lower())),
        ("genre", "POETRY", Equal("poetry")),
        ("isLent", "True", Equal(value=True)),
        ("isLent", "false", Equal(value=False)),
        ("pages", "5", Equal(Decimal(5))),
        ("pages", "-5", Equal(Decimal(-5))),
        ("price", "19.90", Equal(Decimal("19.90"))),
        ("price", "$lt-5", Between(high=Decimal(5), high_in=False)),
        ("price", "$lte-5.5", Between(high=Decimal("5.5"))),
        ("price", "$gt--5", Between(low=Decimal(-5), low_in=False)),
        ("price", "$gte-5", Between(low=Decimal(5))),
        ("price", "$btw-1-5", Between(Decimal(1), Decimal(5))),
        ("price", "$btw--5.25--1", Between(Decimal("-5.25"), Decimal(-1))),
        ("pages", "$btw--5-5", Between(Decimal(-5), Decimal(5))),
        ("dueDay", "2026-03-18", Equal("2026-03-18")),
        ("dueDay", "$today", Equal("2026-03-18")),
        ("dueDay", "$week", Between("2026-03-16", "2026-03-22")),
        ("dueDay", "$month", Between("2026-03-01", "2026-03-31")),
        ("dueDay", "$ltoday", LocalNow("day", NOW)),
        ("dueDay", "$lweek", LocalNow("week", NOW)),
        ("dueDay", "$leq-2024-02-29", Equal("2024-02-29")),
        ("dueDay", "$lin-2024-02-10", Between("2024-02-01", "2024-02-29")),
        ("dueDay", "$lin-9999-12-31", Between("9999-12-01", "9999-12-31")),
        ("dueDay", "2026-03-18T23:30:00+02:00", LocalDateOf(datetime(2026, 3, 18, 21, 30, tzinfo=UTC))),
        ("dueAt", "$today", Between("2026-03-18T00:00:00.000Z", "2026-03-18T23:59:59.999Z")),
        ("dueAt", "2026-03-18", Between("2026-03-18T00:00:00.000Z", "2026-03-18T23:59:59.999Z")),
        ("dueAt", "$leq-2026-03-18", LocalDates(date(2026, 3, 18), date(2026, 3, 18))),
        ("dueAt", "$lin-2026-03-18", LocalDates(date(2026, 3, 1), date(2026, 3, 31))),
        ("dueAt", "2026-03-18T12:00:00+01:00", Equal("2026-03-18T11:00:00.000Z")),
    ],
)
def test_what_a_value_means(name: str, value: str, condition: Condition) -> None:
    assert only(name, value) == condition


def test_which_date_a_moment_is_everywhere_is_asked_of_twenty_and_no_more() -> None:
    moments = [f"2026-03-18T21:{minute:02}:00Z" for minute in range(21)]
    assert len(only("dueDay", *moments[:20], "$ltoday", "$ltoday", "2026-03-18")) == 22, "said again it is asked once"
    assert refused(*(("dueDay", moment) for moment in moments)) == {
        "dueDay": "is given as a date-time more than 20 times"
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shelfId", "7"),
        ("shelfId", ""),
        ("shelfId", SHELF.replace("-", "")),
        ("shelfId", f"{{{SHELF}}}"),
        ("genre", "drama"),
        ("genre", "0"),
        ("isLent", "yes"),
        ("isLent", "1"),
        ("pages", "5.5"),
        ("pages", "many"),
        ("pages", "\u0665"),
        ("pages", "$eq-5"),
        ("pages", "$lt5"),
        ("pages", "$today"),
        ("price", "NaN"),
        ("price", "1e3"),
        ("price", "$btw-1"),
        ("price", "$btw-1-"),
        ("price", "9" * 31),
        ("dueDay", "2026-02-30"),
        ("dueDay", "20260318"),
        ("dueDay", "2026-W12-3"),
        ("dueDay", "$lt-2026-03-18"),
        ("dueDay", "$lin-2026-03"),
        ("dueDay", "$year"),
        ("dueDay", ""),
        ("dueAt", "2026-03-18T12:00:00"),
        ("dueAt", "0001-01-01T00:00:00+14:00"),
        ("title", "a\x00b"),
        ("title", "x" * 1001),
    ],
)
def test_a_value_of_another_type_or_an_unknown_operator_is_refused_by_name(name: str, value: str) -> None:
    assert set(refused((name, value))) == {name}


def test_all_that_is_wrong_is_said_at_once() -> None:
    problems = refused(("pages", "many"), ("colour", "red"), ("pageNumber", "-1"), ("sortBy", "cover"))
    assert set(problems) == {"pages", "colour", "pageNumber", "sortBy"}


def test_the_references_common_parameters_are_accepted() -> None:
    query = asked(
        ("getJoins", "true"),
        ("excludeCQRS", "false"),
        ("requestId", "abc"),
        ("caching", "false"),
        ("cacheTTL", "60"),
        ("access_token", "x.y.z"),
    )
    assert query == asked()


@pytest.mark.parametrize(
    ("name", "value"), [("getJoins", "maybe"), ("cacheTTL", "-1"), ("cacheTTL", "soon"), ("sortOrder", "up")]
)
def test_but_not_with_values_that_they_do_not_have(name: str, value: str) -> None:
    assert set(refused((name, value))) == {name}


@pytest.mark.parametrize(
    "name", ["colour", "cover", "tags", "createdAt", "summary", "recordVersion", "keyword", "TITLE"]
)
def test_what_is_no_filter_is_an_unknown_parameter(name: str) -> None:
    assert refused((name, "1")) == {name: "is not a parameter of this list"}


def test_a_filter_on_what_the_caller_never_sees_is_as_unknown_as_any_other() -> None:
    unknown = refused(("colour", "x"))["colour"]
    assert refused(("staffNote", "x"))["staffNote"] == unknown
    assert refused(("secret", "x"), actor=MODERATOR)["secret"] == unknown
    assert refused(("note", "x"), actor=NOBODY)["note"] == unknown
    assert refused(("sortBy", "staffNote")) == refused(("sortBy", "colour"))
    assert asked(("staffNote", "x"), actor=MODERATOR).filters
    assert asked(("note", "x")).filters  # they may see it on some


def test_pages_are_counted_from_one_and_zero_is_everything() -> None:
    assert asked(("pageNumber", "3"), ("pageRowCount", "1000")).page == 3
    assert asked(("pageNumber", "0")).everything
    for value in ("-1", "1.5", "", "one", "+1", "1" * 19):
        assert set(refused(("pageNumber", value))) == {"pageNumber"}
    for value in ("0", "1001", "-5", "ten"):
        assert set(refused(("pageRowCount", value))) == {"pageRowCount"}


def test_a_list_may_be_ordered_by_any_field_that_its_caller_sees() -> None:
    for name in ("title", "summary", "price", "updatedAt", "recordVersion", "id", "_owner", "isActive", "genre"):
        sort = asked(("sortBy", name), ("sortOrder", "ASC")).sort
        assert (sort.field.name, sort.descending, sort.by_place) == (name, False, False)
    assert asked(("sortBy", "genre_idx")).sort.by_place
    for name in ("cover", "tags", "secret", "staffNote", "title_idx", "colour", ""):
        assert set(refused(("sortBy", name))) == {"sortBy"}


@pytest.mark.parametrize("name", ["pageNumber", "pageRowCount", "sortBy", "sortOrder", "getJoins"])
def test_what_is_no_filter_may_stand_once(name: str) -> None:
    value = {"sortBy": "title", "sortOrder": "asc", "getJoins": "true"}.get(name, "1")
    assert refused((name, value), (name, value)) == {name: "may be given once"}


def test_a_searched_list_needs_its_keyword() -> None:
    assert set(refused(resource=SEARCHED)) == {"keyword"}
    assert set(refused(("keyword", "  "), resource=SEARCHED)) == {"keyword"}
    assert asked(("keyword", " Emma "), resource=SEARCHED).keyword == "emma"


@given(st.lists(st.tuples(st.sampled_from([f.name for f in BOOK.fields] + ["pageNumber", "sortBy"]), st.text())))
def test_whatever_is_asked_is_understood_or_refused(parameters: list[tuple[str, str]]) -> None:
    with contextlib.suppress(Invalid):
        assert asked(*parameters).resource is BOOK
