"""A projection's documents in a table: one row each, folded page by page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, LiteralString

from psycopg import sql

from domain.access import named
from domain.kernel import Fact, Recorded
from domain.resource import Kind, Resource, Tells
from infra.event_store.codec import aggregate_of
from infra.postgres.arrays import BigInts, Column, Jsons, Texts, UuidNumbers
from infra.read_models.codec import from_json, to_bytes
from infra.read_models.foreseen import Foreseen
from infra.read_models.making import Documents, Number, Touched
from infra.read_models.model import Connection, Write, digest, table_name
from infra.read_models.texts import VERSION as TEXTS_VERSION
from infra.read_models.texts import kept_texts, places_of, searched_texts
from projections.projection import Document, Handler, Projection, begins, inner
from projections.words import Part, terms

CREATE = sql.SQL(
    "CREATE TABLE {} (id uuid PRIMARY KEY, body jsonb NOT NULL, folded jsonb, position bigint NOT NULL{})"
    " WITH (fillfactor = 80)"
)
LOAD: LiteralString = "SELECT id, body::text, position FROM {} WHERE id = ANY(%b::uuid[])"
UPSERT: LiteralString = (
    "INSERT INTO {} AS t (id, body, folded, position)"
    " SELECT * FROM unnest(%b::uuid[], %b::jsonb[], %b::jsonb[], %b::bigint[])"
    " ON CONFLICT (id) DO UPDATE SET body = excluded.body, folded = excluded.folded,"
    " position = greatest(t.position, excluded.position)"
)
UPSERT_TOLD: LiteralString = (
    "INSERT INTO {} AS t (id, body, folded, position, terms)"
    " SELECT id, body, folded, position, terms::tsvector"
    " FROM unnest(%b::uuid[], %b::jsonb[], %b::jsonb[], %b::bigint[], %b::text[])"
    " AS made (id, body, folded, position, terms)"
    " ON CONFLICT (id) DO UPDATE SET body = excluded.body, folded = excluded.folded, terms = excluded.terms,"
    " position = greatest(t.position, excluded.position)"
)
DELETE: LiteralString = "DELETE FROM {} WHERE id = ANY(%b::uuid[])"

LETTERS = {Part.TITLE: "A", Part.PLACE: "B", Part.TEXT: "C", Part.SLIP: "D"}
"""The weights of PostgreSQL, by the parts that terms stand in."""
TERMS_VERSION = 1
"""Raised when `projections.words` makes other terms of the same texts: rebuilds are then due."""


@lru_cache(maxsize=256)
def written_for(statement: LiteralString, table: str) -> bytes:
    """The statement for one table. Put together once, as that costs as much as to run it."""
    return sql.SQL(statement).format(sql.Identifier(table)).as_bytes(None)


def sends(statement: LiteralString, table: str, columns: Sequence[Column]) -> Write:
    """What sends the statement for one table, with these."""
    query = written_for(statement, table)

    async def write(connection: Connection) -> None:
        await connection.execute(query, columns, prepare=True)

    return write


class DocumentModel:
    """The documents of one projection, with the columns and indexes that its resources need.

    `folded` has the texts that are filtered and searched, casefolded: comparing without case is then the same on
    every database, whatever its locale. `terms`, where a resource `tells`, has the forms of its words, as
    `projections.words` makes them, under the letter of their part: A title, B place, C text, D a forgiven slip.
    What was `foreseen` is not folded again.
    """

    def __init__(
        self, projection: Projection, resources: Iterable[Resource] = (), foreseen: Foreseen | None = None
    ) -> None:
        self.projection = projection
        self.foreseen = foreseen or Foreseen(0)
        self.resources = tuple(resources)
        self.name = projection.resource
        self.version = projection.version
        self.table = table_name("doc_", projection.resource)
        self.texts = sorted({name for resource in self.resources for name in folded_fields(resource)})
        self.searched = sorted({name for resource in self.resources for name in searched_texts(resource)})
        self._searched = places_of(self.searched)
        self.indexed = sorted({name for resource in self.resources for name in indexed_fields(resource)})
        self.then = {f.name: f.then for resource in self.resources for f in resource.fields if f.then}
        self.points = sorted({f.name for resource in self.resources for f in resource.fields if f.point})
        self.tells = next((resource.tells for resource in self.resources if resource.tells), None)
        told = (self.tells.fields, self.tells.languages, TERMS_VERSION) if self.tells else None
        self.declaration = digest(
            "documents",
            projection.version,
            self.texts,
            self.indexed,
            self.then,
            self.points,
            told,
            *(self.searched, TEXTS_VERSION),
        )

    @property
    def columns(self) -> Mapping[str, LiteralString]:
        """Beside those of every such table, where it tells."""
        return {"terms": "tsvector"} if self.tells else {}

    def create(self, table: str) -> sql.Composed:
        """Makes an empty table of this model."""
        more = [sql.SQL(", {} {}").format(sql.Identifier(name), sql.SQL(of)) for name, of in self.columns.items()]
        return CREATE.format(sql.Identifier(table), sql.Composed(more))

    def indexes(self, table: str) -> Sequence[sql.Composed]:
        """The usual order, each field that documents are looked up by, in that order or its own, points and terms."""
        order = sql.SQL("(body->>'createdAt') COLLATE \"C\" DESC NULLS LAST, id")
        then = {name: sql.SQL('(body->>{}) COLLATE "C"').format(sql.Literal(of)) for name, of in self.then.items()}
        of = sql.SQL("CREATE INDEX ON {} ({})")
        each = sql.SQL("(body->>{}), {}")
        using = sql.SQL("CREATE INDEX ON {} USING {} ({})")
        name = sql.Identifier(table)
        return [
            of.format(name, order),
            *(of.format(name, each.format(sql.Literal(f), then.get(f, order))) for f in self.indexed),
            *(using.format(name, sql.SQL("gist"), point_of(f)) for f in self.points),
            *(using.format(name, sql.SQL("gin"), sql.Identifier(column)) for column in self.columns),
        ]

    @property
    def handles(self) -> Collection[type[Fact]]:
        """Those that its projection has a handler for."""
        return self.projection.handles.keys()

    @property
    def aggregates(self) -> Collection[str]:
        """Those whose events its projection has a handler for."""
        return {aggregate_of(fact.TOPIC) for fact in self.handles}

    @property
    def sets_aside(self) -> bool:
        """Documents of other streams are as true without."""
        return True

    def making(self, table: str, *, resumed: bool = False) -> Documents:
        """Documents in memory."""
        return Documents(self, table, resumed=resumed)

    def touched(self, events: Iterable[Recorded]) -> list[Touched]:
        """Which documents these events concern, in their order, and how."""
        handles, targets, foreseen = self.projection.handles, self.projection.targets, not self.foreseen.empty
        return [
            (event, self._foreseen(handler, event) if foreseen and begins(event, target) else handler, target)
            for event in events
            if (handler := handles.get(type(event.fact))) is not None
            for target in targets(event)
        ]

    def _foreseen(self, handler: Handler, event: Recorded) -> Handler:
        """The handler, or what stands for it where what it makes of nothing is made already."""
        made = self.foreseen.take(self.name, event)
        if made is None:
            return handler
        return lambda before, event, hint: made if before is None else handler(before, event, hint)

    async def load(
        self, connection: Connection, table: str, ids: Collection[Number]
    ) -> dict[Number, tuple[Document, int]]:
        """Those of these documents that there are, and the position of the newest event in each."""
        cursor = await connection.execute(written_for(LOAD, table), [UuidNumbers([*ids])], prepare=True, binary=True)
        return {id.int: (from_json(body), position) for id, body, position in await cursor.fetchall()}

    def writing(self, table: str, documents: Mapping[Number, Document], positions: Mapping[Number, int]) -> Write:
        """What puts these documents in the place of what stands there, with what is kept beside them."""
        made: list[Column] = [
            UuidNumbers([*documents]),
            Jsons([to_bytes(document) for document in documents.values()]),
            Jsons([self.folded(document) for document in documents.values()]),
            BigInts([positions[id] for id in documents]),
        ]
        if self.tells:
            made.append(Texts([terms_of(self.tells, document) for document in documents.values()]))
        return sends(UPSERT_TOLD if self.tells else UPSERT, table, made)

    def deleting(self, table: str, ids: Collection[Number]) -> Write:
        """What deletes these documents."""
        return sends(DELETE, table, [UuidNumbers([*ids])])

    def folded(self, document: Document) -> bytes | None:
        """The texts of a document that are kept beside it, without case; None where its table keeps none."""
        kept = kept_texts(self._searched, document)
        if not self.texts and not kept:
            return None
        return to_bytes(kept | {name: casefolded(document.get(name)) for name in self.texts})


def terms_of(tells: Tells, document: Document) -> str:
    """The terms of a document as a `tsvector` is written; they need no escapes, being letters and digits."""
    parts = ((Part.TITLE, tells.title), (Part.PLACE, tells.place), (Part.TEXT, tells.text))
    texts = [(part, text) for part, names in parts for name in names if isinstance(text := inner(document, name), str)]
    languages = inner(document, tells.languages) if tells.languages else None
    spoken = [languages] if isinstance(languages, str) else languages or ()
    return " ".join(f"'{form}':1{LETTERS[part]}" for form, part in terms(texts, spoken).items())


def point_of(field: str, table: sql.Composable | None = None) -> sql.Composed:
    """The point on the earth in a field, east and north: as it is indexed."""
    body = sql.SQL("{}.body").format(table) if table else sql.SQL("body")
    return sql.SQL("point(({b}->{f}->>'lon')::float8, ({b}->{f}->>'lat')::float8)").format(b=body, f=sql.Literal(field))


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
