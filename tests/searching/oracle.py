"""What every question of the algebra means, said once more in plain Python, one document at a time."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from domain.access import holds, parents
from domain.actor import Actor
from domain.money import EXPONENTS
from domain.resource import Kind, Resource
from projections.projection import Document, inner
from projections.words import Part, matches, terms, words
from read_api.search import algebra
from read_api.search.algebra import EARTH_RADIUS, Condition, Facet, Order, Question
from read_api.search.declared import Index, Join, Place
from tests.searching.patterns import follows, wild
from tests.searching.stays import free, stay_price

NUMBERS = frozenset({Kind.INTEGER, Kind.MONEY, Kind.DECIMAL})
TEXTS = frozenset({Kind.STRING, Kind.TEXT})
Documents = Mapping[str, Mapping[str, Document]]


@dataclass(frozen=True, slots=True)
class Answer:
    """All that is found, on all pages together."""

    ids: list[str]
    facets: dict[str, list[tuple[str | bool, int]]]


class Oracle:
    """Knows all documents, and answers what one caller would find among them."""

    def __init__(self, documents: Documents, resources: Mapping[str, Resource]) -> None:
        self.documents = documents
        self.resources = resources

    def answer(self, question: Question, actor: Actor) -> Answer:
        """Everything that is found, in order; the order of relevance is nobody's but the engine's."""
        found = [d for d in self.visible(question.index, actor) if self.holds(question.where, question.index, d, actor)]
        if question.price is not None:
            found = [document for document in found if self._affordable(question, document)]
        found.sort(key=lambda document: document["id"])
        for order in reversed(question.orders):
            self._sort(found, order, question, actor)
        facets = {f.place.name: self._facet(f, question.index, found, actor) for f in question.facets}
        return Answer([document["id"] for document in found], facets)

    def visible(self, index: Index, actor: Actor) -> Iterator[Document]:
        """The documents of the index that the caller sees."""
        documents = self.documents.get(index.resource.documents, {})
        return (document for document in documents.values() if self.sees(index.resource, document, actor))

    def sees(self, resource: Resource, document: Document, actor: Actor) -> bool:
        """Does the caller see the document at all?"""
        there = resource.keeps_deleted or document.get(resource.alive) is not False
        return there and holds(resource.sees, actor, self.facts(resource, document, actor))

    def facts(self, resource: Resource, document: Document, actor: Actor) -> Document:
        """The document, with whether the caller sees the parents that its rules ask for."""
        rules = [resource.sees, *(field.sees for field in resource.fields if field.sees is not None)]
        told = {}
        for parent in {parent for rule in rules for parent in parents(rule)}:
            above = self.resources[parent.resource]
            found = self.documents.get(above.documents, {}).get(document.get(parent.field) or "")
            told[f"as:{parent.resource}"] = found is not None and self.sees(above, found, actor)
        return document | told

    def one(self, join: Join, index: Index, document: Document, actor: Actor) -> Document | None:
        """The document of a join of one, if the caller sees it."""
        return next(iter(self.all(join, index, document, actor)), None)

    def all(self, join: Join, index: Index, document: Document, actor: Actor) -> list[Document]:
        """The joined documents that the caller sees, the newest first."""
        above, _, field = join.by.rpartition(".")
        holder: Document | None = document
        if above:
            holder = self.one(next(j for j in index.joins if j.name == above), index, document, actor)
        key = holder.get(field) if holder else None
        wanted = dict(join.where)
        found = [
            other
            for other in self.documents.get(join.resource.documents, {}).values()
            if key is not None
            and other.get(join.on) == key
            and all(other.get(name) == value for name, value in wanted.items())
            and self.sees(join.resource, other, actor)
        ]
        found.sort(key=lambda other: other["id"])
        found.sort(key=lambda other: other["createdAt"], reverse=True)
        return found[: join.most] if join.many else found[:1]

    def value(self, place: Place, index: Index, document: Document, actor: Actor) -> Any:
        """The value that the caller sees; None where there is none."""
        resource, holder = index.resource, cast("Document | None", document)
        if place.join is not None:
            resource, holder = place.join.resource, self.one(place.join, index, document, actor)
        if holder is None:
            return None
        sees, name = place.field.sees, place.field.name
        if sees is not None and not holds(sees, actor, self.facts(resource, holder, actor)):
            return None
        return inner(holder, resource.owner or name if name == "_owner" else name)

    def holds(  # noqa: PLR0911 - one answer a condition
        self, condition: Condition, index: Index, document: Document, actor: Actor
    ) -> bool:
        """Is the condition true of a document that the caller sees?"""
        match condition:
            case algebra.Everything():
                return True
            case algebra.And(parts):
                return all(self.holds(part, index, document, actor) for part in parts)
            case algebra.Or(parts):
                return any(self.holds(part, index, document, actor) for part in parts)
            case algebra.Not(part):
                return not self.holds(part, index, document, actor)
            case algebra.Told(said):
                found = [*self._terms(index, document, actor)]
                texts = [self.value(place, index, document, actor) for place in index.plain_texts]
                plain = {word for text in texts if isinstance(text, str) for word in words(text)}
                return all(word in plain or any(matches(word, those) for those in found) for word in said)
            case algebra.FreeNights():
                return free(condition, document, self.documents["listingCalendar"].values())
        value = self.value(condition.place, index, document, actor)
        if isinstance(condition, algebra.Missing | algebra.Exists):
            return (value is None or value == []) is isinstance(condition, algebra.Missing)
        if isinstance(condition, algebra.Within | algebra.Box):
            return value is not None and _at(condition, value)
        kind = _item_kind(condition.place)
        return any(holds_of(condition, item, kind) for item in _items(value))

    def stay_price(self, question: Question, listing: Document) -> int | None:
        """What the stay of the question costs there, in minor units; None if it is about none."""
        if question.stay is None:
            return None
        return stay_price(question.stay, listing, self.documents["listingCalendar"].values())

    def _affordable(self, question: Question, listing: Document) -> bool:
        low, high, currency = question.price or (None, None, "")
        cost = self.stay_price(question, listing)
        if cost is None or listing["currency"] != currency:
            return False
        amount = Decimal(cost).scaleb(-EXPONENTS[currency])
        return (low is None or amount >= low) and (high is None or amount <= high)

    def _terms(self, index: Index, document: Document, actor: Actor) -> Iterator[Mapping[str, Part]]:
        """The terms of every document in which the index's words are looked for."""
        if _tells(index, None):
            yield terms_of(index.resource, document)
        for join in index.joins:
            if _tells(index, join):
                for other in self.all(join, index, document, actor):
                    yield terms_of(join.resource, other)

    def _sort(self, found: list[Document], order: Order, question: Question, actor: Actor) -> None:
        index = question.index
        match order:
            case algebra.ByRelevance():
                return
            case algebra.ByStayPrice(descending):
                way = -1 if descending else 1
                found.sort(key=lambda one: (one["currency"], way * (self.stay_price(question, one) or 0)))
                return
            case algebra.ByField(place, descending):
                number = place.field.kind in NUMBERS

                def key(document: Document) -> Any:
                    value = self.value(place, index, document, actor)
                    return value if value is None or number else _text(value)

            case algebra.ByDistance(place, lat, lon):
                descending = False

                def key(document: Document) -> Any:
                    value = self.value(place, index, document, actor)
                    return None if value is None else round(distance(value, lat, lon))

        found.sort(key=_absent_last(key, descending=descending), reverse=descending)

    def _facet(
        self, facet: Facet, index: Index, found: Iterable[Document], actor: Actor
    ) -> list[tuple[str | bool, int]]:
        counts: Counter[Any] = Counter()
        for document in found:
            counts.update(set(_items(self.value(facet.place, index, document, actor))))
        if facet.bounds:
            return [(str(b), sum(n for value, n in counts.items() if value >= b)) for b in facet.bounds]
        ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        return [(_counted(value), number) for value, number in ordered[: facet.most]]


