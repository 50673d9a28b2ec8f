"""Which search documents a page of events concerns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from domain.kernel import Recorded
from domain.resources.catalog import LISTING, LISTING_CALENDAR
from infra.opensearch.layout import Layout, Node
from infra.opensearch.source import Source
from projections.projection import Projection

Touched = Mapping[str, Mapping[str, Recorded]]
"""By read model: the documents that events touched, each with the last such event."""


def touched_by(projections: Iterable[Projection], events: Iterable[Recorded]) -> Touched:
    """The documents that these events touched."""
    found: dict[str, dict[str, Recorded]] = defaultdict(dict)
    told = [(projection, projection.handles, projection.targets) for projection in projections]
    for event in events:
        kind = type(event.fact)
        for projection, handles, targets in told:
            if kind in handles:
                for target in targets(event):
                    found[projection.resource][str(target.id)] = event
    return found


class Concern:
    """Finds the search documents of one index that hold or depend on what was touched.

    A joined document is looked for by the key that it has now: fields by which documents are joined do not change.
    """

    def __init__(self, layout: Layout) -> None:
        self._ways = [way for way in _ways(layout.root, ()) if all(node.slot == 0 for node in way)]
        self._listings = layout.root.resource.name == LISTING.name
        self.models = layout.models | ({LISTING_CALENDAR.documents} if self._listings else frozenset())

    async def of(self, touched: Touched, source: Source) -> set[str]:
        """Their ids."""
        found: set[str] = set()
        for way in self._ways:
            ids = touched.get(way[-1].resource.documents)
            if ids:
                found |= await self._roots(way, set(ids), source)
        nights = touched.get(LISTING_CALENDAR.documents) if self._listings else None
        if nights:
            found |= {d["listingId"] for d in (await source.by_ids(LISTING_CALENDAR.documents, nights)).values()}
        return found

    async def _roots(self, way: tuple[Node, ...], ids: set[str], source: Source) -> set[str]:
        """The index's own documents above these, which stand at the end of the way."""
        for above, node in zip(reversed(way[:-1]), reversed(way[1:]), strict=True):
            if not ids:
                break
            keys = ids
            if node.on != "id":
                documents = (await source.by_ids(node.resource.documents, ids)).values()
                keys = {key for d in documents if isinstance(key := d.get(node.on), str)}
            if node.by == "id":
                ids = set((await source.by_ids(above.resource.documents, keys)).keys())
            else:
                ids = await source.ids_by(above.resource.documents, node.by, keys)
        return ids


def _ways(node: Node, above: tuple[Node, ...]) -> Iterable[tuple[Node, ...]]:
    """From the root to each node."""
    yield (*above, node)
    for child in node.children:
        yield from _ways(child, (*above, node))
