"""The search engine on PostgreSQL, held to the contract of all engines."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from infra.read_models.asking import Asking
from infra.read_models.progress import Progress
from infra.read_models.search.engine import PostgresSearch
from infra.read_models.waiting import Waiting
from read_api.search.ports import SearchEngine
from tests.contracts.search_engine import SearchEngineContract
from tests.searching.known import WORLD
from tests.searching.loading import load
from tests.searching.world import BY_NAME


@pytest.fixture(scope="module")
async def engine(module_database: str) -> AsyncIterator[SearchEngine]:
    """An engine over the documents of the contract."""
    await load(module_database, WORLD.documents)

    async def end() -> int:
        return 0

    async with Asking(module_database, size=2) as asking:
        yield PostgresSearch(asking, BY_NAME, Waiting(asking, Progress(), end))


class TestPostgresSearch(SearchEngineContract):
    """`PostgresSearch` is a `SearchEngine`."""
