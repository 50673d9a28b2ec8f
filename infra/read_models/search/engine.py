"""`read_api.search.ports.SearchEngine` over the tables that the projector fills."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from domain.actor import Actor
from domain.resource import Kind, Resource
from infra.postgres import ready as sql
from infra.read_models.asking import Asking
from infra.read_models.codec import array_from_json, from_json
from infra.read_models.search.conditions import Conditions
from infra.read_models.search.orders import NULL, VALUE
from infra.read_models.search.statement import COUNT, Statement
from infra.read_models.search.tables import Tables
from infra.read_models.waiting import Waiting
from read_api.search.algebra import Condition, Everything, Facet, OneOf, Question
from read_api.search.declared import Index
from read_api.search.ports import FacetCount, Found, Hit
from read_api.shown import models_of

CALENDAR = "listingCalendar"
"""What free nights and prices of stays are read from, beside the index's own documents."""


class PostgresSearch:
    """Answers questions from the documents in PostgreSQL."""

    def __init__(self, asking: Asking, resources: Mapping[str, Resource], waiting: Waiting) -> None:
        self._asking = asking
        self._resources = resources
        self._waiting = waiting

    async def search(self, question: Question, actor: Actor) -> Found:
        """The page, the total and the facets. Raises Invalid for a cursor of another search, Unavailable."""
        statement = Statement(Tables(self._resources, question.index, actor), question)
        ((total, facets, hits),) = await self._asking(statement.text, statement.parameters.values)
        counted: dict[str, Any] = from_json(facets)
        rows = array_from_json(hits)
        return Found(
            [_hit(question, row) for row in rows],
            total,
            {
                f.place.name: [FacetCount(_facet_value(f, value), count) for value, count in counted[f.place.name]]
                for f in question.facets
            },
        )

    async def count(self, index: Index, where: Condition, actor: Actor) -> int:
        """How many the caller would find. Raises Unavailable."""
        tables = Tables(self._resources, index, actor)
        condition = sql.SQL("{} AND {}").format(tables.seen, Conditions(tables)(where))
        query = COUNT.format(tables=tables.all, where=condition)
        ((total,),) = await self._asking(query, tables.parameters.values)
        return int(total)

    async def get(self, index: Index, id: UUID, actor: Actor) -> Hit | None:
        """The document with its joins, unless it is absent or not the caller's to see. Raises Unavailable."""
        where = OneOf(index.places["id"], (str(id),)) if "id" in index.places else Everything()
        found = await self.search(Question(index, where, limit=1), actor)
        return found.hits[0] if found.hits else None

    async def wait_until(self, position: int, index: Index, seconds: float) -> None:
        """Return once all that it answers from has come to the position. Raises ReadBehind, Invalid, Unavailable."""
        await self._waiting.until(position, self.models(index), seconds)

    def models(self, index: Index) -> Collection[str]:
        """The read models that decide what is answered: the index's own, those joined, and those of their parents."""
        found = models_of((index.resource, *(join.resource for join in index.joins)), self._resources)
        return found | {CALENDAR} if index.resource.name == "listing" else found


def _facet_value(facet: Facet, value: str) -> str | bool:
    return value == "true" if facet.place.field.kind is Kind.BOOLEAN else value


def _hit(question: Question, row: list[Any]) -> Hit:
    id, by, body, joined, distance, price = row
    cursor = (*(NULL if text is None else f"{VALUE}{text}" for text in by), id)
    names = [join.name for join in question.index.joins]
    return Hit(
        body, cursor, dict(zip(names, joined, strict=True)), None if distance is None else float(distance), price
    )
