"""From the parameters of a list request to a checked query."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from domain.access import may
from domain.actor import Actor
from domain.errors import Invalid
from domain.resource import COMMON, INDEX, Field, Kind, Resource
from read_api.filters import conditions, truth
from read_api.query import EVERYTHING, Filter, Query, Sort

T = TypeVar("T")
Parameters = Iterable[tuple[str, str]]

USUAL_SORT = Sort(next(field for field in COMMON if field.name == "createdAt"))

_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_PASSED_OVER = frozenset({"requestId", "access_token"})
"""Parameters that every request may carry and that no list looks at."""
_PAGING = frozenset({"pageNumber", "pageRowCount", "sortBy", "sortOrder", "keyword"})


@dataclass(frozen=True, slots=True)
class Pages:
    """How many rows a page has, unless the caller says, and at most."""

    rows: int = 25
    most: int = 1_000


USUAL_PAGES = Pages()


def parse(resource: Resource, parameters: Parameters, actor: Actor, now: datetime, pages: Pages = USUAL_PAGES) -> Query:
    """The list that these parameters ask for. `now` is the product's time.

    Raises Invalid, naming each parameter: unknown ones, filters on what the caller may never see, and values that
    do not fit.
    """
    asked: dict[str, list[str]] = {}
    for name, value in parameters:
        asked.setdefault(name, []).append(value)
    problems: dict[str, str] = {}

    def checked(check: Callable[[], T], otherwise: T) -> T:
        try:
            return check()
        except Invalid as invalid:
            problems.update(invalid.detail["fields"])
            return otherwise

    def one(name: str, otherwise: str) -> str:
        return checked(lambda: _one(name, asked.get(name, [otherwise])), otherwise)

    order = "asc" if resource.oldest_first else "desc"
    filters = [checked(partial(_filter, resource, name, values, actor, now), None) for name, values in asked.items()]
    query = Query(
        resource,
        checked(lambda: _sort(resource, one("sortBy", "createdAt"), one("sortOrder", order), actor), USUAL_SORT),
        tuple(found for found in filters if found is not None),
        checked(lambda: _keyword(one("keyword", "")), None) if resource.search else None,
        checked(lambda: _integer("pageNumber", one("pageNumber", "1"), EVERYTHING), 1),
        checked(lambda: _integer("pageRowCount", one("pageRowCount", str(pages.rows)), 1, pages.most), 1),
    )
    if problems:
        raise Invalid(problems)
    return query


def sortable(resource: Resource, name: str, actor: Actor) -> Sort | None:
    """The order by a field, if it has one and the caller may see the field."""
    by_place = name.endswith(INDEX)
    found = _seen(resource, name.removesuffix(INDEX), actor)
    if found is None or found.kind in {Kind.OBJECT, Kind.LIST} or (by_place and found.kind is not Kind.ENUM):
        return None
    return Sort(found, by_place=by_place)


def _filter(resource: Resource, name: str, values: list[str], actor: Actor, now: datetime) -> Filter | None:
    """The filter of that name; None for a parameter that is none and may stand here. Raises Invalid."""
    found = _seen(resource, name, actor)
    if found is not None and found.filter:
        return Filter(found, conditions(found, values, now), tuple(values))
    if name in _COMMON:
        _COMMON[name](name, _one(name, values))
    elif name not in _PASSED_OVER and (name not in _PAGING or (name == "keyword" and not resource.search)):
        raise Invalid({name[:100]: "is not a parameter of this list"})
    return None


def _sort(resource: Resource, name: str, order: str, actor: Actor) -> Sort:
    sort = sortable(resource, name, actor)
    if sort is None:
        raise Invalid({"sortBy": "is not a field to sort by"})
    if order.lower() not in {"asc", "desc"}:
        raise Invalid({"sortOrder": "is not asc or desc"})
    return Sort(sort.field, descending=order.lower() != "asc", by_place=sort.by_place)


def _keyword(text: str) -> str:
    if not text.strip() or "\x00" in text or len(text) > 1_000:
        raise Invalid({"keyword": "is needed: a text of 1 to 1000 characters"})
    return text.strip().casefold()


def _seen(resource: Resource, name: str, actor: Actor) -> Field | None:
    """The field, unless there is none or the caller sees it on no document at all."""
    found = resource.field_named(name)
    if found is None or not found.shown or (found.sees is not None and not may(found.sees, actor)):
        return None
    return None if found in COMMON and found not in resource.common else found


def _one(name: str, values: list[str]) -> str:
    if len(values) > 1:
        raise Invalid({name: "may be given once"})
    return values[0]


def _integer(name: str, text: str, least: int, most: int | None = None) -> int:
    number = int(text) if _INTEGER.fullmatch(text) else None
    if number is None or number < least or (most is not None and number > most):
        raise Invalid({name: f"is not a whole number from {least}" + (f" to {most}" if most is not None else "")})
    return number


def _boolean(name: str, text: str) -> None:
    if truth(text) is None:
        raise Invalid({name: "is not true or false"})


def _seconds(name: str, text: str) -> None:
    _integer(name, text, 0)


_COMMON: dict[str, Callable[[str, str], None]] = {
    "getJoins": _boolean,
    "excludeCQRS": _boolean,
    "caching": _boolean,
    "cacheTTL": _seconds,
}
"""What the reference lets every list carry: looked at, and without effect on what is answered."""
