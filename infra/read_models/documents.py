"""A projection's documents in a table: one row each, folded page by page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, LiteralString
from uuid import UUID

from psycopg import sql

from domain.access import named
from domain.kernel import Fact, Recorded
from domain.resource import Kind, Resource
from infra.event_store.codec import aggregate_of
from infra.postgres.arrays import BigInts, Jsons, Uuids
from infra.read_models.codec import from_json, to_bytes
from infra.read_models.model import Connection, digest, table_name
from projections.projection import Document, Handler, Projection, Target

CREATE = sql.SQL(
    "CREATE TABLE {} (id uuid PRIMARY KEY, body jsonb NOT NULL, folded jsonb, position bigint NOT NULL)"
    " WITH (fillfactor = 80)"
)
LOAD: LiteralString = "SELECT id, body::text FROM {} WHERE id = ANY(%b::uuid[])"
UPSERT: LiteralString = (
    "INSERT INTO {} (id, body, folded, position)"
    " SELECT * FROM unnest(%b::uuid[], %b::jsonb[], %b::jsonb[], %b::bigint[])"
    " ON CONFLICT (id) DO UPDATE SET body = excluded.body, folded = excluded.folded, position = excluded.position"
)
DELETE: LiteralString = "DELETE FROM {} WHERE id = ANY(%b::uuid[])"

Touched = tuple[Recorded, Handler, Target]


@lru_cache(maxsize=256)
def written_for(statement: LiteralString, table: str) -> bytes:
    """The statement for one table. Put together once, as that costs as much as to run it."""
    return sql.SQL(statement).format(sql.Identifier(table)).as_bytes(None)


class DocumentModel:
    """The documents of one projection, with the columns and indexes that its resources need.

    `folded` has the texts that are filtered and searched, casefolded: comparing without case is then the same on
    every database, whatever its locale.
    """

    def __init__(self, projection: Projection, resources: Iterable[Resource] = ()) -> None:
        self.projection = projection
        self.resources = tuple(resources)
        self.name = projection.resource
        self.version = projection.version
        self.table = table_name("doc_", projection.resource)
        self.texts = sorted({name for resource in self.resources for name in folded_fields(resource)})
        self.indexed = sorted({name for resource in self.resources for name in indexed_fields(resource)})
        self.declaration = digest("documents", projection.version, self.texts, self.indexed)

    def create(self, table: str) -> sql.Composed:
        """Makes an empty table of this model."""
        return CREATE.format(sql.Identifier(table))

    def indexes(self, table: str) -> Sequence[sql.Composed]:
        """The usual order, and each field that documents are looked up by, in that order."""
        order = sql.SQL("(body->>'createdAt') COLLATE \"C\" DESC NULLS LAST, id")
        of = sql.SQL("CREATE INDEX ON {} ({})")
        each = sql.SQL("(body->>{}), {}")
        return [
            of.format(sql.Identifier(table), order),
            *(of.format(sql.Identifier(table), each.format(sql.Literal(name), order)) for name in self.indexed),
        ]

    @property
    def handles(self) -> Collection[type[Fact]]:
        """Those that its projection has a handler for."""
        return self.projection.handles.keys()

    @property
    def aggregates(self) -> Collection[str]:
        """Those whose events its projection has a handler for."""
        return {aggregate_of(fact.TOPIC) for fact in self.handles}

    async def apply(self, connection: Connection, table: str, events: Sequence[Recorded]) -> None:
        """Fold these events into the documents they concern: one query to load, one to write."""
        touched = [
            (event, handler, target)
            for event in events
            if (handler := self.projection.handles.get(type(event.fact))) is not None
            for target in self.projection.targets(event)
        ]
        if not touched:
            return
        documents, positions = self._folded(touched, await self._load(connection, table, touched))
        kept = {id: document for id in positions if (document := documents[id]) is not None}
        gone = [id for id in positions if id not in kept]
        if kept:
            made = (
                Uuids([*kept]),
                Jsons([to_bytes(document) for document in kept.values()]),
                Jsons([self._texts(document) for document in kept.values()]),
                BigInts([positions[id] for id in kept]),
            )
            await connection.execute(written_for(UPSERT, table), made, prepare=True)
        if gone:
            await connection.execute(written_for(DELETE, table), [Uuids(gone)], prepare=True)

    async def _load(
        self, connection: Connection, table: str, touched: Sequence[Touched]
    ) -> dict[UUID, Document | None]:
        """The documents as they stand. What begins with its stream in these events stands nowhere yet."""
        documents: dict[UUID, Document | None] = {}
        for event, _, target in touched:
            if event.version == 1 and event.stream == target.id:
                documents.setdefault(target.id, None)
        ids = {target.id for _, _, target in touched}.difference(documents)
        if ids:
            cursor = await connection.execute(written_for(LOAD, table), [Uuids([*ids])], prepare=True, binary=True)
            documents |= {id: from_json(body) for id, body in await cursor.fetchall()}
        return documents

    def _folded(
        self, touched: Sequence[Touched], documents: dict[UUID, Document | None]
    ) -> tuple[Mapping[UUID, Document | None], Mapping[UUID, int]]:
        """The documents after the events, and the position that each has come to."""
        positions: dict[UUID, int] = {}
        for event, handler, target in touched:
            documents[target.id] = handler(documents.get(target.id), event, target.hint)
            positions[target.id] = event.position
        return documents, positions

    def _texts(self, document: Document) -> bytes | None:
        if not self.texts:
            return None
        return to_bytes({name: casefolded(document.get(name)) for name in self.texts})


def casefolded(value: Any) -> str | None:
    """A text without case; None for what is no text."""
    return value.casefold() if isinstance(value, str) else None


def folded_fields(resource: Resource) -> set[str]:
    """The texts of a resource that lists compare without case."""
    texts = {f.name for f in resource.fields if f.filter and f.kind in {Kind.STRING, Kind.TEXT}}
    return texts | set(resource.search)


def indexed_fields(resource: Resource) -> set[str]:
    """The fields of a resource by which its documents are found: ids, what rules compare with the caller, lookups."""
    own = {f.name for f in resource.fields if f.lookup or (f.filter and f.kind is Kind.ID)}
    found = {field for _, field in resource.finds}
    return (own | found | named(resource.sees)) - {"id"}
