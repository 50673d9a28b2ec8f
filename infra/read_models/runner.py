"""Follows the log and fills the read models: what a page of events makes of them is committed with their position.

Any number of runners may run on one database; one of them leads, the others stand by. Its lead is a lock of the very
connection that it writes with, so a runner that lost the one cannot use the other.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from commands.ports import Page, Unavailable
from infra.event_store.codec import UnknownEvent
from infra.postgres.connected import connected
from infra.postgres.trouble import TROUBLE, Outage
from infra.read_models.catalogue import prepare
from infra.read_models.model import Connection, Model
from infra.read_models.progress import Progress

LEAD = "SELECT pg_try_advisory_lock(hashtextextended('innkeep projector of ' || current_schema(), 0))"
NAMED = "SELECT set_config('application_name', 'innkeep projector', false)"
POSITIONS = "SELECT name, position FROM read_model WHERE name = ANY(%s)"
ADVANCE = """UPDATE read_model SET position = %s, state = 'live', failed_position = NULL, failed_event = NULL,
  error = NULL, updated_at = now() WHERE name = ANY(%s) AND position = %s"""
STOP = """UPDATE read_model SET state = 'stopped', failed_position = %s, failed_event = %s, error = %s,
  updated_at = now() WHERE name = %s AND position = %s"""

BREATH = 0.05
"""Seconds between two pages that are not full, unless somebody waits: what happens meanwhile shares a transaction."""
STANDBY_SECONDS = 0.25
"""Between two attempts to take the lead, or to come back after the database was away."""
LONGEST_NAP = 1.0
"""Seconds between two looks at a quiet log, at most: a model may have been put back, or be due for another try."""
LONGEST_PAUSE = 10.0
"""Seconds until a projector that keeps failing as a whole begins anew, at most."""


class Feed(Protocol):
    """The log, as far as it is followed."""

    async def read(self, after: int, limit: int) -> Page:
        """What is settled past that position, in order, and where to read on."""
        ...

    async def wait_for_events(self, after: int, timeout: float) -> bool:  # noqa: ASYNC109 - it answers, it does not raise
        """Return once something is settled past that position, or when the time (seconds) is over."""
        ...


class _Moved(Exception):
    """A position is not where this runner left it: a rebuild has put another table in place."""


class Runner:
    """Fills these models from the log until it is cancelled.

    Args:
        conninfo: the database of the read models.
        feed: the log.
        models: what to fill, by name.
        progress: told of every position reached.
        page: events read, and committed, at a time.
        retry: the first and the longest time, in seconds, until a stopped model is tried again.
    """

    def __init__(
        self,
        conninfo: str,
        feed: Feed,
        models: Mapping[str, Model],
        progress: Progress,
        *,
        page: int = 500,
        retry: tuple[float, float] = (0.5, 60.0),
    ) -> None:
        self.leads = False
        self._conninfo = conninfo
        self._feed = feed
        self._models = models
        self._progress = progress
        self._page = page
        self._pause = STANDBY_SECONDS
        self._behind = False
        """Was there more than a page to take in?"""
        self._retry = retry
        self._positions: dict[str, int] = {}
        self._resting: dict[str, tuple[float, float]] = {}
        """Of a stopped model: when to try again, and how long to rest after that."""
        self._outage = Outage("projector")
        self._log = structlog.get_logger("projector")

    async def run(self) -> None:
        """Follow the log, whatever happens to the database meanwhile."""
        while True:
            try:
                await prepare(self._conninfo, self._models)
                async with connected(self._conninfo) as connection:
                    await connection.execute(NAMED)
                    await self._stand_by(connection)
                    await self._lead(connection)
            except (*TROUBLE, Unavailable) as trouble:
                self._outage.lasts(trouble)
                self._pause = min(self._pause, LONGEST_NAP)
            except Exception:  # noqa: BLE001 - a fault here must not end the reads of the whole product
                self._log.exception("the projector failed and begins anew", seconds=self._pause)
            finally:
                self.leads = self._progress.fed = False
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    async def _stand_by(self, connection: Connection) -> None:
        while True:
            cursor = await connection.execute(LEAD)
            if await cursor.fetchone() == (True,):
                return
            await asyncio.sleep(STANDBY_SECONDS)

    async def _lead(self, connection: Connection) -> None:
        self._resting.clear()
        await self._look(connection)
        self.leads = self._progress.fed = True
        while True:
            try:
                worked = await self._turn(connection)
            except _Moved:
                await self._look(connection)
                continue
            self._pause = STANDBY_SECONDS
            self._outage.over()
            if not worked:
                await self._nap()
            elif not self._behind:
                await self._progress.rest(BREATH)

    async def _nap(self) -> None:
        """Wait for the log, but no longer than until a stopped model is tried again."""
        now = asyncio.get_running_loop().time()
        again = [at - now for at, _ in self._resting.values()]
        seconds = max(0.0, min([*again, LONGEST_NAP]))
        awake = [position for name, position in self._positions.items() if name not in self._resting]
        if awake:
            await self._feed.wait_for_events(max(awake), seconds)
        else:
            await asyncio.sleep(seconds)

    async def _look(self, connection: Connection) -> None:
        """Where the models stand, as the database knows it."""
        rows = await (await connection.execute(POSITIONS, [list(self._models)])).fetchall()
        self._positions = dict(rows)
        self._progress.advance(self._positions)

    async def _turn(self, connection: Connection) -> bool:
        """One page for every group of models that stand at the same position. Was there anything?"""
        now = asyncio.get_running_loop().time()
        groups: defaultdict[int, list[str]] = defaultdict(list)
        for name, position in self._positions.items():
            if self._resting.get(name, (now, 0.0))[0] <= now:
                groups[position].append(name)
        worked = self._behind = False
        for position, names in sorted(groups.items()):
            try:
                page = await self._feed.read(position, self._page)
            except UnknownEvent as unknown:
                worked |= await self._meet(connection, names, position, unknown)
                continue
            if page.position > position:
                worked |= await self._take_in(connection, names, position, page)
                self._behind |= len(page.events) == self._page
        return worked

    async def _meet(self, connection: Connection, names: Sequence[str], start: int, unknown: UnknownEvent) -> bool:
        """At an event of a newer release: whom it may concern stops there, the others pass it. Did any?"""
        concerned = [name for name in names if unknown.concerns(self._models[name].aggregates)]
        for name in concerned:
            await self._stop(connection, name, start, (unknown.position, unknown.name), unknown)
        others = [name for name in names if name not in concerned]
        if not others or unknown.position is None:
            return False
        return await self._take_in(connection, others, start, Page([], unknown.position))

    async def _take_in(self, connection: Connection, names: Sequence[str], start: int, page: Page) -> bool:
        """Bring the models over a page; whoever cannot follow is stopped at its event, the others go on."""
        try:
            await self._commit(connection, names, start, page)
        except (*TROUBLE, _Moved):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler makes of an event
            if len(names) > 1:
                return any([await self._take_in(connection, [name], start, page) for name in names])
            if len(page.events) > 1:
                return await self._one_by_one(connection, names[0], start, page)
            event = page.events[0] if page.events else None
            failed = (event.position, event.name) if event else (page.position, None)
            await self._stop(connection, names[0], start, failed, error)
            return False
        return True

    async def _one_by_one(self, connection: Connection, name: str, start: int, page: Page) -> bool:
        at = start
        for event in page.events:
            if not await self._take_in(connection, [name], at, Page([event], event.position)):
                return at > start
            at = event.position
        return await self._take_in(connection, [name], at, Page([], page.position)) if page.position > at else True

    async def _commit(self, connection: Connection, names: Sequence[str], start: int, page: Page) -> None:
        async with connection.transaction():
            # First, as it holds the rows: no rebuild then swaps a table under its documents.
            cursor = await connection.execute(ADVANCE, [page.position, list(names), start])
            if cursor.rowcount != len(names):
                raise _Moved
            there = {type(event.fact) for event in page.events}
            for model in (self._models[name] for name in names):
                if model.handles is None or not there.isdisjoint(model.handles):
                    await model.apply(connection, model.table, page.events)
        reached = dict.fromkeys(names, page.position)
        self._positions |= reached
        self._progress.advance(reached)
        for name in names:
            if self._resting.pop(name, None):
                self._log.info("read model goes on", model=name, position=page.position)

    async def _stop(
        self, connection: Connection, name: str, start: int, failed: tuple[int | None, str | None], error: Exception
    ) -> None:
        """Leave a model where it stands, before the event that failed, until its next try."""
        position, what = failed
        told = f"{type(error).__name__}: {error}"[:1000].replace("\x00", "")
        await connection.execute(STOP, [position, what, told, name, start])
        first, longest = self._retry
        rest = self._resting.get(name, (0.0, first))[1]
        self._resting[name] = (asyncio.get_running_loop().time() + rest, min(2 * rest, longest))
        self._log.error("read model stopped", model=name, position=position, event_name=what, error=told)
