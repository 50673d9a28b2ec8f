"""Writes search documents: each under the position that it stands for, so that an old write never wins and a replay
changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from commands.ports import Unavailable
from infra.opensearch.client import BUSY, Cluster

CONFLICT = 409
"""Something newer is there, or this very thing."""
BLOCKED = "cluster_block_exception"
PORTION = 4_000_000
"""Bytes of one request, about."""
KEEP_SECONDS = 3_600
"""That the mark of a deleted document is kept, at least: a write that was on its way for so long there is none."""

encoded = msgspec.json.Encoder(decimal_format="number").encode
"""A search document as it is sent."""


@dataclass(frozen=True, slots=True)
class Write:
    """One search document to write; without a body, one that is no more."""

    index: str
    id: str
    version: int
    document: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A write that OpenSearch will not take, however often it is tried."""

    write: Write
    reason: str


class Writing:
    """Writes in bulk."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def all(self, writes: Iterable[Write]) -> list[Rejected]:
        """Write all of these; answers those that were rejected for good. Raises Unavailable."""
        rejected: list[Rejected] = []
        for portion, lines in _portions(writes):
            items = await self._cluster.bulk(lines)
            for write, item in zip(portion, items, strict=True):
                reason = rejection(next(iter(item.values())))
                if reason:
                    rejected.append(Rejected(write, reason))
        return rejected


def _portions(writes: Iterable[Write]) -> Iterator[tuple[list[Write], list[bytes]]]:
    portion: list[Write] = []
    lines: list[bytes] = []
    size = 0
    for write in writes:
        place = {"_index": write.index, "_id": write.id, "version": write.version, "version_type": "external"}
        body = encoded(write.document if write.document is not None else tombstone(write.id))
        lines += [encoded({"index": place}), body]
        portion.append(write)
        size += len(body)
        if size > PORTION:
            yield portion, lines
            portion, lines, size = [], [], 0
    if portion:
        yield portion, lines


def tombstone(id: str) -> dict[str, Any]:
    """What stands where a document was, so that its version stands: OpenSearch itself forgets those of deleted ones."""
    return {"id": id, "deleted": True, "purge": int(time.time()) + KEEP_SECONDS}


def rejection(item: Mapping[str, Any]) -> str | None:
    """Why it is rejected for good; None if it is written, or need not be. Raises Unavailable."""
    status, error = item["status"], item.get("error")
    if error is None or status == CONFLICT:
        return None
    reason = f"{error.get('type')}: {error.get('reason')}"
    deeper = (error.get("caused_by") or {}).get("reason")
    if deeper:
        reason += f": {deeper}"
    if error.get("type") == BLOCKED:  # as when a disk is full
        raise Unavailable("The search index takes no writes; try again.", retry_after=5, why=reason[:300])
    if status in BUSY or status >= 500:
        raise Unavailable("The search engine is busy; try again.", why=reason[:300])
    if status == 404:
        raise Unavailable("The search index is gone; it is made anew.", why=reason[:300])
    return reason
