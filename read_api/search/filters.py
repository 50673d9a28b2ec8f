"""Conditions as callers write them in JSON, checked against the index and what they may see of it.

{"operator": "and", "conditions": [C, …]}     or "or"; a list is an "and", {} is everything
{"operator": "not", "condition": C}
{"field": "listing.title", "operator": "match", "value": "loft"}    or "values": […], any of which is enough
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from domain.access import may
from domain.actor import Actor
from domain.errors import Invalid
from domain.resource import Field, Kind
from projections.projection import instant
from projections.words import words
from read_api.search import patterns
from read_api.search.algebra import (
    And,
    Box,
    Condition,
    Everything,
    Exists,
    FreeNights,
    Missing,
    Not,
    OneOf,
    Or,
    Phrase,
    Prefix,
    Range,
    Regexp,
    Wildcard,
    Within,
    Words,
)
from read_api.search.declared import Index, Place
from read_api.search.values import NUMBERS, TEXTS, day_of, number_of, text_of, value_of

MOST_TERMS, DEEPEST = 1_000, 10
"""Values and conditions in one question, conditions within one another."""
MOST_PATTERNS = 10
"""In one question: each is tried on the texts of all documents."""
LONGEST_STAY = 365
FARTHEST = Decimal(20_100_000)
"""Metres: half around the earth, and a little."""

TIMES = frozenset({Kind.DAY, Kind.INSTANT})
ALWAYS = ("exists", "missing")
SAME = ("eq", "noteq")
PATTERNS = ("wildcard", "regexp")
OF_TEXT = ("prefix", *PATTERNS)
OF_WORDS = ("match", "match_phrase", "match_phrase_prefix")
OF_POINTS = ("geo_distance", "geo_box")


def places_seen(index: Index, actor: Actor) -> dict[str, Place]:
    """The fields of an index that the caller may see on some document at all."""
    return {name: place for name, place in index.places.items() if _seen(place, actor)}


def operators(field: Field) -> tuple[str, ...]:
    """What can be asked of a field."""
    kind = field.of if field.kind is Kind.LIST else field.kind
    if kind is Kind.OBJECT or kind is None:
        return (*OF_POINTS, *ALWAYS) if field.point else ALWAYS
    if kind in TEXTS:
        return (*SAME, *OF_TEXT, *(() if field.kind is Kind.LIST else OF_WORDS), *ALWAYS)
    return (*SAME, "range", *ALWAYS) if kind in NUMBERS | TIMES else (*SAME, *ALWAYS)


def parse(index: Index, actor: Actor, written: Any) -> Condition:
    """The condition. Raises Invalid, naming the field and what is allowed."""
    return reader(index, actor)(written)


def reader(index: Index, actor: Actor) -> Callable[[Any], Condition]:
    """`parse` for the parts of one question, which together have no more than one may."""
    return partial(_Reader(index, places_seen(index, actor)).read, at="filters", depth=1)


class _Reader:
    def __init__(self, index: Index, places: Mapping[str, Place]) -> None:
        self.index, self.places, self.terms, self.patterns = index, places, 0, 0

    def read(self, written: Any, at: str, depth: int) -> Condition:
        if depth > DEEPEST:
            raise Invalid({"filters": f"is nested deeper than {DEEPEST}"})
        if written is None or written == {}:
            return Everything()
        if isinstance(written, list):
            return And(tuple(self.read(part, f"{at}.{n}", depth + 1) for n, part in enumerate(written)))
        if not isinstance(written, dict):
            raise Invalid({at: "is not a condition: an object with an operator"})
        self.count(1)
        operator = written.get("operator")
        if not isinstance(operator, str):
            raise Invalid({at: "needs an operator"})
        if operator in {"and", "or"}:
            parts = only(written, at, "operator", "conditions").get("conditions")
            if not isinstance(parts, list):
                raise Invalid({at: f"needs a list of conditions for {operator}"})
            read = tuple(self.read(part, f"{at}.{n}", depth + 1) for n, part in enumerate(parts))
            return And(read) if operator == "and" else Or(read)
        if operator == "not":
            return Not(self.read(only(written, at, "operator", "condition").get("condition"), f"{at}.not", depth + 1))
        if operator == "free":
            if self.index.resource.name != "listing":
                raise Invalid({"free": f"is an operator of listings alone, not of {self.index.name}"})
            return _free(only(written, at, "operator", "value").get("value"))
        return self.leaf(only(written, at, "field", "operator", "value", "values"), operator, at)

    def count(self, terms: int) -> None:
        self.terms += terms
        if self.terms > MOST_TERMS:
            raise Invalid({"filters": f"has more than {MOST_TERMS} conditions and values"})

    def count_patterns(self, patterns: int) -> None:
        self.patterns += patterns
        if self.patterns > MOST_PATTERNS:
            raise Invalid({"filters": f"has more than {MOST_PATTERNS} patterns ({' or '.join(PATTERNS)})"})

    def leaf(self, written: Mapping[str, Any], operator: str, at: str) -> Condition:
        name = written.get("field")
        if not isinstance(name, str) or name not in self.places:
            told = name[:100] if isinstance(name, str) else at
            raise Invalid({told: f"is not a field of {self.index.name}; its schema lists them"})
        place = self.places[name]
        allowed = operators(place.field)
        if operator not in allowed:
            raise Invalid({name: f"takes the operators {', '.join(allowed)}"})
        if operator in ALWAYS:
            return Exists(place) if operator == "exists" else Missing(place)
        if operator == "range":
            return _range(place, self.one(written, name))
        if operator in OF_POINTS:
            return (
                _near(place, self.one(written, name))
                if operator == "geo_distance"
                else _box(place, self.one(written, name))
            )
        values = self.values(written, name)
        if operator in SAME:
            found = OneOf(place, tuple(value_of(place.field, name, value) for value in values))
            return found if operator == "eq" else Not(found)
        if operator in PATTERNS:
            self.count_patterns(len(values))
        made = [_of_text(place, operator, name, value) for value in values]
        return made[0] if len(made) == 1 else Or(tuple(made))

    def one(self, written: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        value = written.get("value")
        if not isinstance(value, dict) or "values" in written:
            raise Invalid({name: "needs one value, an object"})
        self.count(1)
        return value

    def values(self, written: Mapping[str, Any], name: str) -> Sequence[Any]:
        if ("value" in written) == ("values" in written):
            raise Invalid({name: "needs either value or values"})
        values = written["values"] if "values" in written else [written["value"]]
        if not isinstance(values, list) or not values:
            raise Invalid({name: "needs a list of at least one value"})
        self.count(len(values))
        return values


def only(written: Mapping[str, Any], at: str, *names: str) -> Mapping[str, Any]:
    """The object, if it has no other names. Raises Invalid."""
    other = next((name for name in written if name not in names), None)
    if other is not None:
        raise Invalid({at: f"has {str(other)[:100]!r}; allowed are {', '.join(names)}"})
    return written


def _seen(place: Place, actor: Actor) -> bool:
    if place.join is not None and not may(place.join.resource.sees, actor):
        return False
    return place.field.sees is None or may(place.field.sees, actor)


def _range(place: Place, bounds: Mapping[str, Any]) -> Condition:
    only(bounds, place.name, "gt", "gte", "lt", "lte")
    if not bounds or {"gt", "gte"} <= bounds.keys() or {"lt", "lte"} <= bounds.keys():
        raise Invalid({place.name: "needs a range of gt or gte, lt or lte, or both"})
    low, low_in = _bound(place, bounds, "gte", "gt")
    high, high_in = _bound(place, bounds, "lte", "lt")
    return Range(place, low, high, low_in=low_in, high_in=high_in)


def _bound(place: Place, bounds: Mapping[str, Any], within: str, beyond: str) -> tuple[str | Decimal | None, bool]:
    """A bound, and whether it belongs to the range itself. A date stands for all of its day, by UTC."""
    name = within if within in bounds else beyond
    if name not in bounds:
        return None, True
    value, field = bounds[name], place.field
    if field.kind is not Kind.INSTANT or not isinstance(value, str) or len(value) != len("2026-01-31"):
        found = value_of(field, place.name, value)
        return (str(found) if isinstance(found, bool) else found), name == within
    start = datetime.combine(day_of(place.name, value), datetime.min.time(), UTC)
    begins = name in {"gte", "lt"}
    try:
        at = start if begins else start + timedelta(days=1)
    except OverflowError:
        raise Invalid({place.name: "is too late a date"}) from None
    return instant(at), name in {"gte", "gt"}


def _of_text(place: Place, operator: str, name: str, value: Any) -> Condition:
    text = text_of(name, value)
    match operator:
        case "prefix":
            return Prefix(place, text.casefold())
        case "wildcard":
            return Wildcard(place, text.casefold())
        case "regexp":
            try:
                patterns.parse(text)
            except patterns.Refused as refused:
                raise Invalid({name: f"the regular expression {refused}"}) from None
            return Regexp(place, text)
    found = words(text)
    if not found:
        raise Invalid({name: "needs at least one word"})
    if operator == "match":
        return Words(place, found)
    return Phrase(place, found, prefix=operator == "match_phrase_prefix")


def _degrees(name: str, written: Mapping[str, Any], which: str, most: int) -> Decimal:
    value = number_of(name, written.get(which))
    if abs(value) > most:
        raise Invalid({name: f"{which} is not between -{most} and {most}"})
    return value


def _near(place: Place, written: Mapping[str, Any]) -> Condition:
    name = place.name
    only(written, name, "lat", "lon", "distance")
    metres = number_of(name, written.get("distance"))
    if not 0 <= metres <= FARTHEST:
        raise Invalid({name: f"distance is not between 0 and {FARTHEST} metres"})
    return Within(place, _degrees(name, written, "lat", 90), _degrees(name, written, "lon", 180), metres)


def _box(place: Place, written: Mapping[str, Any]) -> Condition:
    name = place.name
    only(written, name, "south", "west", "north", "east")
    south, north = (_degrees(name, written, which, 90) for which in ("south", "north"))
    west, east = (_degrees(name, written, which, 180) for which in ("west", "east"))
    if south > north:
        raise Invalid({name: "south lies north of north"})
    return Box(place, south, west, north, east)


def _free(written: Any) -> Condition:
    if not isinstance(written, dict):
        raise Invalid({"free": "needs a value with checkIn and checkOut"})
    only(written, "free", "checkIn", "checkOut")
    read: Callable[[str], date] = lambda which: day_of(f"free.{which}", written.get(which))  # noqa: E731
    first, end = read("checkIn"), read("checkOut")
    if not 0 < (end - first).days <= LONGEST_STAY:
        raise Invalid({"free": f"is not a stay of 1 to {LONGEST_STAY} nights"})
    return FreeNights(first, end)
