"""A rebuild of a search index in a process of its own, in small steps, told of line by line: something to kill."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from infra.event_store import Codec, PostgresEventStore
from infra.opensearch.client import Cluster
from infra.opensearch.side import SearchSide
from infra.read_models.side import ReadSide
from tests.infra.opensearch.conftest import INDEXES
from tests.infra.read_models import sample

STEP = 7
"""Documents."""


async def main(conninfo: str, url: str, prefix: str, name: str) -> None:
    """Rebuilds the index of that name."""
    declared = (*sample.RESOURCES, sample.READING)

    def told(done: int, total: int) -> None:
        sys.stdout.write(f"{done} {total}\n")
        sys.stdout.flush()

    async with (
        PostgresEventStore(conninfo, Codec(sample.AGGREGATES)) as log,
        ReadSide(conninfo, log, sample.PROJECTIONS, declared, now=lambda: datetime.now(UTC), connections=4) as side,
        SearchSide(
            conninfo, log, side, sample.PROJECTIONS, INDEXES, cluster=Cluster(url), prefix=prefix, step=STEP
        ) as search,
    ):
        await search.rebuilds.run(name, told)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
