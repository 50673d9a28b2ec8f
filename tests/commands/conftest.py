"""A desk on a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from domain.catalogue import AGGREGATES
from domain.reservation import Reservation
from infra.event_store import Codec, PostgresEventStore
from infra.postgres.migrate import migrate
from tests.commands.desk import Desk


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    """Where commands are handled, at noon of the first of June."""
    await migrate(database)
    async with PostgresEventStore(database, Codec({*AGGREGATES, Reservation})) as store:
        yield Desk(store, datetime(2026, 6, 1, 12, tzinfo=UTC))
