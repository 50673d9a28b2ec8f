"""Compares a version that was filled with the documents that it was filled from, before anybody searches it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from infra.opensearch.client import Cluster
from infra.opensearch.followed import PORTION, Followed
from infra.opensearch.source import Source
from infra.opensearch.versions import Versions
from infra.opensearch.writing import encoded

SAMPLE = 100
"""Documents that are compared one by one."""
TRIES = 5
"""While documents come and go, the two are never quite at the same point."""


class RebuildDiffers(Exception):
    """What was filled is not what it was filled from; nobody is shown it."""


class Comparing:
    """Compares counts and a sample."""

    def __init__(self, cluster: Cluster, versions: Versions, source: Source) -> None:
        self._cluster = cluster
        self._versions = versions
        self._source = source

    async def compare(self, index: Followed, catch_up: Callable[[], Awaitable[None]]) -> None:
        """Raises RebuildDiffers if they differ, again and again after catching up."""
        model = index.layout.root.resource.documents
        sample = await self._source.some(model, SAMPLE)
        differing: list[str] = []
        before = found = after = 0
        for _ in range(TRIES):
            before = await self._source.count(model)
            await catch_up()
            await self._versions.refresh(index.version)
            found = await self._count(index)
            after = await self._source.count(model)
            differing = await self._differing(index, sample)
            if min(before, after) <= found <= max(before, after) and not differing:
                return
            sample = differing or sample
        raise RebuildDiffers(
            f"{index.version} has {found} documents where there are {before} to {after}, and of {len(sample)} looked at"
            f" {len(differing)} differ ({', '.join(differing[:3])}); it stays beside the live version"
        )

    async def _count(self, index: Followed) -> int:
        """Those that there are, and those that are not as they were not taken: their reasons are told elsewhere."""
        asked = {"query": {"term": {"deleted": False}}}
        answer = await self._cluster.ask("POST", f"/{index.version}/_count", asked)
        return int(answer["count"]) + await self._lacking(index)

    async def _lacking(self, index: Followed) -> int:
        """How many are lacking as they were not taken. Some of those may have gone since, or be there as they were."""
        model, found = index.layout.root.resource.documents, 0
        ids = sorted(index.rejected)
        for start in range(0, len(ids), PORTION):
            lacking = await self._versions.lacking(index.version, ids[start : start + PORTION])
            found += len(await self._source.by_ids(model, lacking))
        return found

    async def _differing(self, index: Followed, ids: list[str]) -> list[str]:
        if not ids:
            return []
        composed = await index.composer.of(ids)
        answer = await self._cluster.ask("POST", f"/{index.version}/_mget", {"ids": ids})
        there = {one["_id"]: one["_source"] for one in answer["docs"] if one.get("found")}
        return [
            id
            for id, document in composed.items()
            if document is not None
            and id not in index.rejected
            and there.get(id) != msgspec.json.decode(encoded(document))
        ]
