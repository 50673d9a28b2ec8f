"""Event stores on a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from typing import Any, Protocol

import pytest

from infra.event_store import Codec, PostgresEventStore
from infra.postgres.migrate import migrate
from tests.contracts.parcel import Letter, Parcel


class OpenPostgres(Protocol):
    """Opens a store as another process would have it; it is closed after the test."""

    def __call__(self, **options: Any) -> Awaitable[PostgresEventStore]: ...


@pytest.fixture
async def log(database: str) -> str:
    """The conninfo of a database with an empty log."""
    await migrate(database)
    return database


@pytest.fixture
async def open_store(log: str) -> AsyncIterator[OpenPostgres]:
    async with AsyncExitStack() as stack:

        async def opened(**options: Any) -> PostgresEventStore:
            conninfo = options.pop("conninfo", log)
            codec = options.pop("codec", None) or Codec([Parcel, Letter])
            return await stack.enter_async_context(PostgresEventStore(conninfo, codec, **options))

        yield opened
