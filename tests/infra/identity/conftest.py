"""Processes of the product on a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from infra.identity.signing import ADD, _make
from infra.identity.superadmin import ensure_superadmin
from infra.postgres.line import Line
from infra.postgres.migrate import migrate
from tests.infra.identity.house import PASSWORD, ROOT_EMAIL, House, OpenHouse, WallClock, a_process


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def migrated(database: str) -> str:
    await migrate(database)
    return database


@pytest.fixture
async def line(migrated: str) -> AsyncIterator[Line]:
    """A connection as the adapters use it."""
    opened = Line(migrated, "test")
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def key_pair() -> tuple[str, str, str]:
    """A signing key for all tests: making one takes longer than most of them."""
    return _make()


@pytest.fixture
async def open_house(
    migrated: str, line: Line, clock: WallClock, key_pair: tuple[str, str, str]
) -> AsyncIterator[OpenHouse]:
    """Starts one more process on the test's database."""
    await line.ask(ADD, [*key_pair, clock.now])
    async with AsyncExitStack() as stack:

        async def opened(**options: Any) -> House:
            return await stack.enter_async_context(a_process(migrated, clock, **options))

        yield opened


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    """One process, with a superAdmin."""
    opened = await open_house()
    await ensure_superadmin(opened.bus, ROOT_EMAIL, PASSWORD, at=opened.clock.now, real_now=opened.clock.now)
    return opened
