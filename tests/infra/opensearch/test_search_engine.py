"""The search engine on OpenSearch, held to the contract of all engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from domain.catalogue import AGGREGATES, RESOURCES
from infra.clock import wall_now
from infra.event_store import Codec, PostgresEventStore
from infra.opensearch.client import Cluster
from infra.opensearch.side import SearchSide
from infra.postgres.connected import connected
from infra.postgres.migrate import migrate
from infra.read_models.documents import DocumentModel
from infra.read_models.side import ReadSide
from projections.catalogue import PROJECTIONS
from read_api.search.ports import SearchEngine
from tests.contracts.search_documents import INDEXES, documents
from tests.contracts.search_engine import SearchEngineContract

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
async def engine(module_database: str, opensearch: str) -> AsyncIterator[SearchEngine]:
    """An engine over the documents of the contract, its indexes filled from them."""
    await migrate(module_database)
    async with (
        PostgresEventStore(module_database, Codec(AGGREGATES)) as log,
        ReadSide(module_database, log, PROJECTIONS, RESOURCES, now=wall_now) as side,
        SearchSide(
            module_database,
            log,
            side,
            PROJECTIONS,
            INDEXES,
            cluster=Cluster(opensearch),
            prefix=f"test-{uuid4().hex[:12]}",
        ) as search,
    ):
        async with connected(module_database) as connection:
            for name, found in documents().items():
                model = side.models[name]
                assert isinstance(model, DocumentModel)
                by_id = {UUID(document["id"]): document for document in found}
                await model.write(connection, model.table, by_id, dict.fromkeys(by_id, 1))
        for name in search.indexes:
            await search.rebuilds.run(name)
        yield search.engine
        for index in search.indexes.values():
            for version in (await search.versions.all(index.alias)).values():
                await search.versions.drop(version.name)


class TestOpenSearchSearch(SearchEngineContract):
    """`OpenSearchSearch` is a `SearchEngine`."""
