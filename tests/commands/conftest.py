"""What the tests of commands begin with: a desk, a marketplace, somebody who lets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from domain.actor import Actor
from domain.catalogue import AGGREGATES
from domain.reservation import Reservation
from infra.event_store import Codec, PostgresEventStore
from infra.postgres.migrate import migrate
from tests.commands.desk import Desk
from tests.commands.marketplace import Marketplace, open_marketplace, somebody


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    """Where commands are handled, at noon of the first of June."""
    await migrate(database)
    async with PostgresEventStore(database, Codec({*AGGREGATES, Reservation})) as store:
        yield Desk(store, datetime(2026, 6, 1, 12, tzinfo=UTC))


@pytest.fixture(scope="module")
async def market(module_database: str) -> AsyncIterator[Marketplace]:
    """A marketplace that the tests of a file share."""
    async with open_marketplace(module_database) as market:
        yield market


@pytest.fixture
def host() -> Actor:
    """Somebody who lets, known to no other test."""
    return somebody()
