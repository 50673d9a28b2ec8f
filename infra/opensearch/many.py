"""Joins of many documents: they are not kept with each search document, but looked for beside those found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Protocol

from commands.ports import Unavailable
from domain.actor import Actor
from infra.opensearch.client import NO_INDEX, refused
from infra.opensearch.conditions import Conditions
from infra.opensearch.layout import Layout
from infra.opensearch.rules import both
from infra.read_models.codec import from_json, to_json
from projections.projection import Document
from read_api.search.declared import ROOM, Join
from read_api.search.ports import Hit

BUILT = "The search index is being built; try again."


class Ask(Protocol):
    """Asks the cluster."""

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """Its answer."""
        ...


class Many:
    """Looks the documents of such joins up in the index of their own resource."""

    def __init__(self, ask: Ask, layouts: Mapping[str, Layout], aliases: Mapping[str, str]) -> None:
        self._ask = ask
        self._layouts = layouts
        self._aliases = aliases

    async def fill(self, layout: Layout, hits: Sequence[Hit], actor: Actor) -> None:
        """Put them with each of these hits."""
        joins = [join for join in layout.index.joins if join.many]
        asked: list[tuple[Hit, Join, Layout]] = []
        lines: list[str] = []
        for join in joins:
            own = plain_index(self._layouts, join)
            conditions = Conditions(own, actor)
            for hit in hits:
                hit.joined[join.name] = []
                key = _key(hit, join)
                if not isinstance(key, str):
                    continue
                wanted = [
                    {"term": {own.root.column(name, "r"): value}} for name, value in ((join.on, key), *join.where)
                ]
                body = {
                    "query": both([conditions.rows(), *wanted]),
                    "sort": [{own.root.column("createdAt", "r"): {"order": "desc", "missing": "_last"}}, {"id": "asc"}],
                    "size": join.most,
                    "_source": ["body"],
                    "track_total_hits": False,
                }
                lines += [to_json({"index": self._aliases[own.index.name]}), to_json(body)]
                asked.append((hit, join, own))
        if not asked:
            return
        answer = await self._ask("POST", "/_msearch", "\n".join([*lines, ""]))
        for (hit, join, own), one in zip(asked, answer["responses"], strict=True):
            if "error" in one:
                told = refused(one["status"], one)
                raise Unavailable(BUILT, retry_after=5) if told.kind == NO_INDEX else told
            sees = Conditions(own, actor).sees
            bodies = _with_room([each["_source"]["body"] for each in one["hits"]["hits"]])
            hit.joined[join.name] = [sees.document(own.root, from_json(body)) for body in bodies]


def plain_index(layouts: Mapping[str, Layout], join: Join) -> Layout:
    """The index of the joined resource itself, with the fewest joins of its own."""
    own = [layout for layout in layouts.values() if layout.index.resource.name == join.resource.name]
    return min(own, key=lambda layout: len(layout.nodes))


def _with_room(bodies: Sequence[str]) -> list[str]:
    """The first of them, as many as have room."""
    ends = accumulate(len(body.encode()) for body in bodies)
    return [body for body, end in zip(bodies, ends, strict=True) if end <= ROOM]


def _key(hit: Hit, join: Join) -> Any:
    above, _, field = join.by.rpartition(".")
    document: Document | list[Document] | None = hit.joined.get(above) if above else hit.document
    return document.get(field) if isinstance(document, dict) else None
