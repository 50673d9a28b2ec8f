"""Documents that OpenSearch will not take: kept as dead letters with its reason, and tried again now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import structlog

from infra.opensearch.compose import Composer
from infra.opensearch.concern import Touched
from infra.opensearch.writing import Rejected, Write, Writing
from infra.read_models.dead_letters import DeadLetters, SetAside
from infra.read_models.model import Connection

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
        """When it is time: try what was rejected anew, as it is by now."""
        now = asyncio.get_running_loop().time()
        if now < self._next:
            return
        self._next = now + AGAIN_SECONDS
        letters = DeadLetters(connection)
        aside = await letters.subjects([model_of(index.name) for index in indexes])
        for index in indexes:
            subjects = sorted(map(str, aside.get(model_of(index.name), ())))[:AT_ONCE]
            if not subjects or not index.version:
                continue
            documents = await index.composer.of(subjects)
            writes = [Write(index.version, id, index.position, document) for id, document in documents.items()]
            rejected = {one.write.id for one in await writing.all(writes)}
            for id in subjects:
                if id not in rejected:
                    await letters.remove(model_of(index.name), UUID(id))

    def forget(self) -> None:
        """Try at the next occasion."""
        self._next = 0.0
