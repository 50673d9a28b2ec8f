"""Questions by chance: over every field of an index, of what its documents hold and a bit beside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from domain.resource import Kind
from projections.projection import inner
from projections.words import words
from read_api.search import algebra
from read_api.search.algebra import Condition, Facet, Order, Question
from read_api.search.declared import Index, Place
from tests.searching.oracle import NUMBERS, TEXTS, Documents
from tests.searching.world import DAY

STRANGERS: Mapping[Kind, tuple[Any, ...]] = {
    Kind.ID: ("00000000-0000-4000-8000-000000000000",),
    Kind.DAY: ("2031-03-28", "1999-01-01"),
    Kind.INSTANT: ("2031-01-01T00:15:00.000Z", "2031-01-02T00:00:00.001Z"),
    Kind.ENUM: ("no such value",),
    Kind.BOOLEAN: (True, False),
    **dict.fromkeys(TEXTS, ("loft", "STRASSE", "ﬁne", "", "İ", "i", "%", "_", "\\", "*")),
    **dict.fromkeys(NUMBERS, (Decimal(0), Decimal("100.1"), Decimal(-1), Decimal("99.99"), Decimal(12000))),
}
LONGEST_TEXT = 40
"""Characters of a document's text that a question takes up."""


def item_kind(place: Place) -> Kind:
    """What the field holds; of a list, what its items are."""
    return (place.field.of or Kind.OBJECT) if place.field.kind is Kind.LIST else place.field.kind


class Questions:
    """Strategies for one index, fed with all its documents, those that nobody sees as well."""

    def __init__(self, index: Index, documents: Documents) -> None:
        self.index = index
        self._documents = documents
        places = [*index.places.values()]
        self._asked = [place for place in places if item_kind(place) is not Kind.OBJECT]
        self._points = [index.places[name] for name in index.points]

    def questions(self) -> st.SearchStrategy[Question]:
        """Conditions, up to three orders, facets."""
        return st.builds(
            Question,
            st.just(self.index),
            self.conditions(),
            st.lists(self._orders(), max_size=3).map(tuple),
            facets=st.lists(self._facets(), max_size=2, unique_by=lambda facet: facet.place.name).map(tuple),
        )

    def conditions(self) -> st.SearchStrategy[Condition]:
        """Conditions within conditions."""
        return st.recursive(
            self._leaves(),
            lambda inner: (
                st.builds(algebra.Not, inner)
                | st.builds(algebra.And, st.lists(inner, max_size=3).map(tuple))
                | st.builds(algebra.Or, st.lists(inner, max_size=3).map(tuple))
            ),
            max_leaves=4,
        )

    def _leaves(self) -> st.SearchStrategy[Condition]:
        some: list[st.SearchStrategy[Condition]] = [
            st.sampled_from(self._asked).flatmap(self._of_place),
            st.just(algebra.Everything()),
        ]
        if self._points:
            some.append(st.sampled_from(self._points).flatmap(boxes))
        if self.index.texts:
            said = st.sampled_from(("loft", "lofts", "roof", "paris", "haus", "x"))
            some.append(st.lists(said, min_size=1, max_size=2).map(lambda found: algebra.Told(tuple(found))))
        if self.index.resource.name == "listing":
            some.append(stays())
        return st.one_of(some)

    def _of_place(self, place: Place) -> st.SearchStrategy[Condition]:
        kind = item_kind(place)
        values = st.sampled_from([*self._values(place), *STRANGERS[kind]])
        there: list[st.SearchStrategy[Condition]] = [
            st.sampled_from([algebra.Exists(place), algebra.Missing(place)]),
            st.lists(values, max_size=3).map(lambda some: algebra.OneOf(place, tuple(some))),
        ]
        if kind in NUMBERS | {Kind.DAY, Kind.INSTANT}:
            bounds = st.none() | (values.map(Decimal) if kind in NUMBERS else values)
            there.append(st.builds(algebra.Range, st.just(place), bounds, bounds, st.booleans(), st.booleans()))
        if kind in TEXTS:
            there += [of(place, values) for of in (prefixes, wildcards, regexps, some_words, phrases)]
        return st.one_of(there)

    def _values(self, place: Place) -> list[Any]:
        """All values of the field, cut where they are long."""
        resource = place.join.resource if place.join else self.index.resource
        name = resource.owner or "_owner" if place.field.name == "_owner" else place.field.name
        found: dict[Any, None] = {}
        for document in self._documents.get(resource.documents, {}).values():
            value = inner(document, name)
            for item in value if isinstance(value, list) else [value]:
                if item is not None:
                    found[Decimal(item) if item_kind(place) in NUMBERS else item] = None
        return [*found]

    def _orders(self) -> st.SearchStrategy[Order]:
        flat = [place for place in self._asked if place.field.kind is not Kind.LIST]
        by_field = st.builds(algebra.ByField, st.sampled_from(flat), st.booleans())
        if not self._points:
            return by_field
        return by_field | st.sampled_from(self._points).map(
            lambda place: algebra.ByDistance(place, Decimal("48.123456"), Decimal("2.654321"))
        )

    def _facets(self) -> st.SearchStrategy[Facet]:
        short = [place for place in self._asked if place.field.kind is not Kind.TEXT]
        return st.builds(Facet, st.sampled_from(short), st.sampled_from([1, 3, 20]))


