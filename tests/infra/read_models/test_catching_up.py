"""Read models fed by the log itself. A projector far behind makes a page while it writes the one before."""

from __future__ import annotations

import pytest

from infra.read_models.runner import Runner
from infra.read_models.side import ReadSide
from tests.contracts.read_model_feed import PAGE, Project, ReadModelFeedContract
from tests.infra.read_models.conftest import World


class TestFedByTheLog(ReadModelFeedContract):
    @pytest.fixture
    def project(self, world: World) -> Project:
        async def projecting(side: ReadSide) -> None:
            side.runner = Runner(
                world.conninfo, world.log, side.models, side.progress, page=PAGE, retry=(0.01, 0.05), tries=2
            )
            world.run(side)

        return projecting
