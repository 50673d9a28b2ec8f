"""Rebuilds of search indexes: another version is filled beside the live one and put in its place in one step.

It is filled by reading all documents, from the position on that the read models had come to before; what happened
since is then taken in as the indexer does. Killed at any moment it leaves the live version as it was, and goes on where
it was when it is started again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from infra.event_store.codec import UnknownEvent
from infra.opensearch.comparing import Comparing
from infra.opensearch.followed import Followed, Log, Taking
from infra.opensearch.mappings import declaration
from infra.opensearch.names import number_of
from infra.opensearch.rejects import Rejects
from infra.opensearch.source import Source
from infra.opensearch.told import tell
from infra.opensearch.turns import ALONE, turn
from infra.opensearch.versions import Progress, Version, Versions
from infra.opensearch.writing import Write, Writing
from infra.postgres.connected import connected
from infra.read_models.model import Connection
from infra.read_models.rebuild import NoWayBack, RebuildRunning, Told
from projections.projection import Document

COME = "SELECT coalesce(min(position), 0) FROM read_model WHERE name = ANY(%s)"
SHOWN = "SELECT coalesce(max(position), 0) FROM search_index WHERE name = %s"
PAGE = 1_000
STEP = 500
"""Documents that are read and written before it is kept how far it has come."""
SETTLING_SECONDS = 0.01


@dataclass(frozen=True)
class Parts:
    """What a rebuild works with."""

    conninfo: str
    feed: Log
    source: Source
    versions: Versions
    writing: Writing
    taking: Taking
    rejects: Rejects
    comparing: Comparing
    step: int = STEP


class Rebuilds:
    """Rebuilds search indexes, by name."""

    def __init__(self, indexes: Mapping[str, Followed], parts: Parts) -> None:
        self._indexes = indexes
        self._parts = parts

    async def run(self, name: str, told: Told = lambda _done, _total: None, *, afresh: bool = False) -> int:
        """Make the index anew while the old one is searched; answers the position that it stands at.

        Goes on with what a killed one left, unless it is to begin `afresh`. The version before is kept, see `drop_old`
        and `go_back`. Raises RebuildRunning, RebuildDiffers, ReadBehind, Unavailable.
        """
        async with self._alone(name) as connection:
            rebuild = self._of(connection, name, told)
            if await rebuild.begin(afresh=afresh):
                await rebuild.recall()
            await rebuild.fill()
            return await rebuild.finish()

    async def go_back(self, name: str) -> int:
        """Show the version that the last rebuild replaced, brought up to date; the one shown until now is kept in its
        stead. Answers the position that it stands at. Raises NoWayBack, and as `run`.
        """
        async with self._alone(name) as connection:
            rebuild = self._of(connection, name)
            await rebuild.turn_back()
            await rebuild.recall()
            return await rebuild.finish()

    async def drop_old(self, name: str) -> list[str]:
        """Do away with every version but the live one, unless one is being filled. Answers their names.

        Raises RebuildRunning, Unavailable.
        """
        parts, index = self._parts, self._indexes[name]
        async with self._alone(name):
            live = (await parts.versions.named()).get(index.alias)
            if live is None:
                return []
            old = [version.name for version in (await parts.versions.all(index.alias)).values() if version.name != live]
            for version in old:
                await parts.versions.drop(version)
            return old

    @asynccontextmanager
    async def _alone(self, name: str) -> AsyncIterator[Connection]:
        async with connected(self._parts.conninfo) as connection:  # the lock ends with it
            if (await (await connection.execute(ALONE, [name])).fetchone()) != (True,):
                raise RebuildRunning(f"search:{name} is being rebuilt already")
            yield connection

    def _of(self, connection: Connection, name: str, told: Told = lambda _done, _total: None) -> _Rebuild:
        return _Rebuild(connection, replace(self._indexes[name], rejected=set(), waits=False), self._parts, told)


class _Rebuild:
    """One rebuild: the version that is filled, and how far it has come."""

    def __init__(self, connection: Connection, index: Followed, parts: Parts, told: Told) -> None:
        self.index = index
        self.index.version = ""
        self._connection, self._parts, self._told = connection, parts, told
        self._progress = Progress(filled=False)

    async def begin(self, *, afresh: bool) -> bool:
        """Go on with the version that a killed rebuild left, or make one. What was kept is kept until now.

        Answers whether it goes on with one.
        """
        versions, index = self._parts.versions, self.index
        live, others = await self._beside()
        known = await versions.progress([version.name for version in others.values()])
        end = await self._parts.feed.end()
        for number, version in sorted(others.items()):
            begun = number > live and version.name in known and not known[version.name].shown
            begun = begun and known[version.name].position <= end  # else it is of a log that has lost its end since
            if begun and not afresh and version.declaration == declaration(index.layout):
                index.version, self._progress = version.name, known[version.name]
            else:
                await versions.drop(version.name)
        goes_on = index.version in known
        if not goes_on:
            await self._create(max([live, *others]) + 1)
        index.position = self._progress.position
        return goes_on

    async def turn_back(self) -> None:
        """Go on with the version that was shown before. Raises NoWayBack."""
        index = self.index
        live, others = await self._beside()
        known = await self._parts.versions.progress([version.name for version in others.values()])
        kept = [version for number, version in sorted(others.items()) if _was_shown(version, known, number < live)]
        if not kept:
            raise NoWayBack(f"no version of search:{index.name} was kept")
        if kept[-1].declaration != declaration(index.layout):
            why = "is of another declaration: go back with the release that made it"
            raise NoWayBack(f"the version of search:{index.name} that was kept {why}")
        index.version, self._progress = kept[-1].name, known[kept[-1].name]
        index.position = self._progress.position

    async def _beside(self) -> tuple[int, dict[int, Version]]:
        """The number of the version that is shown, nought if none is, and the others."""
        versions, index = self._parts.versions, self.index
        there = await versions.all(index.alias)
        live = number_of(index.alias, (await versions.named()).get(index.alias, "")) or 0
        return live, {number: version for number, version in there.items() if number != live}

    async def _create(self, number: int) -> None:
        row = await (await self._connection.execute(COME, [[*self.index.concern.models]])).fetchone()
        version = await self._parts.versions.create(self.index.alias, number, self.index.layout)
        self.index.version = version.name
        self._progress = Progress(position=int(row[0]) if row else 0, filled=False)
        await self._keep()

    async def recall(self) -> None:
        """Find out what a version that was begun before did not take: what it lacks and what is set aside is tried
        again, as dead letters alone do not tell: they go when the live version takes the document.
        """
        parts, index, last = self._parts, self.index, ""
        model = index.layout.root.resource.documents
        aside = await parts.rejects.aside(self._connection, index)
        while documents := await parts.source.scan(model, last, parts.step):
            last = max(documents)
            read = [id for id in documents if self._progress.filled or id <= self._progress.scanned]
            lacking = await parts.versions.lacking(index.version, read)
            await self._write(await index.composer.of(lacking | aside.intersection(read)))
            if len(read) < len(documents):
                break

    async def _write(self, made: Mapping[str, Document | None]) -> None:
        parts, index = self._parts, self.index
        writes = [Write(index.version, id, index.position, document) for id, document in made.items()]
        await parts.rejects.keep(self._connection, index, await parts.writing.all(writes), {}, index.position)

    async def fill(self) -> None:
        """Read all documents that are not read yet."""
        parts, index = self._parts, self.index
        model = index.layout.root.resource.documents
        total = await parts.source.count(model)
        while not self._progress.filled:
            documents = await parts.source.scan(model, self._progress.scanned, parts.step)
            if not documents:
                self._progress = replace(self._progress, filled=True)
                break
            await self._write(await index.composer.around(documents))
            done = self._progress.done + len(documents)
            self._progress = replace(self._progress, scanned=max(documents), done=done)
            self._told(done, max(total, done))
            await self._keep()
        await self._keep()

    async def catch_up(self) -> None:
        """Take in what happened since, as far as it is settled, until less than a page has come meanwhile."""
        come = PAGE
        while come >= PAGE:
            end, start = await self._parts.feed.end(), self.index.position
            while self.index.position < end and await self._next():
                pass
            come = self.index.position - start
        await self._keep()

    async def finish(self) -> int:
        """Catch up, compare, and take the place of what is shown. Answers the position that it stands at."""
        await self.catch_up()
        await self._parts.comparing.compare(self.index, self.catch_up)
        await self.take_its_place()
        return self.index.position

    async def take_its_place(self) -> None:
        """Show this version instead of the live one, with all in it that was shown already."""
        parts, index = self._parts, self.index
        async with turn(self._connection):
            row = await (await self._connection.execute(SHOWN, [index.name])).fetchone()
            while index.position < (int(row[0]) if row else 0):
                if await self._next() == 0:
                    await asyncio.sleep(SETTLING_SECONDS)
            self._progress = replace(self._progress, shown=True)
            await self._keep()
            await parts.rejects.settle(self._connection, index, parts.writing)
            await parts.versions.refresh(index.version)
            await parts.versions.show(index.alias, index.version)
            await tell(self._connection, {index.name: (index.version, index.position)})

    async def _next(self) -> int:
        """Take in the next page, and pass an event of a newer release that does not concern the index. Answers how many
        events it had. Raises UnknownEvent.
        """
        parts, index = self._parts, self.index
        try:
            page = await parts.feed.read(index.position, PAGE)
        except UnknownEvent as unknown:
            if unknown.position is None or parts.taking.concerned(index, unknown):
                raise
            index.position = unknown.position
            return PAGE  # there may be more
        await parts.taking.page(self._connection, index, parts.taking.touched(page.events), page.position)
        index.position = page.position
        return len(page.events)

    async def _keep(self) -> None:
        self._progress = replace(self._progress, position=self.index.position or self._progress.position)
        await self._parts.versions.tell({self.index.version: self._progress})


def _was_shown(version: Version, known: Mapping[str, Progress], older: bool) -> bool:
    """Was it searched before? A version that is older than the live one was, if it was ever filled."""
    progress = known.get(version.name)
    return progress is not None and progress.filled and (progress.shown or older)