def holds_of(condition: Condition, item: Any, kind: Kind) -> bool:
    """Is the condition true of one value that there is?"""
    match condition:
        case algebra.OneOf(_, values):
            if kind in TEXTS:
                return item.casefold() in {str(value).casefold() for value in values}
            return any(type(item) is bool and item is v if type(v) is bool else item == v for v in values)
        case algebra.Range(_, low, high, low_in, high_in):
            above = low is None or item > low or (low_in and item == low)
            return above and (high is None or item < high or (high_in and item == high))
        case algebra.Prefix(_, text):
            return _text(item).casefold().startswith(text)
        case algebra.Wildcard(_, pattern):
            return re.fullmatch(wild(pattern.casefold()), _text(item).casefold(), re.DOTALL) is not None
        case algebra.Regexp(_, pattern):
            return re.fullmatch(pattern, _text(item).casefold(), re.DOTALL) is not None
        case algebra.Words(_, asked, every):
            said = set(words(item))
            return all(word in said for word in asked) if every else any(word in said for word in asked)
        case algebra.Phrase(_, asked, prefix):
            return follows(words(item), asked, prefix=prefix)
    raise TypeError(f"{condition} is not of one value")


def distance(point: Mapping[str, Any], lat: Decimal, lon: Decimal) -> float:
    """Metres along the surface of the sphere."""
    a, b = math.radians(float(lat)), math.radians(float(point["lat"]))
    width = math.radians(float(point["lon"]) - float(lon))
    h = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(width / 2) ** 2
    return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(h)))


