"""Does away with the marks of deleted documents, once no write older than them can be on its way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from infra.opensearch.client import Cluster

EVERY_SECONDS = 600.0
AT_ONCE = 1_000


class Purge:
    """Looks for such marks now and then.

    Args:
        cluster: where they are.
        now: seconds since 1970, by the wall clock that the marks were made by.
    """

    def __init__(self, cluster: Cluster, now: Callable[[], float] = time.time) -> None:
        self._cluster = cluster
        self._now = now
        self._next = 0.0

    async def when_due(self, versions: Sequence[str]) -> None:
        """When it is time: of these versions, some of the marks whose time is over."""
        now = asyncio.get_running_loop().time()
        if now >= self._next and versions:
            self._next = now + EVERY_SECONDS
            await self.of(versions)

    async def of(self, versions: Sequence[str]) -> int:
        """Some of the marks whose time is over are deleted. Answers how many."""
        over = [{"term": {"deleted": True}}, {"range": {"purge": {"lt": int(self._now())}}}]
        asked = {"query": {"bool": {"filter": over}}, "size": AT_ONCE, "version": True, "_source": False}
        answer = await self._cluster.ask("POST", f"/{','.join(versions)}/_search", asked)
        hits = answer["hits"]["hits"]
        await self._cluster.bulk(
            [
                {
                    "delete": {
                        "_index": hit["_index"],
                        "_id": hit["_id"],
                        "version": hit["_version"],
                        "version_type": "external_gte",
                    }
                }
                for hit in hits
            ]
        )
        return len(hits)
