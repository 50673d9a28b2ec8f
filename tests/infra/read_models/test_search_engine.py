"""The search engine on PostgreSQL, held to the contract of all engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from domain.catalogue import RESOURCES
from infra.postgres.connected import connected
from infra.postgres.migrate import migrate
from infra.read_models.asking import Asking
from infra.read_models.catalogue import prepare
from infra.read_models.documents import DocumentModel
from infra.read_models.progress import Progress
from infra.read_models.search.engine import PostgresSearch
from infra.read_models.side import models_of
from infra.read_models.waiting import Waiting
from projections.catalogue import PROJECTIONS
from read_api.search.ports import SearchEngine
from tests.contracts.search_documents import BY_NAME, documents
from tests.contracts.search_engine import SearchEngineContract

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def engine(module_database: str) -> AsyncIterator[SearchEngine]:
    """An engine over the documents of the contract."""
    await migrate(module_database)
    models = models_of(PROJECTIONS, RESOURCES)
    await prepare(module_database, models)
    async with connected(module_database) as connection:
        for name, found in documents().items():
            model = models[name]
            assert isinstance(model, DocumentModel)
            by_id = {UUID(document["id"]): document for document in found}
            await model.write(connection, model.table, by_id, dict.fromkeys(by_id, 1))
        await connection.execute("ANALYZE")

    async def end() -> int:
        return 0

    async with Asking(module_database) as asking:
        yield PostgresSearch(asking, BY_NAME, Waiting(asking, Progress(), end))


class TestPostgresSearch(SearchEngineContract):
    """`PostgresSearch` is a `SearchEngine`."""