def boxes(place: Place) -> st.SearchStrategy[Condition]:
    """Boxes and circles, over the date line and the poles as well; no edge of a circle is near a document."""
    lats = st.sampled_from([Decimal(text) for text in ("-90", "-17", "-16.5", "0", "48.8566", "52.52", "90")])
    lons = st.sampled_from([Decimal(text) for text in ("-180", "-179.9", "0", "2.3522", "13.405", "179.9", "180")])
    box = st.builds(algebra.Box, st.just(place), lats, lons, lats, lons)
    metres = st.sampled_from([Decimal(text) for text in ("1", "100", "30123.4", "900111", "9001000", "30000000")])
    return box | st.builds(algebra.Within, st.just(place), lats, lons, metres)


def stays() -> st.SearchStrategy[Condition]:
    """Nights around those that the calendars speak of."""
    firsts = st.integers(-2, 4).map(lambda day: DAY + timedelta(day))
    return st.builds(
        lambda first, nights: algebra.FreeNights(first, first + timedelta(nights)),
        firsts,
        st.sampled_from([1, 2, 3, 12]),
    )


def prefixes(place: Place, values: st.SearchStrategy[str]) -> st.SearchStrategy[Condition]:
    """Beginnings of texts."""
    cut = st.tuples(values, st.integers(0, LONGEST_TEXT)).map(lambda both: both[0].casefold()[: both[1]])
    return cut.map(lambda text: algebra.Prefix(place, text))


def wildcards(place: Place, values: st.SearchStrategy[str]) -> st.SearchStrategy[Condition]:
    """Texts, some of whose characters are made any, or any run."""

    def made(text: str, marks: list[str], end: str) -> Condition:
        plain = [f"\\{c}" if c in "*?\\" else c for c in text[:LONGEST_TEXT]]
        return algebra.Wildcard(place, "".join(_mixed(plain, marks, {"?": "?", "*": "*"})) + end)

    marks = st.lists(st.sampled_from(["", "", "?", "*"]), min_size=6, max_size=6)
    return st.builds(made, values, marks, st.sampled_from(["", "*", "?"]))


def regexps(place: Place, values: st.SearchStrategy[str]) -> st.SearchStrategy[Condition]:
    """Texts, some of whose characters are made expressions that they fit, or just do not."""
    forms = {"?": ".", "*": ".*", "+": "[a-z]+", "|": "(l|lo|s{1,2})?", "^": "[^a-c]"}

    def made(text: str, marks: list[str]) -> Condition:
        plain = [re.sub(r"([][.()|*+?{}\\^$])", r"\\\1", c) for c in text.casefold()[: LONGEST_TEXT // 2]]
        return algebra.Regexp(place, "".join(_mixed(plain, marks, forms)) + ".*")

    marks = st.lists(st.sampled_from(["", "", "", *forms]), min_size=6, max_size=6)
    return st.builds(made, values, marks)


def _mixed(plain: list[str], marks: list[str], forms: Mapping[str, str]) -> list[str]:
    """The characters, the first few of them in the form that their mark says; a run takes the place of what it may."""
    return [forms.get(mark, c) for c, mark in zip(plain, marks, strict=False)] + plain[len(marks) :]


def some_words(place: Place, values: st.SearchStrategy[str]) -> st.SearchStrategy[Condition]:
    """Words of two texts, or of one."""
    said = st.tuples(values, values).map(lambda both: words(" ".join(text[:LONGEST_TEXT] for text in both)))
    return st.builds(
        lambda found, every: algebra.Words(place, found or ("loft",), every), said.map(lambda w: w[:3]), st.booleans()
    )


def phrases(place: Place, values: st.SearchStrategy[str]) -> st.SearchStrategy[Condition]:
    """Words of a text that follow one another, the last perhaps only begun."""

    def made(text: str, start: int, length: int, cut: int | None) -> Condition:
        found = words(text[:LONGEST_TEXT])[start : start + length] or ("the", "ro")
        if cut is not None:
            found = (*found[:-1], found[-1][:cut])
        return algebra.Phrase(place, found, prefix=cut is not None)

    return st.builds(made, values, st.integers(0, 3), st.integers(1, 3), st.none() | st.integers(1, 4))
