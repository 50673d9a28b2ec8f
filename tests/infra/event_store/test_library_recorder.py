"""The library's own test cases for recorders, on our log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from anyio.from_thread import start_blocking_portal
from eventsourcing.tests import persistence

from infra.postgres.migrate import migrate
from tests.infra.event_store.library_recorder import LibraryRecorder


class TestApplicationRecorder(persistence.ApplicationRecorderTestCase[LibraryRecorder]):
    """Inserting, selecting, conflicts, concurrent inserts."""

    @pytest.fixture(autouse=True)
    def _database(self, database: str) -> Iterator[None]:
        asyncio.run(migrate(database))
        with ExitStack() as stack:
            self.stack = stack
            self.portal = stack.enter_context(start_blocking_portal("asyncio"))
            self.conninfo = database
            yield

    def create_recorder(self) -> LibraryRecorder:
        recorder = LibraryRecorder(self.portal, self.conninfo)
        self.stack.callback(recorder.close)
        return recorder
