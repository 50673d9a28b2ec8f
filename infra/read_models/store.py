"""The reads' ports on PostgreSQL: documents as one caller sees them, and feeds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.access import As
from domain.actor import Actor
from domain.errors import Invalid
from domain.resource import Resource
from infra.event_store.together import Together
from infra.postgres import ready as sql
from infra.postgres.arrays import BigInts
from infra.read_models.asking import Asking
from infra.read_models.codec import from_json
from infra.read_models.feed import feed_table
from infra.read_models.model import table_name
from infra.read_models.progress import Progress
from infra.read_models.rules import Parameters, Visibility, all_of
from infra.read_models.statements import Statement, equal, offset
from infra.read_models.waiting import Waiting
from projections.projection import Document
from read_api.lists import USUAL_SORT
from read_api.ports import FeedPage, FeedRow, Rows
from read_api.query import Query

ENTRIES = sql.SQL(
    "SELECT head.id, asked.place, e.id, e.subject, e.type FROM (SELECT coalesce(max(id), 0) AS id FROM {feed}) AS head,"
    " unnest(%b::bigint[], %b::bigint[]) WITH ORDINALITY AS asked (start, most, place) LEFT JOIN LATERAL"
    " (SELECT id, subject, type FROM {feed} WHERE id >= asked.start ORDER BY id LIMIT asked.most) AS e ON true"
    " ORDER BY asked.place, e.id"
)
PAGES_AT_ONCE = 8
"""Pages of a feed in one answer of the database: each may be long."""

LONGEST_LOOK = 0.1
"""Seconds between two looks at a feed that another process may be filling."""


class PostgresReadStore:
    """`read_api.ports.ReadStore` over the tables that the projector fills."""

    def __init__(self, asking: Asking, resources: Mapping[str, Resource], waiting: Waiting) -> None:
        self._asking = asking
        self._resources = resources
        self._waiting = waiting

    async def get(self, resource: Resource, id: UUID, actor: Actor) -> Document | None:
        """The document, unless it is absent or not the caller's to see. Raises Unavailable."""
        statement = Statement(self._resources, resource, actor).of(id)
        return await self._first(statement, statement.rows())

    async def find_by(self, resource: Resource, actor: Actor, **equals: Any) -> Document | None:
        """The newest document that the caller sees whose fields have these values. Raises Unavailable."""
        statement = Statement(self._resources, resource, actor).where(**equals)
        return await self._first(statement, statement.rows(USUAL_SORT) + sql.SQL(" LIMIT 1"))

    async def page(self, query: Query, actor: Actor) -> Rows:
        """One page of what the caller sees, with the total, as of one moment. Raises Invalid for a page that is too
        much to tell at once, Unavailable.
        """
        statement = Statement(self._resources, query.resource, actor).asked(query)
        ((total, documents),) = await self._asking(statement.page(query), statement.parameters.values)
        if len(documents) < min(query.rows, total - offset(query)):
            raise Invalid({"pageRowCount": "asks for more than can be told at once; ask for fewer"})
        return Rows([from_json(body) for body in documents], total)

    async def stream(self, query: Query, actor: Actor) -> AsyncGenerator[Document, None]:
        """All of what the caller sees, as of one moment, without holding it all in memory. Raises Unavailable."""
        statement = Statement(self._resources, query.resource, actor).asked(query)
        rows = self._asking.stream(statement.rows(query.sort), statement.parameters.values, actor.text or "")
        async with contextlib.aclosing(rows):
            async for (body,) in rows:
                yield from_json(body)

    async def parents(
        self, asked: Collection[As], document: Document, actor: Actor, *, deleted: bool = False
    ) -> dict[str, bool]:
        """For a document made elsewhere: `as:<resource>` for each of these parents. Raises Unavailable."""
        if not asked or actor.role == "system":
            return {f"as:{parent.resource}": True for parent in asked}
        values = Parameters()
        sees = Visibility(self._resources, actor, values, deleted=deleted)
        columns = [sees.parent(self._resources[p.resource], values(document.get(p.field))) for p in asked]
        (row,) = await self._asking(sql.SQL("SELECT {}").format(sql.SQL(", ").join(columns)), values.values)
        return {f"as:{parent.resource}": bool(seen) for parent, seen in zip(asked, row, strict=True)}

    async def wait_until(self, position: int, models: Collection[str], seconds: float) -> None:
        """Return once these read models have come to the position. Raises ReadBehind, Invalid, Unavailable."""
        await self._waiting.until(position, models, seconds)

    async def raw(self, model: str, id: UUID) -> Document | None:
        """The document with all it holds, deleted or not, whoever asks. Raises Unavailable."""
        return next(iter(await self.raws(model, (id,))), None)

    async def raws(self, model: str, ids: Collection[UUID]) -> list[Document]:
        """Those of these documents that there are, with all they hold. Raises Unavailable."""
        query = sql.SQL("SELECT body::text FROM {} WHERE id = ANY(%(ids)s)")
        rows = await self._asking(query.format(sql.Identifier(table_name("doc_", model))), {"ids": list(ids)})
        return [from_json(body) for (body,) in rows]

    async def select(self, model: str, **equals: Any) -> list[Document]:
        """The documents whose fields have these values, with all they hold, by age. Raises Unavailable."""
        values = Parameters()
        query = sql.SQL("SELECT body::text FROM {} ORDER BY body->>'createdAt' COLLATE \"C\", id")
        rows = await self._asking(query.format(_those(model, equals, values)), values.values)
        return [from_json(body) for (body,) in rows]

    async def exists(self, model: str, **equals: Any) -> bool:
        """Is there any that `select` would answer? Raises Unavailable."""
        values = Parameters()
        query = sql.SQL("SELECT EXISTS (SELECT 1 FROM {})").format(_those(model, equals, values))
        ((found,),) = await self._asking(query, values.values)
        return bool(found)

    async def _first(self, statement: Statement, query: sql.Composed) -> Document | None:
        rows = await self._asking(query, statement.parameters.values)
        return from_json(rows[0][0]) if rows else None


