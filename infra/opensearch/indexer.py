"""Follows the log and keeps the search indexes: what a page of events touched is composed anew and written.

The documents come from the read models in PostgreSQL, once these have taken the page in. Any number of indexers may run
on one database; one leads, the others stand by. While OpenSearch is away the leader waits, and nobody else is harmed.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import structlog

from commands.ports import Page, Unavailable
from domain.kernel import Recorded
from infra.event_store.codec import UnknownEvent
from infra.opensearch.due import Due
from infra.opensearch.followed import Followed, Log, Taking
from infra.opensearch.mappings import declaration
from infra.opensearch.paging import OnTheWay, begun
from infra.opensearch.purge import Purge
from infra.opensearch.rebuild import Rebuilds
from infra.opensearch.rejects import Rejects
from infra.opensearch.strange import Strange
from infra.opensearch.told import forget_others, tell
from infra.opensearch.turns import LEAD, turn
from infra.opensearch.versions import Progress as Kept
from infra.opensearch.versions import Versions
from infra.opensearch.writing import Writing
from infra.postgres.connected import connected
from infra.postgres.trouble import TROUBLE
from infra.read_models.model import Connection
from infra.read_models.progress import Progress
from infra.tracing.following import Steps

NAMED = "SELECT set_config('application_name', 'innkeep indexer', false)"
PAGE = 500
"""Events taken in at a time, at first."""
GROWTH = 8
"""Times as many, at most, while the end of the log is far: what is touched by several of them is written once, and
larger requests cost less a document.
"""
BREATH = 0.05
"""Seconds between two pages that are not full, unless somebody waits: what happens meanwhile shares a request."""
STANDBY_SECONDS = 0.25
LONGEST_NAP = 1.0
"""Seconds between two looks at a quiet log, at most."""
LONGEST_PAUSE = 5.0
"""Seconds until another attempt while OpenSearch is away, at most."""
PAGES = 40
"""As many events as so many first pages have in one turn: others may have something to do between two."""
KEEP_SECONDS = 1.0
"""Between two times that positions are kept with the documents. After a crash the pages since are taken in again."""


class Indexer:
    """Keeps the indexes until it is cancelled.

    Args:
        conninfo: the database, for the lead and for what is told there.
        feed: the log.
        indexes: what to keep.
        taking: pages into them.
        versions: of the indexes.
        rebuilds: of those that are missing or declared otherwise.
        writing: into them.
        rejects: what was not taken.
        progress: told of every position reached.
        page: events taken in at a time, at first.
    """

    def __init__(
        self,
        conninfo: str,
        feed: Log,
        indexes: Sequence[Followed],
        *,
        taking: Taking,
        versions: Versions,
        rebuilds: Rebuilds,
        writing: Writing,
        rejects: Rejects,
        purge: Purge,
        progress: Progress,
        page: int = PAGE,
    ) -> None:
        self.leads = False
        self.trouble: str | None = None
        """What keeps it from going on, if anything does."""
        self.due = Due(rebuilds)
        self._conninfo, self._feed, self._indexes = conninfo, feed, indexes
        self._taking, self._versions = taking, versions
        self._writing, self._rejects, self._purge = writing, rejects, purge
        self._progress, self._strange = progress, Strange(taking)
        self._page_size = page
        self._pause = STANDBY_SECONDS
        self._unkept: set[str] = set()
        self._kept_at = float("-inf")
        self._log = structlog.get_logger("indexer")
        self.steps: Steps | None = None
        """Told of what is taken in, if anybody wants to know it step by step."""

    async def run(self) -> None:
        """Follow the log, whatever happens to OpenSearch and the database meanwhile."""
        while True:
            try:
                async with connected(self._conninfo) as connection:
                    await connection.execute(NAMED)
                    await self._stand_by(connection)
                    await self._lead(connection)
            except (*TROUBLE, Unavailable) as away:
                self._say(str(away))
            except Exception as error:  # noqa: BLE001 - a fault here must not end the reads of the whole product
                self._say(f"{type(error).__name__}: {error}")
                self._log.exception("the indexer failed and begins anew", seconds=self._pause)
            finally:
                self.leads = self._progress.fed = False
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def retry(self) -> None:
        """Try what was rejected at the next occasion."""
        self._rejects.forget()

    async def _stand_by(self, connection: Connection) -> None:
        while True:
            if (await (await connection.execute(LEAD)).fetchone()) == (True,):
                return
            await asyncio.sleep(STANDBY_SECONDS)

    async def _lead(self, connection: Connection) -> None:
        self.leads = self._progress.fed = True
        self._rejects.forget()
        self._strange.forget()
        await forget_others(connection, [one.name for one in self._indexes])
        for one in self._indexes:
            one.version, one.waits = "", False
        making = asyncio.create_task(self.due.run())
        try:
            while True:
                worked, more = await self._round(connection)
                self._pause = STANDBY_SECONDS
                self._tell_troubles()
                if not worked:
                    await self._nap()
                elif not more:
                    await self._progress.rest(BREATH)
        finally:
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)

    async def _nap(self) -> None:
        """Wait for something that any index can take in."""
        awake = [one for one in self._indexes if one.version and not self._strange.stops(one)]
        going = [one.position for one in awake if not one.waits]
        if going:
            longest = LONGEST_NAP if len(going) == len(awake) else STANDBY_SECONDS
            await self._feed.wait_for_events(min(going), longest)
        else:
            await asyncio.sleep(STANDBY_SECONDS)

    async def _round(self, connection: Connection) -> tuple[bool, bool]:
        """Bring every index on by some pages. Was there anything, and is there more?"""
        worked = more = False
        async with turn(connection):
            await self._look(connection)
            groups: defaultdict[int, list[Followed]] = defaultdict(list)
            for one in self._indexes:
                if one.version and not self._strange.stops(one):
                    groups[one.position].append(one)
            for position, followed in sorted(groups.items()):
                any_, yet = await self._take_in(connection, followed, position)
                worked, more = worked or any_, more or yet
            await self._rejects.again(connection, self._indexes, self._writing)
            await self._purge.when_due([one.version for one in self._indexes if one.version])
            await self._keep()
        return worked, more

    async def _page(self, position: int, size: int, followed: Sequence[Followed]) -> tuple[Page, Sequence[Followed]]:
        """What comes next, and which of these it is for."""
        try:
            return await self._feed.read(position, size), followed
        except UnknownEvent as unknown:
            return self._strange.met(unknown, followed, position)

    async def _look(self, connection: Connection) -> None:
        """Which version of each index is live, and how far it has come."""
        named = await self._versions.named()
        moved = [one for one in self._indexes if self._has_moved(one, named.get(one.alias))]
        if not moved:
            return
        declared = await self._versions.declarations()
        found = await self._reached([named[one.alias] for one in moved if one.alias in named])
        for one in moved:
            name = named.get(one.alias, "")
            if declared.get(name) != declaration(one.layout) or (name in found and not found[name].filled):
                one.version = ""
                self.due.names.add(one.name)
                continue
            self.due.names.discard(one.name)
            one.version, one.position = name, found[name].position if name in found else 0
            self._progress.advance({one.name: one.position})
        await tell(connection, {one.name: (one.version, one.position) for one in moved if one.version})

    async def _reached(self, names: Collection[str]) -> dict[str, Kept]:
        """How far these versions have come. One that has come further than the log, as it is by now, has what is lost
        and would pass by what comes in its place: it does not count as filled any more, however far the log goes.
        """
        found, end = await self._versions.progress([*names]), await self._feed.end()
        further = {name: kept for name, kept in found.items() if kept.filled and kept.position > end}
        ahead = {name: replace(kept, filled=False) for name, kept in further.items()}
        if ahead:
            await self._versions.tell(ahead)
            self._log.warning("search indexes are further than the log, and made anew", versions=sorted(ahead), end=end)
        return found | ahead

    def _has_moved(self, one: Followed, live: str | None) -> bool:
        if one.name in self.due.names:
            return live is not None
        return not one.version or one.version != live

    async def _take_in(self, connection: Connection, followed: Sequence[Followed], position: int) -> tuple[bool, bool]:
        """Bring these, which all stand there, on: page after page, each composed while the one before is sent.

        Was there anything, and is there more?
        """
        worked = more = False
        before: OnTheWay | None = None
        size, left = self._page_size, PAGES * self._page_size
        try:
            while left > 0:
                page, followed = await self._page(position, size, followed)
                more = len(page.events) == size
                if page.position == position or not followed:
                    break
                on = await begun(self._taking, connection, followed, page)
                last, before, followed, position = before, on, on.followed, page.position
                worked |= bool(followed)
                if last is not None:
                    await self._settle(connection, last)
                if not (more and followed):
                    break
                left, size = left - size, min(2 * size, GROWTH * self._page_size)
            if before is not None:
                await self._settle(connection, before)
        except BaseException:
            if before is not None:
                await before.drop()
            raise
        return worked, more

    async def _settle(self, connection: Connection, on: OnTheWay) -> None:
        await on.settle()
        self._pause = STANDBY_SECONDS
        self._unkept |= {name for name, sends in on.sends.items() if sends}
        await tell(connection, {one.name: (one.version, one.position) for one in on.followed})
        self._progress.advance({one.name: one.position for one in on.followed})
        if self.steps is not None and on.page.events:
            concerns = {one.name: self._concerns(one) for one in on.followed}
            await self.steps.took_in("index", concerns, on.page.events, on.began)
        await self._keep()

    def _concerns(self, one: Followed) -> Callable[[Recorded], bool]:
        return lambda event: not one.concern.models.isdisjoint(self._taking.touched([event]))

    async def _keep(self) -> None:
        """Keep positions with the documents, of those indexes that were written to: now and then is enough."""
        now = asyncio.get_running_loop().time()
        if self._unkept and now - self._kept_at >= KEEP_SECONDS:
            wanted = [one for one in self._indexes if one.name in self._unkept and one.version]
            await self._versions.tell({one.version: Kept(one.position, shown=True) for one in wanted})
            self._unkept.clear()
            self._kept_at = now

    def _tell_troubles(self) -> None:
        """What keeps some of the indexes from going on, though the others do."""
        waiting = sorted(one.name for one in self._indexes if one.waits)
        troubles = [self._strange.trouble(self._indexes), *self.due.troubles]
        troubles += [f"{', '.join(waiting)} wait for their read models"] if waiting else []
        told = "; ".join(filter(None, troubles))
        if told:
            self._say(told)
        else:
            self.trouble = None

    def _say(self, trouble: str) -> None:
        """Once for each kind of trouble, not at every attempt."""
        if trouble != self.trouble:
            self._log.warning("the indexer waits", reason=trouble)
        self.trouble = trouble
