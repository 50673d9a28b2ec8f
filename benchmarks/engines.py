"""An OpenSearch to measure on, and the product's search side as a process of its own would have it."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks import worker
from infra.event_store import PostgresEventStore
from infra.opensearch.client import Cluster
from infra.opensearch.side import SearchSide
from infra.opensearch.versions import Shape
from projections.catalogue import PROJECTIONS
from read_api.search.catalogue import INDEXES
from tests.services.opensearch import OpenSearchServer

HEAP = 1_024
"""Megabytes."""
PREFIX = "innkeep"
SEARCHED = ("listing", "reservation", "ReservationDetailView", "listingCalendar")
"""The indexes that bookings are most of, and those that have most joined: to empty all would take most of a round."""
WHOLE = "-XX:+TieredCompilation"
"""It may become as fast as it can."""


@contextlib.contextmanager
def opensearch() -> Iterator[str]:
    """The address of a node of our own, gone afterwards. Raises NotHere without Java or Maven."""
    with tempfile.TemporaryDirectory(prefix="innkeep-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # it runs as nobody where we are root
        server = OpenSearchServer(Path(folder), heap=HEAP, more=WHOLE)
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


def settings(url: str) -> dict[str, str]:
    """With which a server of the product searches on it."""
    return {"INNKEEP_OPENSEARCH_URL": url, "INNKEEP_OPENSEARCH_PREFIX": PREFIX}


@asynccontextmanager
async def search_side(database: str, cluster: Cluster) -> AsyncIterator[tuple[PostgresEventStore, SearchSide]]:
    """The product's store and a search side, wired as its build() does, of `SEARCHED`; nothing runs."""
    async with (
        worker.read_side(database) as (store, side),
        SearchSide(
            database,
            store,
            side,
            PROJECTIONS,
            [index for index in INDEXES if index.name in SEARCHED],
            cluster=cluster,
            prefix=PREFIX,
            shape=Shape(replicas=0),
        ) as search,
    ):
        yield store, search


async def emptied(search: SearchSide) -> None:
    """Every index is there, once, and empty."""
    for index in search.indexes.values():
        for version in (await search.versions.all(index.alias)).values():
            await search.versions.drop(version.name)
        made = await search.versions.create(index.alias, 1, index.layout)
        await search.versions.show(index.alias, made.name)


async def counted(search: SearchSide) -> dict[str, int]:
    """How many documents each index has."""
    found = {}
    for name, index in search.indexes.items():
        await search.versions.refresh(index.alias)
        asked = {"query": {"term": {"deleted": False}}}
        found[name] = int((await search.cluster.ask("POST", f"/{index.alias}/_count", asked))["count"])
    return found
