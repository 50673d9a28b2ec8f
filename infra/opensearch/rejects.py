"""Documents that OpenSearch will not take: kept as dead letters with its reason, and tried again now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from infra.opensearch.compose import Composer
from infra.opensearch.concern import Touched
from infra.opensearch.writing import Rejected, Write, Writing
from infra.read_models.dead_letters import DeadLetters, SetAside
from infra.read_models.model import Connection
from infra.read_models.retrying import NoSuchLetter, StillFails

AGAIN_SECONDS = 30.0
"""Between two tries of what was rejected: a declaration, a setting or the cluster may have changed."""
AT_ONCE = 500
SEARCH = "search:"
"""Before the names of search indexes, where they stand beside read models."""
DEPENDS = "of a document that it depends on"
"""The event's name, where it is another document's."""


class Kept(Protocol):
    """An index that is kept."""

    name: str
    composer: Composer
    version: str
    position: int
    rejected: set[str]


def model_of(index: str) -> str:
    """What dead letters, rebuilds and health know a search index by."""
    return SEARCH + index


class Rejects:
    """Keeps what is rejected."""

    def __init__(self) -> None:
        self._next = 0.0
        self._tried: dict[str, str] = {}
        self._log = structlog.get_logger("indexer")

    async def keep(
        self, connection: Connection, index: Kept, rejected: Sequence[Rejected], touched: Touched, position: int
    ) -> None:
        """Set these documents aside, under the last event that touched them, or the page's position."""
        letters = DeadLetters(connection)
        own = touched.get(index.composer.layout.root.resource.documents, {})
        for one in rejected:
            event = own.get(one.write.id)
            aside = SetAside(event.position, event.name) if event else SetAside(position, DEPENDS)
            index.rejected.add(one.write.id)
            await letters.set_aside(model_of(index.name), UUID(one.write.id), [aside], one.reason)
            self._log.error("search document rejected", index=index.name, id=one.write.id, reason=one.reason)

    async def again(self, connection: Connection, indexes: Sequence[Kept], writing: Writing) -> None:
        """When it is time: try what was rejected anew, as it is by now; of much, a part each time, in turn."""
        now = asyncio.get_running_loop().time()
        if now < self._next:
            return
        self._next = now + AGAIN_SECONDS
        aside = await DeadLetters(connection).subjects([model_of(index.name) for index in indexes])
        for index in indexes:
            subjects = sorted(map(str, aside.get(model_of(index.name), ())))
            if subjects and index.version:
                behind = [id for id in subjects if id > self._tried.get(index.name, "")][:AT_ONCE]
                some = behind or subjects[:AT_ONCE]
                self._tried[index.name] = some[-1]
                await self._try(connection, index, some, writing)

    async def retry(self, connection: Connection, index: Kept, subject: UUID, writing: Writing) -> None:
        """Try one document that was rejected. Raises NoSuchLetter, StillFails, Unavailable."""
        model = model_of(index.name)
        if not await DeadLetters(connection).events(model, subject):
            raise NoSuchLetter(f"nothing of {subject} is set aside for {model}")
        if why := (await self._try(connection, index, [str(subject)], writing)).get(str(subject)):
            raise StillFails(f"{model} still cannot take in {subject}: {why}")

    @staticmethod
    async def aside(connection: Connection, index: Kept) -> set[str]:
        """The ids of the documents that are set aside for the index, by whichever version."""
        model = model_of(index.name)
        return {str(subject) for subject in (await DeadLetters(connection).subjects([model])).get(model, ())}

    async def settle(self, connection: Connection, index: Kept, writing: Writing) -> None:
        """Let the dead letters be those of this version, which is about to be shown, whatever another took or did not.

        Raises Unavailable.
        """
        ids = sorted(index.rejected | await self.aside(connection, index))
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            for id, reason in (await self._try(connection, index, some, writing)).items():
                await self._unless_aside(connection, index, id, reason)

    def forget(self) -> None:
        """Try at the next occasion."""
        self._next = 0.0

    async def _try(self, connection: Connection, index: Kept, ids: Collection[str], writing: Writing) -> dict[str, str]:
        """Those of these that are rejected still, each with the reason; the others are dead letters no more.

        Who is given up meanwhile is not set aside anew.
        """
        letters, model = DeadLetters(connection), model_of(index.name)
        documents = await index.composer.of(ids)
        writes = [Write(index.version, id, index.position, document) for id, document in documents.items()]
        rejected = {one.write.id: one.reason for one in await writing.all(writes)}
        for id in ids:
            if id in rejected:
                index.rejected.add(id)
                await letters.failed_again(model, UUID(id), rejected[id])
            else:
                index.rejected.discard(id)
                await letters.remove(model, UUID(id))
        return rejected

    @staticmethod
    async def _unless_aside(connection: Connection, index: Kept, id: str, reason: str) -> None:
        letters, model = DeadLetters(connection), model_of(index.name)
        if not await letters.events(model, UUID(id)):
            await letters.set_aside(model, UUID(id), [SetAside(index.position, DEPENDS)], reason)
