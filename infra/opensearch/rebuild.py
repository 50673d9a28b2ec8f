"""Rebuilds of search indexes: another version is filled beside the live one and put in its place in one step.

It is filled by reading all documents, from the position on that the read models had come to before; what happened
since is then taken in as the indexer does. Killed at any moment it leaves the live version as it was, and goes on where
it was when it is started again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from infra.opensearch.comparing import Comparing
from infra.opensearch.followed import PORTION, Followed, Taking
from infra.opensearch.mappings import declaration
from infra.opensearch.names import number_of
from infra.opensearch.rejects import Rejects
from infra.opensearch.source import Source
from infra.opensearch.told import tell
from infra.opensearch.turns import ALONE, turn
from infra.opensearch.versions import Progress, Versions
from infra.opensearch.writing import Write, Writing
from infra.postgres.connected import connected
from infra.read_models.model import Connection
from infra.read_models.rebuild import RebuildRunning, Told
from infra.read_models.runner import Feed

COME = "SELECT coalesce(min(position), 0) FROM read_model WHERE name = ANY(%s)"
SHOWN = "SELECT coalesce(max(position), 0) FROM search_index WHERE name = %s"
PAGE = 1_000
SETTLING_SECONDS = 0.01


@dataclass(frozen=True)
class Parts:
    """What a rebuild works with."""

    conninfo: str
    feed: Feed
    source: Source
    versions: Versions
    writing: Writing
    taking: Taking
    rejects: Rejects
    comparing: Comparing


class Rebuilds:
    """Rebuilds search indexes, by name."""

    def __init__(self, indexes: Mapping[str, Followed], parts: Parts) -> None:
        self._indexes = indexes
        self._parts = parts

    async def run(self, name: str, told: Told = lambda _done, _total: None) -> int:
        """Make the index anew while the old one is searched; answers the position that it stands at.

        The version before is kept, see `drop_old`. Raises RebuildRunning, RebuildDiffers, ReadBehind, Unavailable.
        """
        parts = self._parts
        async with connected(parts.conninfo) as connection:  # the lock ends with it
            if (await (await connection.execute(ALONE, [name])).fetchone()) != (True,):
                raise RebuildRunning(f"search:{name} is being rebuilt already")
            rebuild = _Rebuild(connection, replace(self._indexes[name], rejected=set()), parts, told)
            await rebuild.begin()
            await rebuild.fill()
            await rebuild.catch_up()
            await parts.comparing.compare(rebuild.index, rebuild.catch_up)
            await rebuild.take_its_place()
            return rebuild.index.position

    async def drop_old(self, name: str) -> list[str]:
        """Do away with every version but the live one, unless one is being filled. Answers their names.

        Raises RebuildRunning, Unavailable.
        """
        parts, index = self._parts, self._indexes[name]
        async with connected(parts.conninfo) as connection:
            if (await (await connection.execute(ALONE, [name])).fetchone()) != (True,):
                raise RebuildRunning(f"search:{name} is being rebuilt just now")
            live = (await parts.versions.named()).get(index.alias)
            if live is None:
                return []
            old = [version.name for version in (await parts.versions.all(index.alias)).values() if version.name != live]
            for version in old:
                await parts.versions.drop(version)
            return old


class _Rebuild:
    """One rebuild: the version that is filled, and how far it has come."""

    def __init__(self, connection: Connection, index: Followed, parts: Parts, told: Told) -> None:
        self.index = index
        self.index.version = ""
        self._connection, self._parts, self._told = connection, parts, told
        self._progress = Progress(filled=False)

    async def begin(self) -> None:
        """Go on with the version that a killed rebuild left, or make one."""
        versions, index = self._parts.versions, self.index
        there = await versions.all(index.alias)
        live = number_of(index.alias, (await versions.named()).get(index.alias, "")) or 0
        for number, version in sorted(there.items()):
            if number < live:
                await versions.drop(version.name)  # the one before the live one is kept until now
        begun = {number: version for number, version in there.items() if number > live}
        known = await versions.progress([version.name for version in begun.values()])
        for _, version in sorted(begun.items()):
            if version.declaration == declaration(index.layout) and version.name in known:
                index.version, self._progress = version.name, known[version.name]
            else:
                await versions.drop(version.name)
        if index.version not in known:
            await self._create(max([live, *there]) + 1)
        index.position = self._progress.position

    async def _create(self, number: int) -> None:
        row = await (await self._connection.execute(COME, [[*self.index.concern.models]])).fetchone()
        version = await self._parts.versions.create(self.index.alias, number, self.index.layout)
        self.index.version = version.name
        self._progress = Progress(position=int(row[0]) if row else 0, filled=False)
        await self._keep()

    async def fill(self) -> None:
        """Read all documents that are not read yet."""
        parts, index = self._parts, self.index
        model = index.layout.root.resource.documents
        total = await parts.source.count(model)
        while not self._progress.filled:
            documents = await parts.source.scan(model, self._progress.scanned, PORTION)
            if not documents:
                self._progress = replace(self._progress, filled=True)
                break
            made = await index.composer.around(documents)
            writes = [Write(index.version, id, index.position, document) for id, document in made.items()]
            await parts.rejects.keep(self._connection, index, await parts.writing.all(writes), {}, index.position)
            done = self._progress.done + len(documents)
            self._progress = replace(self._progress, scanned=max(documents), done=done)
            self._told(done, max(total, done))
            await self._keep()
        await self._keep()

    async def catch_up(self) -> None:
        """Take in what happened since, until less than a page is left."""
        while await self._next() >= PAGE:
            pass
        await self._keep()

    async def take_its_place(self) -> None:
        """Show this version instead of the live one, with all in it that was shown already."""
        parts, index = self._parts, self.index
        async with turn(self._connection):
            row = await (await self._connection.execute(SHOWN, [index.name])).fetchone()
            while index.position < (int(row[0]) if row else 0):
                if await self._next() == 0:
                    await asyncio.sleep(SETTLING_SECONDS)
            await self._keep()
            await parts.versions.refresh(index.version)
            await parts.versions.show(index.alias, index.version)
            await tell(self._connection, {index.name: (index.version, index.position)})

    async def _next(self) -> int:
        """Take in the next page. Answers how many events it had."""
        parts, index = self._parts, self.index
        page = await parts.feed.read(index.position, PAGE)
        await parts.taking.page(self._connection, index, parts.taking.touched(page.events), page.position)
        index.position = page.position
        return len(page.events)

    async def _keep(self) -> None:
        self._progress = replace(self._progress, position=self.index.position or self._progress.position)
        await self._parts.versions.tell({self.index.version: self._progress})
