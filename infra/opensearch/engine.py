"""`read_api.search.ports.SearchEngine` on OpenSearch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Protocol
from uuid import UUID

import structlog

from commands.ports import Unavailable
from domain.actor import Actor
from domain.errors import Invalid
from domain.money import EXPONENTS
from infra.opensearch.client import NO_DOCUMENT, NO_INDEX, Cluster, Refused
from infra.opensearch.conditions import NOWHERE, Conditions
from infra.opensearch.facets import facet_query, facets_of
from infra.opensearch.layout import Layout
from infra.opensearch.many import Many, plain_index
from infra.opensearch.rules import Query, both
from infra.opensearch.scores import scores
from infra.opensearch.sorting import Keys, Sorting, after, cursor
from infra.opensearch.stay_scripts import StayPrices
from infra.read_models.codec import from_json
from projections.projection import Document
from read_api.search.algebra import ByDistance, ByRelevance, Condition, Everything, Question
from read_api.search.declared import Index
from read_api.search.ports import Found, Hit

NO_CURSOR = frozenset({400, 500})
TOO_MUCH = 400
"""How OpenSearch answers what it cannot look for, and what is no question."""
"""What is answered to sort keys that are none of this order: an empty one among them is a fault to it."""
WINDOW = 10_000
"""Documents that one answer may pass over and hold together."""


class Fresh(Protocol):
    """Waits until what was recorded is searchable."""

    async def until(self, position: int, index: str, seconds: float) -> None:
        """Return once the index has come to the position and shows it."""
        ...


class OpenSearchSearch:
    """Answers questions from the indexes that the indexer fills.

    Args:
        cluster: where they are.
        layouts: of every index, by name.
        aliases: under which they are asked, by name.
        fresh: waits for the indexer.
    """

    def __init__(
        self,
        cluster: Cluster,
        layouts: Mapping[str, Layout],
        aliases: Mapping[str, str],
        fresh: Fresh,
    ) -> None:
        self._cluster = cluster
        self._layouts = layouts
        self._aliases = aliases
        self._fresh = fresh
        self._many = Many(self._ask, layouts, aliases)
        self._log = structlog.get_logger("search engine")

    async def search(self, question: Question, actor: Actor) -> Found:
        """The page, the total and the facets. Raises Unavailable, Invalid."""
        layout = self._layouts[question.index.name]
        conditions = Conditions(layout, actor)
        prices = StayPrices(question.stay) if question.stay else None
        body = self._body(question, conditions, prices)
        if question.after is None and question.start + question.limit > WINDOW:
            body["search_after"] = await self._far(question, body)
            if body["search_after"] is None:
                body |= {"size": 0}
                del body["search_after"]
            body["from"] = 0
        answer = await self._page(f"/{self._aliases[layout.index.name]}/_search", body)
        hits = [self._hit(question, conditions, found) for found in answer["hits"]["hits"]]
        if question.many == "shown":
            await self._many.fill(layout, hits, actor)
        total = answer["hits"].get("total", {}).get("value", 0)
        return Found(hits, total, facets_of(question, answer.get("aggregations", {})))

    async def count(self, index: Index, where: Condition, actor: Actor) -> int:
        """How many the caller would find. Raises Unavailable."""
        conditions = Conditions(self._layouts[index.name], actor)
        query = both([conditions.rows(), conditions.of(where)])
        answer = await self._asked(f"/{self._aliases[index.name]}/_count", {"query": query})
        return int(answer["count"])

    async def get(self, index: Index, id: UUID, actor: Actor) -> Hit | None:
        """The document with its joins, unless it is absent or not the caller's to see. Raises Unavailable."""
        layout = self._layouts[index.name]
        path = f"/{self._aliases[index.name]}/_doc/{id}"
        found = await self._ask("GET", path, params={"_source_includes": "body,deleted"})
        if not found.get("found") or found["_source"].get("deleted", True):
            return None
        conditions = Conditions(layout, actor)
        if not conditions.sees.sees(layout.root, from_json(found["_source"]["body"])):
            return None
        hit = self._hit(Question(index, Everything()), conditions, found)
        await self._many.fill(layout, [hit], actor)
        return hit

    async def wait_until(self, position: int, index: Index, seconds: float) -> None:
        """Return once the index has come to the position and shows it. Raises ReadBehind, Invalid, Unavailable."""
        names = {index.name, *(plain_index(self._layouts, join).index.name for join in index.joins if join.many)}
        await asyncio.gather(*(self._fresh.until(position, name, seconds) for name in sorted(names)))

    def _body(self, question: Question, conditions: Conditions, prices: StayPrices | None) -> dict[str, Any]:
        where = [conditions.rows(), conditions.of(question.where)]
        if question.price is not None and prices is not None:
            where += _priced(question.price, conditions, prices)
        query: dict[str, Any] = {"filter": [both(where)]}
        if any(isinstance(order, ByRelevance) for order in question.orders):
            query["should"] = scores(question.where, conditions)
        body: dict[str, Any] = {
            "query": {"bool": query},
            "sort": Sorting(conditions, prices).keys(question.orders),
            "from": question.start if question.after is None else 0,
            "size": question.limit,
            "track_total_hits": question.counted == "all",
            "_source": ["body"],
        }
        if question.after is not None:
            body["search_after"] = _after(question, body["sort"])
        if prices is not None:
            body["script_fields"] = {"price": prices.field()}
        if question.facets:
            body["aggs"] = {str(n): facet_query(facet, conditions) for n, facet in enumerate(question.facets)}
        return body

    async def _page(self, path: str, body: Mapping[str, Any]) -> Any:
        try:
            return await self._asked(path, body)
        except Refused as refused:
            if refused.status in NO_CURSOR and "search_after" in body:
                raise Invalid({"after": "is no cursor of this order"}) from refused
            raise

    async def _asked(self, path: str, body: Mapping[str, Any]) -> Any:
        """Raises Invalid for a question that is well formed and yet more than the engine can look for."""
        try:
            return await self._ask("POST", path, body)
        except Refused as refused:
            if refused.status != TOO_MUCH or "search_after" in body:
                raise
            self._log.warning("the search engine refused a question", reason=str(refused))
            told = "is more than the search engine can look for: ask with fewer conditions, or simpler patterns"
            raise Invalid({"filters": told}) from refused

    async def _far(self, question: Question, body: Mapping[str, Any]) -> list[Any] | None:
        """The sort keys of the last document to pass over, of more than one answer may; None past the end."""
        left, keys = question.start, None
        while left > 0:
            step = min(left, WINDOW)
            asked = {"query": body["query"], "sort": body["sort"], "size": step, "_source": False}
            asked |= {"track_total_hits": False} | ({"search_after": keys} if keys else {})
            answer = await self._ask("POST", f"/{self._aliases[question.index.name]}/_search", asked)
            found = answer["hits"]["hits"]
            if len(found) < step:
                return None
            keys, left = found[-1]["sort"], left - step
        return keys

    def _hit(self, question: Question, conditions: Conditions, found: Mapping[str, Any]) -> Hit:
        layout, sees = conditions.layout, conditions.sees
        body = from_json(found["_source"]["body"])
        joined: dict[str, Document | list[Document] | None] = {join.name: None for join in layout.index.joins}
        for node, below in layout.joined_of(body, sees.sees):
            if node.join is not None:
                joined[node.join.name] = sees.document(node, below)
        keys = found.get("sort", [])
        price = found.get("fields", {}).get("price", [None])[0]
        distance = _distance(question, keys)
        return Hit(sees.document(layout.root, body), cursor(keys), joined, distance, price)

    async def _ask(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        try:
            return await self._cluster.ask(method, path, body, params=params)
        except Refused as refused:
            if refused.kind == NO_INDEX:
                raise Unavailable("The search index is being built; try again.", retry_after=5) from refused
            if refused.status == NO_DOCUMENT:
                return {"found": False}
            raise


def _priced(
    price: tuple[Decimal | None, Decimal | None, str], conditions: Conditions, prices: StayPrices
) -> list[Query]:
    low, high, currency = price
    digits = EXPONENTS[currency]
    bounds = [
        None if bound is None else int(bound.scaleb(digits).to_integral_value(rounding))
        for bound, rounding in ((low, ROUND_CEILING), (high, ROUND_FLOOR))
    ]
    return [{"term": {conditions.layout.root.column("currency", "r"): currency}}, prices.between(*bounds)]


def _after(question: Question, sort: Keys) -> list[Any]:
    try:
        keys = after(question.after or ())
    except ValueError as error:
        raise Invalid({"after": "is no cursor"}) from error
    if len(keys) != len(sort) or any(key is None and not _of_text(by) for key, by in zip(keys, sort, strict=True)):
        raise Invalid({"after": "is no cursor of this order"})
    return keys


def _of_text(by: Mapping[str, Any]) -> bool:
    """Is it a column of texts? Of those alone the cursor of an absent value is null."""
    return next(iter(by)).endswith(".r")


def _distance(question: Question, keys: Sequence[Any]) -> float | None:
    if not question.orders or not isinstance(question.orders[0], ByDistance) or not keys:
        return None
    return keys[0] if isinstance(keys[0], int | float) and keys[0] < NOWHERE else None
