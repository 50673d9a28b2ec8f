"""Conditions of the search algebra as filters of OpenSearch, each asking no more of a document than the caller sees."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from domain.actor import Actor
from domain.resource import Kind
from infra.opensearch.columns import degrees, exactly, keyed, scaled, texts
from infra.opensearch.fields import NUMBERS, item_kind, kinds_of
from infra.opensearch.layout import LONGEST, Layout, Node
from infra.opensearch.rules import ALL, NONE, Query, Visibility, both, either, opposite
from infra.opensearch.stay_scripts import free
from projections.words import Part, asked
from read_api.search import algebra, patterns
from read_api.search.algebra import EARTH_RADIUS, Value
from read_api.search.declared import Place

METRES = """double metres(def doc, def params) {
  double a = Math.toRadians(params.lat); double b = Math.toRadians(doc[params.latitude].value / 1.0E9);
  double h = Math.sin((b - a) / 2); double w = Math.toRadians(doc[params.longitude].value / 1.0E9 - params.lon);
  double s = Math.sin(w / 2);
  return 2 * params.r * Math.asin(Math.min(1.0, Math.sqrt(h * h + Math.cos(a) * Math.cos(b) * s * s)));
}
"""
WITHIN = METRES + "return doc[params.latitude].size() > 0 && metres(doc, params) <= params.metres;"
"""Exact where the index of points is near enough."""
NOWHERE = 1_000_000_000
"""Metres: farther than anything on earth."""
AWAY = METRES + f"return doc[params.latitude].size() > 0 ? Math.round(metres(doc, params)) : {NOWHERE}L;"
"""To the metre, as that order is."""
NEAR = Decimal(2)
"""Metres by which the index of points may err, and more."""


class Conditions:
    """Compiles conditions for one caller on one index."""

    def __init__(self, layout: Layout, actor: Actor) -> None:
        self.layout = layout
        self.sees = Visibility(actor)

    def rows(self) -> Query:
        """The documents that there are and that the caller sees."""
        return both([{"term": {"deleted": False}}, self.sees.row(self.layout.root)])

    def seen(self, place: Place) -> list[tuple[Node, Query]]:
        """Where this place stands, and whether the caller, who sees the document, sees it there: at one at most."""
        found = [
            (node, both([self._joined(node), self.sees.field(node, place.field)])) for node in self.layout.at(place)
        ]
        return [(node, seen) for node, seen in found if seen != NONE]

    def _joined(self, node: Node) -> Query:
        """Is what stands here what is joined for the caller?"""
        if node is self.layout.root:
            return ALL
        instead = [opposite(self.sees.row(one)) for one in self.layout.before[node.path]]
        return both([self._joined(self.layout.above[node.path]), *instead, self.sees.row(node)])

    def of(self, condition: algebra.Condition) -> Query:
        """The condition as a filter."""
        match condition:
            case algebra.Everything():
                return ALL
            case algebra.And(parts):
                return both(self.of(part) for part in parts)
            case algebra.Or(parts):
                return either(self.of(part) for part in parts)
            case algebra.Not(part):
                return opposite(self.of(part))
            case algebra.Missing(place):
                return opposite(self.of(algebra.Exists(place)))
            case algebra.Told(words):
                return both(self.told(word) for word in words)
            case algebra.FreeNights():
                return free(condition)
            case _:
                return either(both([seen, self._at(node, condition)]) for node, seen in self.seen(condition.place))

    def _at(self, node: Node, condition: Any) -> Query:
        name, kinds = condition.place.field.name, kinds_of(condition.place.field)
        match condition:
            case algebra.Exists():
                return {"term": {node.has: (node.resource.owner or name) if name == "_owner" else name}}
            case algebra.OneOf(place, values):
                return _one_of(node, place, values)
            case algebra.Range():
                return _range(node, condition)
            case algebra.Within() | algebra.Box():
                return (
                    _within(node, name, condition)
                    if isinstance(condition, algebra.Within)
                    else _box(node, name, condition)
                )
        return self._in_text(node, name, kinds, condition)

    def _in_text(self, node: Node, name: str, kinds: str, condition: Any) -> Query:
        match condition:
            case algebra.Words() | algebra.Phrase() if "w" not in kinds:
                return NONE
            case algebra.Words(_, words, every):
                of_each = [{"term": {node.column(name, "w"): word}} for word in words]
                return both(of_each) if every else either(of_each)
            case algebra.Phrase(_, words, prefix):
                return _phrase(node.column(name, "w"), words, prefix=prefix)
            case algebra.Prefix(_, text) | algebra.Wildcard(_, text) if not patterns.is_text(text):
                return NONE
            case algebra.Prefix(_, text):
                return {"prefix": {self._patterned(node, name, kinds, len(text)): {"value": text.casefold()}}}
            case algebra.Wildcard(_, pattern):
                return {"wildcard": {self._patterned(node, name, kinds): {"value": pattern.casefold()}}}
            case algebra.Regexp(_, pattern):
                expression = patterns.lucene_of(patterns.checked(condition.place.name, pattern))
                return {"regexp": {self._patterned(node, name, kinds): {"value": expression, "flags": "NONE"}}}
        raise TypeError(f"{type(condition).__name__} is no condition")

    def _patterned(self, node: Node, name: str, kinds: str, length: int = LONGEST) -> str:
        """The column in which the whole text can be looked at; beginnings are looked up in the terms."""
        if "k" not in kinds:
            return node.column(name, "r")
        return node.column(name, "g" if "g" in kinds and length > LONGEST // 8 else "k")

    def told(self, word: str) -> Query:
        """The word stands in the index's texts, or one of its forms."""
        forms = [*asked(word).all]
        plain = (self.of(algebra.Words(place, (word,))) for place in self.layout.index.plain_texts)
        return either([*(self.told_at(node, forms, Part) for node in self.layout.telling), *plain])

    def told_at(self, node: Node, forms: list[str], parts: Iterable[Part]) -> Query:
        """One of these terms stands in these parts of what is at the node, where the caller sees it."""
        there = either({"terms": {node.terms(part.value): forms}} for part in parts)
        if node is self.layout.root:
            return there
        found = both([self.sees.row(node), there])
        return found if found == NONE or not node.many else {"nested": {"path": node.path, "query": found}}


