"""Follows the log and fills the read models: what a page of events makes of them is committed with their position.

Any number of runners may run on one database; one of them leads, the others stand by. Its lead is a lock of the very
connection that it writes with, so a runner that lost the one cannot use the other.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from commands.ports import Page, Unavailable
from domain.kernel import Recorded
from infra.event_store.codec import UnknownEvent
from infra.postgres.connected import connected, still_there
from infra.postgres.trouble import TROUBLE, Outage
from infra.read_models.aside import TooManyAside, is_poison, told
from infra.read_models.catalogue import due, health, prepare
from infra.read_models.model import Connection, Model
from infra.read_models.pages import Moved, Pages
from infra.read_models.progress import Progress
from infra.read_models.resting import Resting
from infra.tracing.following import Steps

LEAD = "SELECT pg_try_advisory_lock(hashtextextended('innkeep ' || %s || ' of ' || current_schema(), 0))"
NAMED = "SELECT set_config('application_name', 'innkeep projector', false)"
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


class Runner:
    """Fills these models from the log until it is cancelled.

    Args:
        conninfo: the database of the read models.
        feed: the log.
        models: what to fill, by name.
        progress: told of every position reached.
        page: events read, and committed, at a time.
        retry: the first and the longest time, in seconds, until a stopped model is tried again.
        tries: that an event has which a model cannot take in, before it is set aside with what follows in its stream.
        lead: the name of the lock; those who fill the same models have the same.
        whole: are these all the models that there are?
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
        tries: int = 5,
        lead: str = "projector",
        whole: bool = True,
    ) -> None:
        self.leads = False
        self._lead_name, self._whole = lead, whole
        self._conninfo = conninfo
        self._feed = feed
        self._models = models
        self._progress = progress
        self._page = page
        self._pause = STANDBY_SECONDS
        self._behind = False
        """Was there more than a page to take in?"""
        self._tries = tries
        self._pages: Pages
        self._careful = 0
        """Up to there, each page is written before the next is looked at."""
        self._resting = Resting(*retry)
        self._ahead: tuple[int, asyncio.Task[Page]] | None = None
        """The page past that position, which is read while the one before is taken in."""
        self._outage = Outage("projector")
        self.steps: Steps | None = None
        """Told of what is taken in, if anybody wants to know it step by step."""
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
                self._leads(yes=False)
                await self._drop_ahead()
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _leads(self, *, yes: bool) -> None:
        self.leads = yes
        if self._whole:
            self._progress.fed = yes

    async def _stand_by(self, connection: Connection) -> None:
        while True:
            cursor = await connection.execute(LEAD, [self._lead_name])
            if await cursor.fetchone() == (True,):
                return
            await asyncio.sleep(STANDBY_SECONDS)

    async def _lead(self, connection: Connection) -> None:
        self._resting.clear()
        async with connected(self._conninfo) as reads:
            await reads.execute(NAMED)
            self._pages = Pages(self._models, connection, reads, self._progress.advance)
            await self._pages.look()
            for name in due(await health(connection, self._models)):
                self._log.warning("rebuild due", model=name, todo=f"innkeep rebuild {name}")
            self._leads(yes=True)
            try:
                await self._follow(connection)
            finally:
                await self._pages.close()

    async def _follow(self, connection: Connection) -> None:
        while True:
            try:
                worked = await self._turn(connection)
            except Moved as moved:
                self._careful = max(self._careful, moved.until)
                await self._pages.look()
                continue
            self._pause = STANDBY_SECONDS
            self._outage.over()
            if not worked:
                await self._nap(connection)
            elif not self._behind:
                await self._progress.rest(BREATH)

    async def _nap(self, connection: Connection) -> None:
        """Wait for the log, but no longer than until a stopped model is tried again."""
        seconds = self._resting.wakes_in(LONGEST_NAP)
        awake = [position for name, position in self._pages.positions.items() if name not in self._resting]
        if awake:
            came = await self._feed.wait_for_events(max(awake), seconds)
        else:
            came = await asyncio.sleep(seconds, False)
        if not came:
            await still_there(connection)

    async def _turn(self, connection: Connection) -> bool:
        """One page for every group of models that stand at the same position. Was there anything?"""
        groups: defaultdict[int, list[str]] = defaultdict(list)
        for name, position in self._pages.positions.items():
            if not self._resting.sleeps(name):
                groups[position].append(name)
        worked = self._behind = False
        for position, names in sorted(groups.items()):
            try:
                page = await self._read(position)
            except UnknownEvent as unknown:
                await self._pages.settle()
                worked |= await self._meet(connection, names, position, unknown)
                continue
            if page.position > position:
                worked |= await self._take_in(connection, names, position, page)
                self._behind |= len(page.events) == self._page
        if not self._behind:
            await self._pages.settle()
        return worked

    async def _read(self, position: int) -> Page:
        """The next page. Where there is more than that, what comes after it is read meanwhile."""
        if self._ahead is not None and self._ahead[0] == position:
            task, self._ahead = self._ahead[1], None
            page = await task
        else:
            page = await self._feed.read(position, self._page)
        if len(page.events) == self._page:
            await self._drop_ahead()
            self._ahead = (page.position, asyncio.create_task(self._feed.read(page.position, self._page)))
        return page

    async def _drop_ahead(self) -> None:
        if self._ahead is not None:
            task, self._ahead = self._ahead[1], None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

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
        began = time.time_ns()
        try:
            if self._hurries(names, page):
                await self._pages.begin(names, start, page)
            else:
                await self._pages.take_in(names, start, page)
        except Moved:
            raise
        except Exception as error:
            if isinstance(error, TROUBLE) and not is_poison(error):
                raise
            if len(names) > 1:
                return any([await self._take_in(connection, [name], start, page) for name in names])
            if len(page.events) > 1:
                return await self._one_by_one(connection, names[0], start, page)
            return await self._fail(connection, names[0], start, page, error)
        if self.steps is not None and page.events:
            await self.steps.took_in("project", {name: self._concerns(name) for name in names}, page.events, began)
        for name in names:
            if self._resting.end(name):
                self._log.info("read model goes on", model=name, position=page.position)
        return True

    def _concerns(self, name: str) -> Callable[[Recorded], bool]:
        handles = self._models[name].handles
        return lambda event: handles is None or type(event.fact) in handles

    def _hurries(self, names: Sequence[str], page: Page) -> bool:
        """Is there more behind that page, for all models alike, so that it may be written while that is made?"""
        full = len(page.events) == self._page and len(names) == len(self._models)
        return full and not self._resting and page.position > self._careful

    async def _one_by_one(self, connection: Connection, name: str, start: int, page: Page) -> bool:
        at = start
        for event in page.events:
            if not await self._take_in(connection, [name], at, Page([event], event.position)):
                return at > start
            at = event.position
        return await self._take_in(connection, [name], at, Page([], page.position)) if page.position > at else True

    async def _fail(self, connection: Connection, name: str, start: int, page: Page, error: Exception) -> bool:
        """The model cannot take in the one event of the page: it is stopped, or it passes an event tried long enough.
        Did it pass?
        """
        if not page.events:
            await self._stop(connection, name, start, (page.position, None), error)
            return False
        (event,) = page.events
        tries = self._resting.tries(name, event.position)
        failed = (event.position, event.name)
        if tries < self._tries or not self._models[name].sets_aside or not is_poison(error):
            await self._stop(connection, name, start, failed, error)
            return False
        try:
            await self._pages.set_aside(name, event, error, tries=tries)
        except TooManyAside as too_many:
            await self._stop(connection, name, start, failed, too_many)
            return False
        self._resting.end(name)
        said = {"model": name, "stream": str(event.stream), "position": event.position, "event_name": event.name}
        self._log.error("set aside for a read model", **said, error=told(error), tries=tries)
        return True

    async def _stop(
        self, connection: Connection, name: str, start: int, failed: tuple[int | None, str | None], error: Exception
    ) -> None:
        """Leave a model where it stands, before the event that failed, until its next try."""
        position, what = failed
        await connection.execute(STOP, [position, what, told(error), name, start])
        self._resting.rest(name, position)
        self._log.error("read model stopped", model=name, position=position, event_name=what, error=told(error))