def _those(model: str, equals: Mapping[str, Any], values: Parameters) -> sql.Composable:
    """The documents whose fields have these values: something to select from."""
    d = sql.Identifier("d")
    wanted = [equal(values, name, value, d) for name, value in equals.items()]
    return sql.SQL("{} AS d WHERE {}").format(sql.Identifier(table_name("doc_", model)), all_of(wanted))


class PostgresFeedStore:
    """`read_api.ports.FeedStore` over the tables that the projector fills."""

    def __init__(self, asking: Asking, progress: Progress) -> None:
        self._asking = asking
        self._progress = progress
        self._pages: dict[str, Together[tuple[int, int], FeedPage]] = {}

    async def entries(self, name: str, start: int, limit: int) -> FeedPage:
        """At most `limit` entries from the number `start` on, and the head, as of one moment. Raises Unavailable."""
        pages = self._pages.get(name)
        if pages is None:
            query = ENTRIES.format(feed=sql.Identifier(feed_table(name))).as_bytes(None)  # once: it takes its time
            pages = self._pages[name] = Together(lambda asked: self._all(query, asked), most=PAGES_AT_ONCE)
        return await pages((start, limit))

    async def _all(self, query: bytes, asked: Sequence[tuple[int, int]]) -> list[FeedPage]:
        """Those who wait together are answered together, and those who ask the same are answered once."""
        places = {question: place for place, question in enumerate(dict.fromkeys(asked))}
        starts, limits = zip(*places, strict=True)
        found: list[list[FeedRow]] = [[] for _ in places]
        head = 0
        for head, place, id, subject, type in await self._asking(query, (BigInts(starts), BigInts(limits))):  # noqa: B007
            if id is not None:
                found[place - 1].append(FeedRow(id, subject, type))
        return [FeedPage(found[places[question]], head) for question in asked]

    async def wait_beyond(self, name: str, id: int, seconds: float) -> None:
        """Return once the feed has an entry past this number, or this process ends, or when the time is over.

        Raises Unavailable.
        """
        newest = sql.SQL("SELECT coalesce(max(id), 0) FROM {}").format(sql.Identifier(feed_table(name)))
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        while (await self._asking(newest))[0][0] <= id and (left := deadline - clock()) > 0:
            if self._progress.ending:
                return
            await self._progress.rise(min(left, LONGEST_LOOK))
