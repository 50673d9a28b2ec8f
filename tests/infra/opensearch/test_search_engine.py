"""The search engine on OpenSearch, held to the contract of all engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from domain.actor import NOBODY
from domain.catalogue import AGGREGATES, RESOURCES
from domain.errors import Invalid
from infra.clock import wall_now
from infra.event_store import Codec, PostgresEventStore
from infra.opensearch.client import Cluster
from infra.opensearch.side import SearchSide
from infra.read_models.side import ReadSide
from projections.catalogue import PROJECTIONS
from read_api.search.algebra import Question, Regexp
from read_api.search.ports import SearchEngine
from tests.contracts.search_engine import SearchEngineContract
from tests.searching.known import WORLD
from tests.searching.loading import load
from tests.searching.world import INDEXES, LISTINGS

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
async def engine(module_database: str, opensearch: str) -> AsyncIterator[SearchEngine]:
    """An engine over the documents of the contract, its indexes filled from them."""
    await load(module_database, WORLD.documents)
    async with (
        PostgresEventStore(module_database, Codec(AGGREGATES)) as log,
        ReadSide(module_database, log, PROJECTIONS, RESOURCES, now=wall_now) as side,
        SearchSide(
            module_database,
            log,
            side,
            PROJECTIONS,
            INDEXES,
            cluster=Cluster(opensearch, seconds=60.0),
            prefix=f"test-{uuid4().hex[:12]}",
        ) as search,
    ):
        for name in search.indexes:
            await search.rebuilds.run(name)
        yield search.engine
        for index in search.indexes.values():
            for version in (await search.versions.all(index.alias)).values():
                await search.versions.drop(version.name)


class TestOpenSearchSearch(SearchEngineContract):
    """`OpenSearchSearch` is a `SearchEngine`."""

    async def test_a_question_that_opensearch_cannot_look_for_is_the_callers_to_mend(
        self, engine: SearchEngine
    ) -> None:
        """Of so many alternatives Lucene makes no automaton; PostgreSQL tries them one by one."""
        where = Regexp(LISTINGS.places["title"], "[ab]*a[ab]{20}")
        for asked in (engine.count(LISTINGS, where, NOBODY), engine.search(Question(LISTINGS, where), NOBODY)):
            with pytest.raises(Invalid, match="filters"):
                await asked
