"""What the tests of payments begin with: a marketplace of each test's own, and a provider that can be cut off."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from commands.payment_provider import PaymentProvider
from infra.payments.simulator import Simulator
from tests.commands.marketplace import Marketplace, open_marketplace
from tests.commands.till import Frail


@pytest.fixture
async def provider(database: str) -> AsyncIterator[Frail]:
    """The simulator; files with another provider have a fixture of this name."""
    simulator = Simulator(database)
    yield Frail(simulator)
    await simulator.close()


@pytest.fixture
async def market(database: str, provider: PaymentProvider) -> AsyncIterator[Marketplace]:
    """With that provider."""
    async with open_marketplace(database, payments=provider) as market:
        yield market
