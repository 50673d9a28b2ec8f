"""Composes search documents from the read models' documents: the index's own, what is joined, whose rules decide."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from domain.resources.catalog import LISTING, LISTING_CALENDAR
from infra.opensearch.columns import columns
from infra.opensearch.layout import ROOT, Layout, Node
from infra.opensearch.source import Source
from infra.opensearch.stays import stay_columns
from infra.read_models.codec import to_json
from projections.projection import Document


@dataclass
class Composed:
    """A document with all beneath it. What stands beneath several others is one and the same: its columns and its body
    are made once.
    """

    node: Node
    document: Document
    below: dict[str, list[Composed]] = field(default_factory=dict)
    """By the path of their node: several only where it is of many."""
    nights: list[Document] = field(default_factory=list)
    """Of a listing: its calendar."""

    @cached_property
    def columns(self) -> dict[str, Any]:
        """Its fields as columns, when all is put beneath it that belongs there."""
        return columns(self.node, self.document)

    @cached_property
    def body(self) -> dict[str, Any]:
        """It and all beneath it, as who finds it is handed it: of parents only what rules ask, of many nothing."""
        document = self.document
        if self.node.path != ROOT and self.node.join is None:
            document = {"id": document["id"]} | {f.name: document.get(f.name) for f in self.node.fields}
        below = {path: some[0].body for path, some in self.below.items() if some and not some[0].node.many}
        return {"document": document, "below": below} if below else {"document": document}


class Composer:
    """Composes the search documents of one index."""

    def __init__(self, layout: Layout, source: Source) -> None:
        self.layout = layout
        self.source = source
        self._listings = layout.root.resource.name == LISTING.name

    async def of(self, ids: Collection[str], source: Source | None = None) -> dict[str, dict[str, Any] | None]:
        """The search documents of these ids; None where there is no document any more. `source` is asked instead of
        the usual one.
        """
        source = source or self.source
        found = await self.around(await source.by_ids(self.layout.root.resource.documents, ids), source)
        return {id: found.get(id) for id in ids}

    async def around(self, documents: dict[str, Document], source: Source | None = None) -> dict[str, dict[str, Any]]:
        """The search documents around these documents; as `of`."""
        source = source or self.source
        composed = {id: Composed(self.layout.root, document) for id, document in documents.items()}
        await self._fill(composed.values(), source)
        if self._listings:
            await self._calendars(composed, source)
        return {id: written(one, listing=self._listings) for id, one in composed.items()}

    async def _fill(self, composed: Iterable[Composed], source: Source) -> None:
        """Put beneath each what stands there: one query a node, for all of them together."""
        level = list(composed)
        for node in level[0].node.children if level else ():
            wanted: dict[str, list[Composed]] = {}
            for one in level:
                key = one.document.get(node.by)
                if isinstance(key, str):
                    wanted.setdefault(key, []).append(one)
            made = []
            for key, documents in (await self._found(node, wanted, source)).items():
                below = [Composed(node, document) for document in documents]
                for above in wanted[key]:
                    above.below[node.path] = below
                made += below
            if made:
                await self._fill(made, source)

    async def _found(self, node: Node, keys: Collection[str], source: Source) -> dict[str, list[Document]]:
        """What stands at the node for each key: where several may, one by its place among the newest."""
        model, alive = node.resource.documents, node.resource.alive
        if node.on == "id" and not node.where:
            return {id: [document] for id, document in (await source.by_ids(model, keys)).items()}
        found = await source.by_field(model, node.on, keys, node.where)
        if node.many:
            return found
        if not node.resource.keeps_deleted:
            found = {key: [one for one in several if one.get(alive) is not False] for key, several in found.items()}
        return {key: documents[node.slot : node.slot + 1] for key, documents in found.items()}

    async def _calendars(self, composed: dict[str, Composed], source: Source) -> None:
        nights = await source.by_field(LISTING_CALENDAR.documents, "listingId", composed)
        for id, one in composed.items():
            one.nights = nights.get(id, [])


def written(composed: Composed, *, listing: bool) -> dict[str, Any]:
    """The search document; of a listing with what its stays depend on."""
    out: dict[str, Any] = {"id": composed.document["id"], "deleted": False, "body": to_json(composed.body)}
    if listing:
        out["stay"] = stay_columns(composed.document, composed.nights)
    _put(out, composed)
    return out


def _put(out: dict[str, Any], composed: Composed) -> None:
    """Write the columns of a document and of all beneath it."""
    _at(out, composed.node.path).update(composed.columns)
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
