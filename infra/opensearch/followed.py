"""An index that is kept, and how a page of events is taken into it: the same for the indexer and for rebuilds."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.kernel import Recorded
from infra.event_store.codec import UnknownEvent, aggregate_of
from infra.opensearch.compose import Composer
from infra.opensearch.concern import Concern, Touched, touched_by
from infra.opensearch.layout import Layout
from infra.opensearch.rejects import Rejects
from infra.opensearch.source import Source
from infra.opensearch.writing import Write, Writing
from infra.read_models.model import Connection
from infra.read_models.runner import Feed
from projections.projection import Projection

PORTION = 500
"""Documents composed at a time."""
ON_THE_WAY = 4
"""Such portions that are being sent at a time: more would only wait in memory."""
PATIENCE = 5.0
"""Seconds that the read models have to take a page in."""


Send = asyncio.Task[None]
"""A portion on its way."""


class Log(Feed, Protocol):
    """The log, with a known end."""

    async def end(self) -> int:
        """The newest position drawn, settled or not."""
        ...


class Models(Protocol):
    """The read models that search documents are made of."""

    async def until(self, position: int, models: Collection[str], seconds: float) -> None:
        """Return once all of these have come to the position. Raises ReadBehind."""
        ...


@dataclass
class Followed:
    """One index, and the version of it that is written to."""

    name: str
    alias: str
    composer: Composer
    concern: Concern
    version: str = ""
    """Its name in the cluster; empty while there is none to follow."""
    position: int = 0
    """Of the log: all up to here is in it."""
    waits: bool = False
    """Have its read models been waited for in vain? They are looked at then, and not waited for again, as other indexes
    would wait too.
    """
    rejected: set[str] = field(default_factory=set)
    """Documents that were not taken, as far as was seen here."""

    @classmethod
    def of(cls, alias: str, layout: Layout, source: Source) -> Followed:
        """The index of this layout."""
        return cls(layout.index.name, alias, Composer(layout, source), Concern(layout))

    @property
    def layout(self) -> Layout:
        """How its documents are laid out."""
        return self.composer.layout


class Taking:
    """Takes pages of events into indexes."""

    def __init__(self, projections: Iterable[Projection], models: Models, writing: Writing, rejects: Rejects) -> None:
        self._projections = tuple(projections)
        self._models = models
        self._writing = writing
        self._rejects = rejects
        self._room = asyncio.Semaphore(ON_THE_WAY)

    def touched(self, events: Iterable[Recorded]) -> Touched:
        """What these events touched."""
        return touched_by(self._projections, events)

    def concerned(self, index: Followed, unknown: UnknownEvent) -> bool:
        """May an event of a newer release make a difference to the index?"""
        handled = [p.handles for p in self._projections if p.resource in index.concern.models]
        return unknown.concerns({aggregate_of(fact.TOPIC) for handles in handled for fact in handles})

    async def page(self, connection: Connection, index: Followed, touched: Touched, position: int) -> None:
        """Take in what was touched up to that position. Raises as `begin`."""
        await together(await self.begin(connection, index, touched, position, index.composer.source.remembering()))

    async def begin(
        self, connection: Connection, index: Followed, touched: Touched, position: int, source: Source
    ) -> list[Send]:
        """Compose what was touched up to that position, and begin to send it: it is taken in once all of these have
        ended. Where much is on its way already, that is waited for.

        Raises ReadBehind while the read models have not come so far, Unavailable.
        """
        if index.concern.models.isdisjoint(touched):
            return []
        await self._models.until(position, index.concern.models, 0.0 if index.waits else PATIENCE)
        ids = sorted(await index.concern.of(touched, source))
        begun: list[Send] = []
        try:
            for start in range(0, len(ids), PORTION):
                documents = await index.composer.of(ids[start : start + PORTION], source)
                writes = [Write(index.version, id, position, document) for id, document in documents.items()]
                await self._room.acquire()
                send = asyncio.create_task(self._send(connection, index, writes, touched, position))
                send.add_done_callback(lambda _: self._room.release())  # one that is given up may never have begun
                begun.append(send)
        except BaseException:
            await dropped(begun)
            raise
        return begun

    async def _send(
        self, connection: Connection, index: Followed, writes: Sequence[Write], touched: Touched, position: int
    ) -> None:
        await self._rejects.keep(connection, index, await self._writing.all(writes), touched, position)


async def together(sends: Collection[Send]) -> None:
    """Wait for all of these. Raises what one of them raised; the others are given up then."""
    try:
        await asyncio.gather(*sends)
    except BaseException:
        await dropped(sends)
        raise


async def dropped(sends: Collection[Send]) -> None:
    """Give these up. What arrives all the same does no harm."""
    for send in sends:
        send.cancel()
    await asyncio.gather(*sends, return_exceptions=True)
