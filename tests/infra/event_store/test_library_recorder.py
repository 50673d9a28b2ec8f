"""The library's own test cases for recorders, on our log.

Its case against interleaved positions is not among them: positions interleave by design, and followers lose nothing by
that. What stands in its place is `proof/test_lost_events.py`. Its tracking and process recorders keep a follower's
position beside what was made of the events; here read models do that, see `tests/infra/read_models/test_runner.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest
from anyio.from_thread import start_blocking_portal
from eventsourcing.persistence import StoredEvent
from eventsourcing.tests import persistence

from infra.postgres.migrate import migrate
from tests.infra.event_store.library_recorder import LibraryRecorder

R = TypeVar("R", bound=LibraryRecorder)


class OnOurLog:
    """Opens recorders on a fresh log; they are closed after the test."""

    @pytest.fixture(autouse=True)
    def _database(self, database: str) -> Iterator[None]:
        asyncio.run(migrate(database))
        with ExitStack() as stack:
            self.stack = stack
            self.portal = stack.enter_context(start_blocking_portal("asyncio"))
            self.conninfo = database
            yield

    def opened(self, kind: type[R]) -> R:
        recorder = kind(self.portal, self.conninfo)
        self.stack.callback(recorder.close)
        return recorder


class TestApplicationRecorder(OnOurLog, persistence.ApplicationRecorderTestCase[LibraryRecorder]):
    """Inserting, selecting, conflicts, concurrent inserts."""

    def create_recorder(self) -> LibraryRecorder:
        return self.opened(LibraryRecorder)


class StreamsAlone(LibraryRecorder):
    """A recorder of streams, which tells no positions."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **more: Any) -> None:
        super().insert_events(stored_events, **more)


class TestAggregateRecorder(OnOurLog, persistence.AggregateRecorderTestCase):
    """Streams: whole saves or none, ranges of versions, the newest first."""

    def create_recorder(self) -> StreamsAlone:
        return self.opened(StreamsAlone)