def _at(condition: algebra.Within | algebra.Box, point: Mapping[str, Any]) -> bool:
    if isinstance(condition, algebra.Within):
        return distance(point, condition.lat, condition.lon) <= condition.metres
    east_west = [point["lon"] >= condition.west, point["lon"] <= condition.east]
    within = all(east_west) if condition.west <= condition.east else any(east_west)
    return bool(within and condition.south <= point["lat"] <= condition.north)


def _absent_last(key: Callable[[Document], Any], *, descending: bool) -> Callable[[Document], Any]:
    def ordered(document: Document) -> Any:
        value = key(document)
        there = (value is not None) is descending
        return (there, 0) if value is None else (there, value)

    return ordered


def _tells(index: Index, join: Join | None) -> bool:
    """Does a resource of the index take part in what callers search?"""
    if join is None:
        own = {name for name in index.texts if name in index.places and index.places[name].join is None}
        return index.resource.tells is not None and bool(own & set(index.resource.tells.fields))
    named = {name.partition(".")[0] for name in index.texts}
    return join.name in named and join.resource.tells is not None and join.by == "id"


def terms_of(resource: Resource, document: Document) -> Mapping[str, Part]:
    """The terms of one document."""
    tells = resource.tells
    if tells is None:
        return {}
    parts = ((Part.TITLE, tells.title), (Part.PLACE, tells.place), (Part.TEXT, tells.text))
    told = tuple((part, text) for part, names in parts for name in names if (text := inner(document, name)))
    spoken = inner(document, tells.languages) if tells.languages else None
    return _terms(told, (spoken,) if isinstance(spoken, str) else tuple(spoken or ()))


@lru_cache(maxsize=1_024)
def _terms(told: tuple[tuple[Part, str], ...], spoken: tuple[str, ...]) -> Mapping[str, Part]:
    return terms(told, spoken)


def _item_kind(place: Place) -> Kind:
    return place.field.of or place.field.kind


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    return [*value] if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _counted(value: Any) -> str | bool:
    """A facet's value as it is told: numbers in plain digits, without noughts at their end."""
    return value if isinstance(value, bool | str) else f"{Decimal(value).normalize():f}"
