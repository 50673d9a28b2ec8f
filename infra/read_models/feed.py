"""Feeds in a table: each entry under the next number, given in the transaction of the position."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import LiteralString

from psycopg import sql

from domain.kernel import Recorded
from infra.postgres.arrays import BigInts, Texts, Uuids
from infra.read_models.documents import sends
from infra.read_models.making import PageByPage
from infra.read_models.model import Write, digest, nothing, table_name
from projections.feed import FeedProjection

CREATE = sql.SQL(
    "CREATE TABLE {} (id bigint PRIMARY KEY, subject uuid NOT NULL, type text NOT NULL, position bigint NOT NULL)"
)
APPEND: LiteralString = (
    "INSERT INTO {0} (id, subject, type, position)"
    " SELECT (SELECT coalesce(max(id), 0) FROM {0}) + entry.place, entry.subject, entry.type, entry.position"
    " FROM unnest(%b::uuid[], %b::text[], %b::bigint[]) WITH ORDINALITY AS entry (subject, type, position, place)"
)


class FeedModel:
    """One feed. Only one writer at a time holds its row of `read_model`, so no two take the same number."""

    def __init__(self, projection: FeedProjection) -> None:
        self.projection = projection
        self.table = feed_table(projection.name)
        self.name = self.table
        self.version = projection.version
        self.declaration = digest("feed", projection.version)

    @property
    def columns(self) -> Mapping[str, LiteralString]:
        """None more than every such table has had."""
        return {}

    def create(self, table: str) -> sql.Composed:
        """Makes an empty feed."""
        return CREATE.format(sql.Identifier(table))

    def indexes(self, table: str) -> Sequence[sql.Composed]:  # noqa: ARG002 - as every model
        """None: it is read by number."""
        return ()

    @property
    def handles(self) -> None:
        """What an event tells, its entry says."""
        return

    @property
    def aggregates(self) -> Collection[str] | None:
        """As its projection says."""
        return self.projection.aggregates

    @property
    def sets_aside(self) -> bool:
        """Who follows it has read what comes after: an entry cannot come later."""
        return False

    def making(self, table: str, *, resumed: bool = False) -> PageByPage:  # noqa: ARG002 - nothing is written early
        """Written in one with the position."""
        return PageByPage(lambda events: self.writing(table, events))

    def writing(self, table: str, events: Sequence[Recorded]) -> Write:
        """What appends what these events tell."""
        told = [(entry, event.position) for event in events if (entry := self.projection.entry(event)) is not None]
        if not told:
            return nothing
        columns = [
            Uuids([entry.subject for entry, _ in told]),
            Texts([entry.type for entry, _ in told]),
            BigInts([position for _, position in told]),
        ]
        return sends(APPEND, table, columns)


def feed_table(name: str) -> str:
    """The table of a feed, which is also the name of its read model."""
    return table_name("", name) + "_feed"
