"""Gets, lists, histories and states as of a time, of any resource: what every surface that reads is made from."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access import As, holds, parents
from domain.actor import Actor
from domain.errors import Invalid, NotAllowed, NotThere
from domain.kernel import Recorded
from domain.resource import Resource
from projections.projection import Document, Projection, steps
from read_api.filters import moment
from read_api.history import Entry, entries, last_known
from read_api.lists import USUAL_PAGES, Pages, Parameters, parse
from read_api.ports import Log, NobodyKnown, ReadStore
from read_api.query import Equal, Query
from read_api.shown import asked_of_parents, models_of, shown

PATIENCE = 5.0
"""Seconds that a read waits for what it was told to show."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list's answer: one page with its total, or everything as a stream."""

    query: Query
    documents: list[Document] | None = None
    """Absent of a list of everything."""
    total: int = 0
    stream: AsyncGenerator[Document, None] | None = None
    """Whoever reads it closes it."""

    def paging(self, streamed: int = 0) -> dict[str, int]:
        """The `paging` of the envelope; of a stream, after so many documents."""
        if self.documents is None:
            return {"pageNumber": 0, "pageRowCount": streamed, "totalRowCount": streamed, "pageCount": min(streamed, 1)}
        rows = self.query.rows
        return {
            "pageNumber": self.query.page,
            "pageRowCount": rows,
            "totalRowCount": self.total,
            "pageCount": -(-self.total // rows),
        }

    @property
    def filters(self) -> list[dict[str, Any]]:
        """The `filters` of the envelope: what was asked."""
        return [{"name": f.field.name, "values": list(f.asked)} for f in self.query.filters]


class Reads:
    """Answers reads of any resource, as its declaration and the caller's rights say.

    Args:
        store: the documents.
        log: what histories and states as of a time are made from.
        projections: by the name of their read model.
        resources: by name.
        now: the product's time.
        pages: how long lists are.
    """

    def __init__(
        self,
        store: ReadStore,
        log: Log,
        projections: Mapping[str, Projection],
        resources: Mapping[str, Resource],
        now: Callable[[], datetime],
        *,
        pages: Pages = USUAL_PAGES,
    ) -> None:
        self._store = store
        self._log = log
        self._projections = projections
        self._resources = resources
        self._now = now
        self._pages = pages

    async def get(self, resource: Resource, id: UUID, actor: Actor) -> Document:
        """The resource as this caller sees it. Raises NotThere, Unavailable."""
        document = await self._store.get(resource, id, actor)
        if document is None:
            raise NotThere(resource.name)
        return shown(resource, document, actor)

    async def find_by(self, resource: Resource, actor: Actor, **equals: Any) -> Document:
        """The newest one that the caller sees whose fields have these values. Raises NotThere, Unavailable."""
        document = await self._store.find_by(resource, actor, **equals)
        if document is None:
            raise NotThere(resource.name)
        return shown(resource, document, actor)

    async def list(self, resource: Resource, parameters: Parameters, actor: Actor) -> Listed:
        """The list that these parameters ask for, as this caller sees it.

        Raises Invalid for parameters that do not fit; NotThere for a list within what the caller does not see;
        NotAllowed for a list that is not for this caller; NobodyKnown for everything of it; Unavailable.
        """
        if resource.lists is not None and not holds(resource.lists, actor, {}):
            raise NotAllowed(f"You may not list {resource.plural}.")
        query = parse(resource, parameters, actor, self._now(), self._pages)
        await self._check_within(query, actor)
        if not query.everything:
            found = await self._store.page(query, actor)
            return Listed(query, [shown(resource, document, actor) for document in found.documents], found.total)
        if not actor.known:
            raise NobodyKnown("Everything at once (pageNumber=0) needs a login.")
        return Listed(query, stream=self._stream(query, actor))

    async def history(self, resource: Resource, id: UUID, actor: Actor) -> Sequence[Entry]:
        """Who did what to it, when, oldest first. Raises NotThere, NotAllowed, Unavailable."""
        events, document = await self._past(resource, id, actor)
        life = steps(self._projection(resource), None, events, id)
        parents = await self._parents(asked_of_parents(resource), document, actor)
        return await entries(resource, life, actor, parents)

    async def as_of(self, resource: Resource, id: UUID, at: str, actor: Actor) -> Document:
        """The resource as it was at that instant. Raises Invalid for what is no instant, NotThere, NotAllowed,
        Unavailable.
        """
        instant = _moment(at)
        events, present = await self._past(resource, id, actor)
        past = [event for event in events if _as_told(event.at) <= instant]
        document, there = await last_known(resource, self._projection(resource), past, id)
        if document is None or not there or (actor.staff and not await self._seen_then(resource, document, actor, at)):
            raise NotThere(resource.name)
        seen = await self._parents(asked_of_parents(resource), document, actor)
        timeless = {field.name: present.get(field.name) for field in resource.fields if field.timeless}
        return shown(resource, document | timeless | seen, actor)

    async def wait_until(self, position: int, resource: Resource, seconds: float = PATIENCE) -> None:
        """Return once all that an answer about this resource is made from has come to the position.

        Raises ReadBehind when the time is over, Invalid for a position past the log's end, Unavailable.
        """
        await self._store.wait_until(position, self.models(resource), seconds)

    def models(self, resource: Resource) -> frozenset[str]:
        """The read models that decide what is answered about this resource: its own, and those of its parents."""
        return models_of((resource,), self._resources)

    async def _check_within(self, query: Query, actor: Actor) -> None:
        """What the list is asked to be of, the caller must see. Raises NotThere, Unavailable."""
        within = query.resource.within
        if within is None:
            return
        parent = self._resources[within.resource]
        for asked in (condition for f in query.filters if f.field.name == within.field for condition in f.any_of):
            if isinstance(asked, Equal) and await self._store.get(parent, UUID(str(asked.value)), actor) is None:
                raise NotThere(parent.name)

    def _projection(self, resource: Resource) -> Projection:
        return self._projections[resource.documents]

    async def _stream(self, query: Query, actor: Actor) -> AsyncGenerator[Document, None]:
        async with contextlib.aclosing(self._store.stream(query, actor)) as documents:
            async for document in documents:
                yield shown(query.resource, document, actor)

    async def _parents(self, asked: Collection[As], document: Document, actor: Actor) -> dict[str, bool]:
        """Which parents the caller sees. To staff, what stood under a deleted one has its past still."""
        return await self._store.parents(asked, document, actor, deleted=actor.staff)

    async def _seen_then(self, resource: Resource, document: Document, actor: Actor, at: str) -> bool:
        """Did staff see it at that instant? What stood under another was gone once that was deleted."""
        there: dict[str, bool] = {}
        for asked in parents(resource.sees):
            parent = self._resources[asked.resource]
            found = await self._store.raw(parent.documents, UUID(str(document[asked.field])))
            alive = found is not None and found.get(parent.alive) is not False
            there[f"as:{parent.name}"] = alive or (found is not None and _moment(at) < _moment(found["updatedAt"]))
        return holds(resource.sees, actor, document | there)

    async def _past(self, resource: Resource, id: UUID, actor: Actor) -> tuple[Sequence[Recorded], Document]:
        """All that happened, and the document, if this caller may read the history. What is deleted is there for
        staff alone.
        """
        document = await self._store.get(resource, id, actor)
        if document is None and actor.staff:
            document = await self._store.raw(resource.documents, id)
            if document is not None:
                document |= await self._parents(parents(resource.sees), document, actor)
                document = document if holds(resource.sees, actor, document) else None
        if document is None:
            raise NotThere(resource.name)
        if not holds(resource.reads_history, actor, document):
            raise NotAllowed(f"The history of this {resource.name} is for its owner and staff.")
        return await self._log.history(self._projection(resource).streams(document)), document


def _moment(text: str) -> datetime:
    """Raises Invalid for what is no instant."""
    found = moment(text)
    if found is None:
        raise Invalid({"asOf": "is not an instant (RFC 3339, such as 2026-05-01T12:00:00Z)"})
    return found


def _as_told(at: datetime) -> datetime:
    """The instant as answers tell it, in milliseconds: a `createdAt` that was told is no moment before it."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
