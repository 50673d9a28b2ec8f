"""Read models fed by the log itself. A projector far behind makes a page while it writes the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from domain.kernel import Recorded
from infra.read_models.documents import DocumentModel
from infra.read_models.making import Documents
from infra.read_models.model import Connection, Write
from infra.read_models.runner import Runner
from infra.read_models.side import ReadSide
from projections.projection import Document
from tests.contracts.read_model_feed import PAGE, Project, ReadModelFeedContract, life
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

    async def test_the_database_has_all_of_a_page_before_the_next_is_made(
        self, world: World, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else it would wait for a loop that is busy making documents."""
        encoded: list[str] = []
        sent: list[str] = []
        late: list[str] = []
        taking_in, writing = Documents.take_in, DocumentModel.writing

        async def take_in(self: Documents, connection: Connection, events: Sequence[Recorded]) -> None:
            late.extend(encoded[len(sent) :])
            await taking_in(self, connection, events)

        def watched(
            self: DocumentModel, table: str, documents: Mapping[int, Document], positions: Mapping[int, int]
        ) -> Write:
            write = writing(self, table, documents, positions)
            encoded.append(table)

            async def hand_over(connection: Connection) -> None:
                await write(connection)
                sent.append(table)

            return hand_over

        monkeypatch.setattr(Documents, "take_in", take_in)
        monkeypatch.setattr(DocumentModel, "writing", watched)
        side = await world.side(run=False)
        await life(world, 5, 60)
        await project(side)
        await world.caught_up(side)
        assert len(sent) > 10
        assert sent == encoded
        assert not late
