"""The commands' port `commands.ports.Documents` on the read models."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from domain.actor import Actor
from domain.errors import NotThere
from domain.kernel import Recorded
from domain.resource import Resource
from infra.read_models.foreseen import Foreseen
from infra.read_models.store import PostgresReadStore
from infra.read_models.waiting import Waiting
from projections.projection import Document, Projection, begins, instant, only_itself
from read_api.ports import Log
from read_api.shown import asked_of_parents
from read_api.shown import shown as shown_to

PATIENCE = 5.0
"""Seconds that a command waits for the read models."""


class CommandDocuments:
    """What commands may ask of the read models; and the document that a command's own events will make.

    Args:
        store: the documents.
        waiting: for the read models to come to the log's present end.
        log: what happened, for documents as they are about to be.
        projections: by the name of their read model.
        resources: by name.
        foreseen: where what new streams will make is left for the projector.
    """

    def __init__(
        self,
        store: PostgresReadStore,
        waiting: Waiting,
        log: Log,
        projections: Mapping[str, Projection],
        resources: Mapping[str, Resource],
        *,
        foreseen: Foreseen | None = None,
    ) -> None:
        self._store = store
        self._foreseen = foreseen or Foreseen(0)
        self._waiting = waiting
        self._log = log
        self._projections = projections
        self._resources = resources
        self._asked = {name: asked_of_parents(resource) for name, resource in resources.items()}

    async def find(self, resource: str, id: UUID) -> Document | None:
        """One document, hidden fields included, with all in it that is recorded by now.

        Raises ReadBehind, Unavailable.
        """
        await self._waiting.until_now((resource,), PATIENCE)
        return await self._store.raw(resource, id)

    async def select(self, resource: str, **equals: Any) -> list[Document]:
        """The documents whose fields have these values, with all in them that is recorded by now, by age.

        Raises ReadBehind, Unavailable.
        """
        await self._waiting.until_now((resource,), PATIENCE)
        return await self._store.select(resource, **equals)

    async def exists(self, resource: str, **equals: Any) -> bool:
        """Is there any that `select` would answer? However many there are. Raises ReadBehind, Unavailable."""
        await self._waiting.until_now((resource,), PATIENCE)
        return await self._store.exists(resource, **equals)

    async def shown(self, resource: str, id: UUID, pending: Sequence[Recorded], actor: Actor) -> Document:
        """The document as this caller sees it once these events, not yet saved, have happened to it.

        Of what they delete, the last that could be seen, no longer active. Raises NotThere if they make no document,
        ReadBehind, Unavailable.
        """
        (document,) = await self.shown_all(resource, (id,), pending, actor)
        return document

    async def shown_all(
        self, resource: str, ids: Sequence[UUID], pending: Sequence[Recorded], actor: Actor
    ) -> list[Document]:
        """As `shown`, of several documents. What is new is folded from the events alone, without a query."""
        declared = self._resources[resource]
        projection = self._projections[declared.documents]
        documents = await self._folded(projection, ids, pending)
        if missing := [id for id in ids if id not in documents]:
            raise NotThere(f"{resource} ({missing[0]})")
        asked = self._asked[resource]
        if asked and actor.role != "system":  # the parents decide, as they are recorded by now; the product sees all
            parents = {self._resources[parent.resource].documents for parent in asked}
            await self._waiting.until_now(tuple(parents), PATIENCE)
        return [
            shown_to(declared, document | (await self._store.parents(asked, document, actor) if asked else {}), actor)
            for document in (documents[id] for id in ids)
        ]

    async def _folded(
        self, projection: Projection, ids: Sequence[UUID], pending: Sequence[Recorded]
    ) -> dict[UUID, Document]:
        """The documents after all that happened to them, and then these events.

        What is new has no past. A document may tell of more streams once it is folded than the read model knew.
        """
        begun = {event.stream for event in pending if event.version == 1}
        older = [id for id in ids if id not in begun]
        streams = await self._streams(projection, older, pending) - begun if older else set()
        past: list[Recorded] = []
        looked_at: set[UUID] = set()
        while more := streams - looked_at:
            past = sorted([*past, *await self._past(more, pending)], key=lambda event: event.position)
            looked_at |= more
            if projection.streams is not only_itself:
                told = self._last(projection, [*past, *pending], frozenset(older)).values()
                streams = {stream for document in told for stream in projection.streams(document)} - begun
        return self._last(projection, [*past, *pending], frozenset(ids))

    async def _past(self, streams: Collection[UUID], pending: Sequence[Recorded]) -> list[Recorded]:
        """What has happened to these streams; a version that pending events take is not yet taken for them."""
        first: dict[UUID, int] = {}
        for event in pending:
            first.setdefault(event.stream, event.version)
        history = await self._log.history(streams)
        return [event for event in history if event.stream not in first or event.version < first[event.stream]]

    async def _streams(self, projection: Projection, ids: Sequence[UUID], pending: Sequence[Recorded]) -> set[UUID]:
        """Where the events of these documents stand."""
        if projection.streams is only_itself:
            return {*ids}
        known = {UUID(document["id"]): document for document in await self._store.raws(projection.resource, ids)}
        unknown = [id for id in ids if id not in known]
        if unknown:
            with suppress(LookupError):  # they change what is recorded, and not in the read model yet
                known |= self._last(projection, pending, frozenset(unknown))
        # Neither made by the pending events nor in the read model: recorded a moment ago, by another command.
        if unknown := [id for id in unknown if id not in known]:
            await self._waiting.until_now((projection.resource,), PATIENCE)
            known |= {UUID(d["id"]): d for d in await self._store.raws(projection.resource, unknown)}
        return {stream for document in known.values() for stream in projection.streams(document)}

    def _last(self, projection: Projection, events: Iterable[Recorded], ids: Collection[UUID]) -> dict[UUID, Document]:
        """The last that the events made of each document; of one that they ended, no longer active."""
        alive: dict[UUID, Document | None] = {}
        last: dict[UUID, Document] = {}
        for event in events:
            handler = projection.handles.get(type(event.fact))
            for target in projection.targets(event) if handler is not None else ():
                if handler is None or target.id not in ids:
                    continue
                before = alive.get(target.id)
                after = alive[target.id] = handler(before, event, target.hint)
                if after is not None:
                    last[target.id] = after
                    if before is None and begins(event, target):
                        self._foreseen.add(projection.resource, event, after)
                elif before is not None:
                    last[target.id] = before | {"isActive": False, "updatedAt": instant(event.at)}
        return last
