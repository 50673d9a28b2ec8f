"""Composes search documents from the read models' documents: the index's own, what is joined, whose rules decide."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from domain.resources.catalog import LISTING, LISTING_CALENDAR
from infra.opensearch.columns import columns
from infra.opensearch.layout import ROOT, Layout, Node
from infra.opensearch.source import Source
from infra.opensearch.stays import stay_columns
from infra.read_models.codec import to_json
from projections.projection import Document


@dataclass(slots=True)
class Composed:
    """A document with all beneath it."""

    node: Node
    document: Document
    below: dict[str, list[Composed]] = field(default_factory=dict)
    """By the path of their node: several only where it is of many."""
    nights: list[Document] = field(default_factory=list)
    """Of a listing: its calendar."""


class Composer:
    """Composes the search documents of one index."""

    def __init__(self, layout: Layout, source: Source) -> None:
        self.layout = layout
        self._source = source
        self._listings = layout.root.resource.name == LISTING.name

    async def of(self, ids: Collection[str]) -> dict[str, dict[str, Any] | None]:
        """The search documents of these ids; None where there is no document any more."""
        documents = await self._source.by_ids(self.layout.root.resource.documents, ids)
        found = await self.around(documents)
        return {id: found.get(id) for id in ids}

    async def around(self, documents: dict[str, Document]) -> dict[str, dict[str, Any]]:
        """The search documents around these documents."""
        composed = {id: Composed(self.layout.root, document) for id, document in documents.items()}
        await self._fill(composed.values())
        if self._listings:
            await self._calendars(composed)
        return {id: written(one, listing=self._listings) for id, one in composed.items()}

    async def _fill(self, composed: Iterable[Composed]) -> None:
        """Put beneath each what stands there: one query a node, for all of them together."""
        level = list(composed)
        for node in level[0].node.children if level else ():
            wanted: dict[str, list[Composed]] = {}
            for one in level:
                key = one.document.get(node.by)
                if isinstance(key, str):
                    wanted.setdefault(key, []).append(one)
            made = []
            for key, documents in (await self._found(node, wanted)).items():
                for above in wanted[key]:
                    below = above.below[node.path] = [Composed(node, document) for document in documents]
                    made += below
            if made:
                await self._fill(made)

    async def _found(self, node: Node, keys: Collection[str]) -> dict[str, list[Document]]:
        """What stands at the node for each key: where several may, one by its place among the newest."""
        model, alive = node.resource.documents, node.resource.alive
        if node.on == "id" and not node.where:
            return {id: [document] for id, document in (await self._source.by_ids(model, keys)).items()}
        found = await self._source.by_field(model, node.on, keys, node.where)
        if node.many:
            return found
        if not node.resource.keeps_deleted:
            found = {key: [one for one in several if one.get(alive) is not False] for key, several in found.items()}
        return {key: documents[node.slot : node.slot + 1] for key, documents in found.items()}

    async def _calendars(self, composed: dict[str, Composed]) -> None:
        nights = await self._source.by_field(LISTING_CALENDAR.documents, "listingId", composed)
        for id, one in composed.items():
            one.nights = nights.get(id, [])


def written(composed: Composed, *, listing: bool) -> dict[str, Any]:
    """The search document; of a listing with what its stays depend on."""
    out: dict[str, Any] = {"id": composed.document["id"], "deleted": False, "body": to_json(body_of(composed))}
    if listing:
        out["stay"] = stay_columns(composed.document, composed.nights)
    _put(out, composed)
    return out


def body_of(composed: Composed) -> dict[str, Any]:
    """All of it, as it is handed back to who finds it; of parents only what rules ask, of many nothing."""
    node, document = composed.node, composed.document
    if node.path != ROOT and node.join is None:
        document = {"id": document["id"]} | {f.name: document.get(f.name) for f in node.fields}
    below = {path: body_of(some[0]) for path, some in composed.below.items() if some and not some[0].node.many}
    return {"document": document, "below": below} if below else {"document": document}


def _put(out: dict[str, Any], composed: Composed) -> None:
    """Write the columns of a document and of all beneath it."""
    _at(out, composed.node.path).update(columns(composed.node, composed.document))
    for path, some in composed.below.items():
        if some and some[0].node.many:
            above, _, last = path.rpartition(".")
            _at(out, above)[last] = [_apart(one) for one in some]
        else:
            for one in some:
                _put(out, one)


def _apart(composed: Composed) -> dict[str, Any]:
    """One of many, as it is written: an object of its own, with all beneath it."""
    out: dict[str, Any] = {}
    _put(out, composed)
    return _at(out, composed.node.path)


def _at(out: dict[str, Any], path: str) -> dict[str, Any]:
    for step in path.split("."):
        out = out.setdefault(step, {})
    return out
