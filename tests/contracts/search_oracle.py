"""What a search must answer, said plainly over documents in memory: what every engine is held to."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from domain.access import holds, parents
from domain.actor import Actor
from domain.resource import Kind, Resource
from infra.read_models.search.conditions import like_of
from projections.projection import Document
from projections.words import words
from read_api.search import patterns
from read_api.search.algebra import (
    EARTH_RADIUS,
    And,
    Box,
    ByDistance,
    ByField,
    Condition,
    Everything,
    Exists,
    Missing,
    Not,
    OneOf,
    Or,
    Order,
    Phrase,
    Prefix,
    Range,
    Regexp,
    Wildcard,
    Within,
    Words,
)
from read_api.search.declared import Index, Join, Place

NUMBERS = {Kind.INTEGER, Kind.MONEY, Kind.DECIMAL}
TEXTS = {Kind.STRING, Kind.TEXT}


class Oracle:
    """All documents, by the name of their read model, as one caller sees them."""

    def __init__(
        self, documents: Mapping[str, Sequence[Document]], resources: Mapping[str, Resource], actor: Actor
    ) -> None:
        self.documents, self.resources, self.actor = documents, resources, actor

    def found(self, index: Index, where: Condition) -> list[Document]:
        """All that the caller finds, in the order of their ids."""
        seen = [d for d in self.documents[index.resource.documents] if self.sees(index.resource, d)]
        return sorted((d for d in seen if self.holds(where, index, d)), key=lambda d: d["id"])

    def ordered(self, index: Index, found: list[Document], orders: Sequence[Order]) -> list[Document]:
        """In that order."""
        rows = sorted(found, key=lambda d: d["id"])
        for order in reversed(orders):
            keys = {d["id"]: self.key(order, index, d) for d in rows}
            descending = isinstance(order, ByField) and order.descending
            there = [d for d in rows if keys[d["id"]] is not None]
            there.sort(key=lambda d: keys[d["id"]], reverse=descending)  # equals keep their order
            rows = there + [d for d in rows if keys[d["id"]] is None]
        return rows

    def facet(self, index: Index, found: list[Document], place: Place) -> list[tuple[Any, int]]:
        """How many have each value, the most frequent first."""
        counts: Counter[str] = Counter()
        for document in found:
            value = self.value(place, index, document)
            counts.update({_text(v) for v in (value if isinstance(value, list) else [value]) if v is not None})
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

    def key(self, order: Order, index: Index, document: Document) -> Any:
        match order:
            case ByField(place):
                value = self.value(place, index, document)
                if value is None:
                    return None
                return Decimal(value) if place.field.kind in NUMBERS else _text(value)
            case ByDistance(place, lat, lon):
                return self.distance(place, lat, lon, index, document)
        raise AssertionError(order)

    def sees(self, resource: Resource, document: Document) -> bool:
        alive = resource.keeps_deleted or document.get(resource.alive) is not False
        return alive and holds(resource.sees, self.actor, self.told(resource, document))

    def told(self, resource: Resource, document: Document) -> Document:
        """The document, with whether the caller sees its parents."""
        asked = set(parents(resource.sees)).union(*(parents(f.sees) for f in resource.fields if f.sees))
        return document | {f"as:{a.resource}": self.parent(a.resource, document.get(a.field)) for a in asked}

    def parent(self, name: str, id: Any) -> bool:
        resource = self.resources[name]
        return any(d["id"] == id and self.sees(resource, d) for d in self.documents[resource.documents])

    def joined(self, join: Join, index: Index, document: Document) -> Iterator[Document]:
        """The joined documents that the caller sees, newest first."""
        other, dot, name = join.by.partition(".")
        if dot:
            before = next((self.joined(j, index, document) for j in index.joins if j.name == other), iter(()))
            key = next(before, {}).get(name)
        else:
            key = document.get(join.by)
        if key is not None:
            rows = sorted(self.documents[join.resource.documents], key=lambda d: d["id"])
            rows.sort(key=lambda d: d["createdAt"], reverse=True)
            for one in rows:
                fits = one.get(join.on) == key and all(one.get(name) == value for name, value in join.where)
                if fits and self.sees(join.resource, one):
                    yield one

    def value(self, place: Place, index: Index, document: Document) -> Any:
        resource, of = index.resource, document
        if place.join is not None:
            resource, of = place.join.resource, next(self.joined(place.join, index, document), {})
        if place.field.sees is not None and not (of and holds(place.field.sees, self.actor, self.told(resource, of))):
            return None
        name = (resource.owner or "_owner") if place.field.name == "_owner" else place.field.name
        first, _, part = name.partition(".")
        value = of.get(first)
        return (value or {}).get(part) if part else value

    def distance(self, place: Place, lat: Decimal, lon: Decimal, index: Index, document: Document) -> float | None:
        point = self.value(place, index, document)
        if not point:
            return None
        here, there = math.radians(float(point["lat"])), math.radians(float(lat))
        across = math.sin(math.radians(float(point["lon"]) - float(lon)) / 2) ** 2
        half = math.sin((here - there) / 2) ** 2 + math.cos(here) * math.cos(there) * across
        return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(half)))

    def holds(self, condition: Condition, index: Index, document: Document) -> bool:  # noqa: PLR0911 - one case each
        match condition:
            case Everything():
                return True
            case And(parts):
                return all(self.holds(part, index, document) for part in parts)
            case Or(parts):
                return any(self.holds(part, index, document) for part in parts)
            case Not(part):
                return not self.holds(part, index, document)
            case Missing(place):
                return not self.holds(Exists(place), index, document)
            case Exists(place):
                return self.value(place, index, document) not in (None, [])
            case Within(place, lat, lon, metres):
                away = self.distance(place, lat, lon, index, document)
                return away is not None and away <= float(metres)
            case Box():
                return self.boxed(condition, index, document)
            case OneOf() | Range() | Prefix() | Wildcard() | Regexp() | Words() | Phrase():
                value = self.value(condition.place, index, document)
                if isinstance(value, list):
                    of = condition.place.field.of or Kind.STRING
                    item = replace(condition, place=Place(None, replace(condition.place.field, kind=of)))
                    return any(_fits(item, v) for v in value)
                return value is not None and _fits(condition, value)
        raise AssertionError(condition)

    def boxed(self, box: Box, index: Index, document: Document) -> bool:
        point = self.value(box.place, index, document)
        if not point:
            return False
        lat, lon = Decimal(point["lat"]), Decimal(point["lon"])
        across = box.west > box.east
        wide = (lon >= box.west or lon <= box.east) if across else box.west <= lon <= box.east
        return box.south <= lat <= box.north and wide


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _fits(condition: OneOf | Range | Prefix | Wildcard | Regexp | Words | Phrase, value: Any) -> bool:
    kind = condition.place.field.kind
    value = Decimal(value) if kind in NUMBERS else _text(value)
    if kind in TEXTS:
        value = value.casefold()
    match condition:
        case OneOf(_, values):
            return value in ([_text(v) for v in values] if kind not in NUMBERS else list(values))
        case Range(_, low, high, low_in, high_in):
            above = low is None or value > low or (low_in and value == low)
            below = high is None or value < high or (high_in and value == high)
            return bool(above and below)
        case Prefix(_, text):
            return bool(value.startswith(text))
        case Wildcard(_, pattern):
            return _like(like_of(pattern), value)
        case Regexp(_, pattern):
            return re.fullmatch(patterns.python_of(patterns.parse(pattern)), value, re.DOTALL) is not None
        case Words(_, wanted, every):
            there = set(words(value))
            return all(w in there for w in wanted) if every else any(w in there for w in wanted)
        case Phrase(_, wanted, prefix):
            told = f" {' '.join(words(value))} "
            return bool(wanted) and f" {' '.join(wanted)}{'' if prefix else ' '}" in told


def _like(pattern: str, value: str) -> bool:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    made = "".join({"%": ".*", "_": "."}.get(p, re.escape(p[-1])) for p in parts)
    return re.fullmatch(made, value, re.DOTALL) is not None
