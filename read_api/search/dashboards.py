"""Searches of dashboards: any index, with the conditions of the caller, as much of it as the caller sees."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.actor import Actor
from domain.errors import Invalid, NotThere
from domain.resource import Kind, Resource
from projections.projection import Document
from projections.words import words
from read_api.search.algebra import And, ByField, Condition, Everything, Facet, OneOf, Question, Told
from read_api.search.catalogue import SAVED_FILTERS
from read_api.search.declared import Index, Place
from read_api.search.filters import operators, places_seen, reader
from read_api.search.ports import Hit, SearchEngine
from read_api.search.values import text_of
from read_api.shown import shown

USUAL_LIMIT, MOST = 10, 100
DEEPEST = 10_000
"""Documents that page numbers reach; a cursor reads on behind them."""
MOST_FACETS, MOST_WORDS, MOST_CHARACTERS = 10, 20, 300
KNOWN = frozenset({"page", "limit", "sortBy", "sortOrder", "q", "cursor", "facets", "savedFilter"})
PAGED = frozenset({"page", "limit"})
PASSED_OVER = frozenset({"requestId", "access_token"})
COUNTED = frozenset({Kind.ENUM, Kind.BOOLEAN, Kind.STRING, Kind.ID})


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as asked for in the query of its address."""

    page: int
    limit: int
    sort: ByField
    q: str | None
    cursor: str | None
    facets: tuple[Facet, ...]