def _one_of(node: Node, place: Place, values: Iterable[Value]) -> Query:
    kind, name, kinds = item_kind(place.field), place.field.name, kinds_of(place.field)
    if kind in NUMBERS:
        numbers = [exactly(value, kind) for value in values if isinstance(value, Decimal)]
        return _terms(node.column(name, "n"), [number for number in numbers if number is not None])
    if kind is Kind.BOOLEAN:
        return _terms(node.column(name, "b"), [value for value in values if isinstance(value, bool)])
    if "k" in kinds:
        return _terms(node.column(name, "k"), [keyed(value) for value in texts(values)])
    return _terms(node.column(name, "r"), texts(values)) if kinds else NONE


def _terms(column: str, values: list[Any]) -> Query:
    return {"terms": {column: values}} if values else NONE


def _range(node: Node, asked: algebra.Range) -> Query:
    kind, name = item_kind(asked.place.field), asked.place.field.name
    bounds: dict[str, Any] = {}
    for value, name_in, name_out, inclusive, rounding in (
        (asked.low, "gte", "gt", asked.low_in, ROUND_CEILING),
        (asked.high, "lte", "lt", asked.high_in, ROUND_FLOOR),
    ):
        if value is None:
            continue
        if kind not in NUMBERS:
            bounds[name_in if inclusive else name_out] = str(value)
            continue
        number = Decimal(value)
        exact = exactly(number, kind)
        # Between two values of the column a bound stands for the next one within, and that one is in.
        bounds[name_in if inclusive or exact is None else name_out] = (
            scaled(number, kind, rounding) if exact is None else exact
        )
    column = "n" if kind in NUMBERS else "k" if "k" in kinds_of(asked.place.field) else "r"
    return {"range": {node.column(name, column): bounds}} if bounds else {"term": {node.has: name}}


def _phrase(column: str, words: tuple[str, ...], *, prefix: bool) -> Query:
    if not words:
        return NONE
    if prefix:
        if len(words) == 1:
            return {"prefix": {column: {"value": words[0]}}}
        return {
            "intervals": {
                column: {
                    "all_of": {
                        "mode": "ordered",
                        "max_gaps": 0,
                        "intervals": [
                            *({"match": {"query": word, "analyzer": "whitespace"}} for word in words[:-1]),
                            {"prefix": {"prefix": words[-1]}},
                        ],
                    }
                }
            }
        }
    return {"match_phrase": {column: {"query": " ".join(words), "analyzer": "whitespace"}}}


def from_point(node: Node, name: str, lat: Decimal, lon: Decimal) -> dict[str, Any]:
    """What `METRES` has to know."""
    columns = {"latitude": node.column(name, "plat"), "longitude": node.column(name, "plon")}
    return {**columns, "lat": float(lat), "lon": float(lon), "r": EARTH_RADIUS}


def _within(node: Node, name: str, asked: algebra.Within) -> Query:
    params = from_point(node, name, asked.lat, asked.lon) | {"metres": float(asked.metres)}
    point = {"lat": float(asked.lat), "lon": float(asked.lon)}
    near = {"distance": f"{asked.metres + NEAR + asked.metres / 1000}m", node.column(name, "p"): point}
    return both([{"geo_distance": near}, {"script": {"script": {"source": WITHIN, "params": params}}}])


def _box(node: Node, name: str, asked: algebra.Box) -> Query:
    low, high = ROUND_CEILING, ROUND_FLOOR
    latitude, longitude = node.column(name, "plat"), node.column(name, "plon")
    south_north = {"range": {latitude: {"gte": degrees(asked.south, low), "lte": degrees(asked.north, high)}}}
    west, east = degrees(asked.west, low), degrees(asked.east, high)
    if asked.west <= asked.east:
        return both([south_north, {"range": {longitude: {"gte": west, "lte": east}}}])
    beyond = either([{"range": {longitude: {"gte": west}}}, {"range": {longitude: {"lte": east}}}])
    return both([south_north, beyond])
