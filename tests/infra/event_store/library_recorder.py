"""The library's synchronous recorder, worn over the asynchronous store: for the library's own test cases only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import psycopg
from anyio.from_thread import BlockingPortal
from eventsourcing.persistence import ApplicationRecorder, IntegrityError, Notification, StoredEvent, Subscription

from commands.ports import Conflict
from infra.event_store.codec import Stored
from infra.event_store.feed import Feed
from infra.event_store.group_commit import GroupCommit
from infra.event_store.journal import Row
from infra.event_store.saves import Save
from infra.postgres.line import Line

STREAM = "SELECT stream, version, name, state FROM event WHERE stream = %s AND version > %s ORDER BY version"
POSITIONS = "SELECT position FROM event WHERE command = %s ORDER BY position"
MOST = 1_000_000


class LibraryRecorder(ApplicationRecorder):
    """Each call is carried to the event loop where the store lives.

    The library's cases begin some streams at version 0 and some at 1, and the store all of them at 1, with no version
    left out: each is moved on its way by as much as the first of its stream.
    """

    def __init__(self, portal: BlockingPortal, conninfo: str) -> None:
        self.portal, self.conninfo = portal, conninfo
        self._moved: dict[UUID | str, int] = {}
        self.feed_line = Line(conninfo, "library feed")
        self.feed = Feed(self.feed_line)
        self.commit = GroupCommit(
            [Line(conninfo, f"library writer {number}") for number in (1, 2)],
            most=200,
            waiting=10_000,
            keep=timedelta(hours=24),
            committed=lambda: None,
        )
        portal.call(self._start)

    async def _start(self) -> None:
        self.commit.start()

    async def _stop(self) -> None:
        await self.commit.stop()
        await self.feed_line.close()

    def close(self) -> None:
        """Stop the writers and close the connections."""
        self.portal.call(self._stop)

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        if not stored_events:
            return None
        row = Row(uuid4(), "test", None, "system", None, "default", "", None, datetime.now(UTC), None, None, None)
        for e in stored_events:
            self._moved.setdefault(e.originator_id, 1 - e.originator_version)
        events = [
            Stored(cast("UUID", e.originator_id), e.originator_version + self._moved[e.originator_id], e.topic, e.state)
            for e in stored_events
        ]
        try:
            self.portal.call(self.commit.append, Save(events, row))
        except Conflict as conflict:
            raise IntegrityError from conflict
        with psycopg.connect(self.conninfo) as connection:
            return [position for (position,) in connection.execute(POSITIONS, [row.id])]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        moved = self._moved.get(originator_id, 0)
        with psycopg.connect(self.conninfo) as connection:
            rows = connection.execute(STREAM, [originator_id, 0 if gt is None else gt + moved]).fetchall()
        found = [StoredEvent(s, version - moved, name, bytes(state)) for s, version, name, state in rows]
        found = [event for event in found if lte is None or event.originator_version <= lte]
        return (found[::-1] if desc else found)[:limit]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = 0 if start is None else start - inclusive_of_start
        rows, _ = self.portal.call(self.feed.read, after, MOST if topics or stop else limit)
        found = [
            Notification(stream, version - self._moved[stream], name, state, position)
            for position, stream, version, name, state, *_ in rows
        ]
        wanted = (n for n in found if (not topics or n.topic in topics) and (stop is None or n.id <= stop))
        return [*wanted][:limit]

    def max_notification_id(self) -> int | None:
        with psycopg.connect(self.conninfo) as connection:
            (newest,) = connection.execute("SELECT max(position) FROM event").fetchone() or (None,)
        return cast("int | None", newest)

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        raise NotImplementedError