class Dashboards:
    """Answers searches of any index.

    Args:
        engine: what finds.
    """

    def __init__(self, engine: SearchEngine) -> None:
        self._engine = engine

    def caught_up(self, index: Index) -> Callable[[int, float], Any]:
        """Waits until answers about this index show what was recorded up to a position."""

        async def until(position: int, seconds: float) -> None:
            both = (self._engine.wait_until(position, each, seconds) for each in (index, SAVED_FILTERS))
            await asyncio.gather(*both)

        return until

    async def page(self, index: Index, parameters: Iterable[tuple[str, str]], filters: Any, actor: Actor) -> Document:
        """A page, with all that turns pages. Raises Invalid, Unavailable."""
        given = parameters_of(parameters)
        asked = read(index, given, actor)
        where = await self._where(index, given, filters, actor)
        after = decoded(asked.cursor, asked.sort) if asked.cursor else None
        question = Question(
            index,
            where,
            (asked.sort,),
            start=0 if after else (asked.page - 1) * asked.limit,
            limit=asked.limit,
            after=after,
            facets=asked.facets,
        )
        found = await self._engine.search(question, actor)
        pages = -(-found.total // asked.limit)
        return {
            "total": found.total,
            "totalPage": pages,
            "currentPage": asked.page,
            "nextPage": asked.page + 1 if asked.page < pages and not after else None,
            "prevPage": asked.page - 1 if asked.page > 1 and not after else None,
            "pageItem": len(found.hits),
            "items": [item(index, hit, actor) for hit in found.hits],
            "filters": filters or [],
            "nextCursor": encoded(found.hits[-1].cursor, asked.sort) if len(found.hits) == asked.limit else None,
            "facets": {
                name: [{"value": one.value, "count": one.count} for one in counts]
                for name, counts in found.facets.items()
            },
        }

    async def count(self, index: Index, parameters: Iterable[tuple[str, str]], filters: Any, actor: Actor) -> int:
        """How many there are; none is 0. Raises Invalid, Unavailable."""
        given = parameters_of(parameters)
        read(index, given, actor)
        return await self._engine.count(index, await self._where(index, given, filters, actor), actor)

    async def get(self, index: Index, id: UUID, actor: Actor) -> Document:
        """One document. Raises NotThere, Unavailable."""
        hit = await self._engine.get(index, id, actor)
        if hit is None:
            raise NotThere(index.resource.name)
        return item(index, hit, actor)

    def schema(self, index: Index, actor: Actor) -> Document:
        """What can be asked of the index by this caller."""
        fields = [_described(place) for place in places_seen(index, actor).values()]
        joins = [{"name": j.name, "resource": j.resource.name, "many": j.many} for j in index.joins]
        return {"name": index.name, "resource": index.resource.name, "doc": index.doc, "fields": fields, "joins": joins}

    async def saved(self, index: Index, parameters: Iterable[tuple[str, str]], actor: Actor) -> Document:
        """A page of the caller's kept filters of the index, oldest first. Raises Invalid, Unavailable."""
        given = parameters_of(parameters, PAGED)
        page = whole("page", given.get("page", "1"), None)
        limit = whole("limit", given.get("limit", str(USUAL_LIMIT)), MOST)
        order = ByField(SAVED_FILTERS.places["createdAt"])
        where = OneOf(SAVED_FILTERS.places["indexName"], (index.name.casefold(),))
        found = await self._engine.search(
            Question(SAVED_FILTERS, where, (order,), start=(page - 1) * limit, limit=limit), actor
        )
        rows = [shown(SAVED_FILTERS.resource, hit.document, actor) for hit in found.hits]
        return {
            "savedFilters": rows,
            "total": found.total,
            "totalPage": -(-found.total // limit),
            "currentPage": page,
        }

    async def _where(self, index: Index, given: Mapping[str, str], filters: Any, actor: Actor) -> Condition:
        condition_of = reader(index, actor)
        parts = [condition_of(filters)]
        if "q" in given:
            text = text_of("q", given["q"])
            told = words(text) if len(text) <= MOST_CHARACTERS else ()
            if not told or len(told) > MOST_WORDS:
                raise Invalid({"q": f"needs 1 to {MOST_WORDS} words, of {MOST_CHARACTERS} characters together at most"})
            parts.append(Told(told))
        if "savedFilter" in given:
            parts.append(condition_of(await self._kept(index, given["savedFilter"], actor)))
        kept = [part for part in parts if part != Everything()]
        return And(tuple(kept)) if kept else Everything()

    async def _kept(self, index: Index, named: str, actor: Actor) -> Any:
        """The conditions that the caller keeps by that id or name."""
        text = text_of("savedFilter", named)
        places = SAVED_FILTERS.places
        mine = OneOf(places["indexName"], (index.name.casefold(),))
        name = OneOf(places["filterName"], (text.casefold(),))
        which = OneOf(places["id"], (text.lower(),)) if _is_id(text) else name
        found = await self._engine.search(Question(SAVED_FILTERS, And((mine, which)), limit=1), actor)
        if not found.hits:
            raise NotThere("savedFilter")
        return found.hits[0].document["conditions"]


def item(index: Index, hit: Hit, actor: Actor) -> Document:
    """A document as this caller sees it, with what is joined to it under the names of the joins."""
    found = shown(index.resource, hit.document, actor)
    if index.shows is not None:
        found = {name: value for name, value in found.items() if name in index.shows}
    return found | {join.name: _joined(join.resource, hit.joined.get(join.name), actor) for join in index.joins}


def _joined(resource: Resource, found: Document | list[Document] | None, actor: Actor) -> Any:
    if found is None:
        return None
    if isinstance(found, list):
        return [shown(resource, one, actor) for one in found]
    return shown(resource, found, actor)


def parameters_of(parameters: Iterable[tuple[str, str]], known: Collection[str] = KNOWN) -> dict[str, str]:
    """By name. Raises Invalid for what is no parameter of a search, or given twice."""
    given: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name, value in parameters:
        if name in given:
            problems[name] = "may be given once"
        elif name in known:
            given[name] = value
        elif name not in PASSED_OVER:
            problems[name[:100]] = f"is not a parameter of this search; there are {', '.join(sorted(known))}"
    if problems:
        raise Invalid(problems)
    return given


def read(index: Index, given: Mapping[str, str], actor: Actor) -> Asked:
    """The parameters of a list. Raises Invalid."""
    places = places_seen(index, actor)
    page = whole("page", given.get("page", "1"), None)
    limit = whole("limit", given.get("limit", str(USUAL_LIMIT)), MOST)
    cursor = given.get("cursor")
    if cursor is None and page * limit > DEEPEST:
        raise Invalid({"page": f"lies behind the first {DEEPEST} documents; read on with cursor"})
    if cursor is not None and "page" in given:
        raise Invalid({"cursor": "goes without page"})
    return Asked(page, limit, _sort(places, given), given.get("q"), cursor, _facets(places, given.get("facets")))


def whole(name: str, text: str, most: int | None) -> int:
    """A whole number from 1. Raises Invalid."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    if number < 1 or (most is not None and number > most):
        raise Invalid({name: "is not a whole number from 1" + (f" to {most}" if most else "")})
    return number


def encoded(cursor: Sequence[str], sort: ByField) -> str:
    """A place in a list, as one word for callers."""
    return base64.urlsafe_b64encode(json.dumps([sort.place.name, sort.descending, *cursor]).encode()).decode()


def decoded(text: str, sort: ByField) -> tuple[str, ...]:
    """The place. Raises Invalid for one of another order, or none at all."""
    try:
        name, descending, *cursor = json.loads(base64.urlsafe_b64decode(text.encode()))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        name, descending, cursor = None, None, []
    fits = (name, descending) == (sort.place.name, sort.descending)
    if not fits or not cursor or not all(isinstance(part, str) for part in cursor):
        raise Invalid({"cursor": "is none of this list: use the one of the page before, and the same order"})
    return tuple(cursor)


def _sort(places: Mapping[str, Place], given: Mapping[str, str]) -> ByField:
    name, order = given.get("sortBy", "createdAt"), given.get("sortOrder", "desc").lower()
    place = places.get(name)
    if place is None or place.field.kind in {Kind.OBJECT, Kind.LIST}:
        raise Invalid({"sortBy": "is not a field to sort by; the schema lists them"})
    if order not in {"asc", "desc"}:
        raise Invalid({"sortOrder": "is not asc or desc"})
    return ByField(place, descending=order == "desc")


def _facets(places: Mapping[str, Place], text: str | None) -> tuple[Facet, ...]:
    names = list(dict.fromkeys(text.split(","))) if text else []
    if len(names) > MOST_FACETS:
        raise Invalid({"facets": f"are more than {MOST_FACETS}"})
    for name in names:
        if name not in places or not counted(places[name]):
            raise Invalid({"facets": f"{name[:100]} is not a field to count by; the schema lists them"})
    return tuple(Facet(places[name]) for name in names)


def counted(place: Place) -> bool:
    """Can documents be counted by the values of the field?"""
    kind = place.field.of if place.field.kind is Kind.LIST else place.field.kind
    return kind in COUNTED


def _described(place: Place) -> Document:
    field = place.field
    return {
        "name": place.name,
        "type": str(field.kind),
        "of": str(field.of) if field.of else None,
        "doc": field.doc,
        "enum": list(field.enum) or None,
        "operators": list(operators(field)),
        "sortable": field.kind not in {Kind.OBJECT, Kind.LIST},
        "facet": counted(place),
    }


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
