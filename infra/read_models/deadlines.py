"""The table of deadlines, as events set and clear them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import sql

from domain.kernel import Recorded
from infra.postgres.arrays import BigInts, Instants, Texts, Uuids
from infra.read_models.documents import sends
from infra.read_models.making import PageByPage
from infra.read_models.model import Write, digest, one_by_one, table_name
from projections.deadlines import DeadlineProjection, Set

CREATE = sql.SQL(
    "CREATE TABLE {} (kind text, subject uuid, due timestamptz NOT NULL, position bigint NOT NULL,"
    " PRIMARY KEY (kind, subject))"
)
INDEX = sql.SQL("CREATE INDEX ON {} (due, kind, subject)")
SET: LiteralString = (
    "INSERT INTO {} AS d (kind, subject, due, position)"
    " SELECT * FROM unnest(%b::text[], %b::uuid[], %b::timestamptz[], %b::bigint[])"
    " ON CONFLICT (kind, subject) DO UPDATE SET due = excluded.due, position = excluded.position"
    " WHERE d.position < excluded.position"
)
CLEAR: LiteralString = (
    "DELETE FROM {} AS d USING unnest(%b::text[], %b::uuid[], %b::bigint[]) AS cleared (kind, subject, position)"
    " WHERE d.kind = cleared.kind AND d.subject = cleared.subject AND d.position < cleared.position"
)


class DeadlineModel:
    """What is due, and when: the scheduler's table."""

    def __init__(self, projection: DeadlineProjection) -> None:
        self.projection = projection
        self.name = projection.name
        self.table = table_name("", projection.name)
        self.version = projection.version
        self.declaration = digest("deadlines", projection.version)

    @property
    def columns(self) -> Mapping[str, LiteralString]:
        """None more than every such table has had."""
        return {}

    def create(self, table: str) -> sql.Composed:
        """Makes an empty table of deadlines."""
        return CREATE.format(sql.Identifier(table))

    def indexes(self, table: str) -> Sequence[sql.Composed]:
        """In the order in which they are acted on."""
        return [INDEX.format(sql.Identifier(table))]

    @property
    def handles(self) -> None:
        """What an event sets and clears, its changes say."""
        return

    @property
    def aggregates(self) -> Collection[str] | None:
        """As its projection says."""
        return self.projection.aggregates

    @property
    def sets_aside(self) -> bool:
        """What is due for others has to happen all the same."""
        return True

    def making(self, table: str, *, resumed: bool = False) -> PageByPage:  # noqa: ARG002 - nothing is written early
        """Written in one with the position."""
        return PageByPage(lambda events: self.writing(table, events))

    def writing(self, table: str, events: Sequence[Recorded]) -> Write:
        """What sets and clears what these events say; the last word on each deadline counts."""
        last: dict[tuple[str, UUID], tuple[datetime | None, int]] = {}
        for event in events:
            for change in self.projection.changes(event):
                due = change.due if isinstance(change, Set) else None
                last[change.kind, change.subject] = (due, event.position)
        held = [(kind, subject, due, at) for (kind, subject), (due, at) in last.items() if due is not None]
        cleared = [(kind, subject, at) for (kind, subject), (due, at) in last.items() if due is None]
        writes: list[Write] = []
        if held:
            kinds, subjects, dues, positions = zip(*held, strict=True)
            columns = [Texts(kinds), Uuids(subjects), Instants(dues), BigInts(positions)]
            writes.append(sends(SET, table, columns))
        if cleared:
            kinds, subjects, positions = zip(*cleared, strict=True)
            writes.append(sends(CLEAR, table, [Texts(kinds), Uuids(subjects), BigInts(positions)]))
        return one_by_one(writes)
