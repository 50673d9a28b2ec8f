"""The table of deadlines, as events set and clear them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg import sql

from domain.kernel import Recorded
from infra.read_models.model import Connection, digest, table_name
from projections.deadlines import DeadlineProjection, Set

CREATE = sql.SQL(
    "CREATE TABLE {} (kind text, subject uuid, due timestamptz NOT NULL, position bigint NOT NULL,"
    " PRIMARY KEY (kind, subject))"
)
INDEX = sql.SQL("CREATE INDEX ON {} (due, kind, subject)")
SET = sql.SQL(
    "INSERT INTO {} (kind, subject, due, position)"
    " SELECT * FROM unnest(%b::text[], %b::uuid[], %b::timestamptz[], %b::bigint[])"
    " ON CONFLICT (kind, subject) DO UPDATE SET due = excluded.due, position = excluded.position"
)
CLEAR = sql.SQL(
    "DELETE FROM {} AS d USING unnest(%b::text[], %b::uuid[]) AS cleared (kind, subject)"
    " WHERE d.kind = cleared.kind AND d.subject = cleared.subject"
)


class DeadlineModel:
    """What is due, and when: the scheduler's table."""

    def __init__(self, projection: DeadlineProjection) -> None:
        self.projection = projection
        self.name = projection.name
        self.table = table_name("", projection.name)
        self.version = projection.version
        self.declaration = digest("deadlines", projection.version)

    def create(self, table: str) -> sql.Composed:
        """Makes an empty table of deadlines."""
        return CREATE.format(sql.Identifier(table))

    def indexes(self, table: str) -> Sequence[sql.Composed]:
        """In the order in which they are acted on."""
        return [INDEX.format(sql.Identifier(table))]

    async def apply(self, connection: Connection, table: str, events: Sequence[Recorded]) -> None:
        """Set and clear what these events say; the last word on each deadline counts."""
        last: dict[tuple[str, UUID], tuple[datetime | None, int]] = {}
        for event in events:
            for change in self.projection.changes(event):
                due = change.due if isinstance(change, Set) else None
                last[change.kind, change.subject] = (due, event.position)
        held = [(kind, subject, due, at) for (kind, subject), (due, at) in last.items() if due is not None]
        cleared = [key for key, (due, _) in last.items() if due is None]
        if held:
            columns = [list(column) for column in zip(*held, strict=True)]
            await connection.execute(SET.format(sql.Identifier(table)), columns)
        if cleared:
            columns = [list(column) for column in zip(*cleared, strict=True)]
            await connection.execute(CLEAR.format(sql.Identifier(table)), columns)
