"""Rebuilds: a fresh table is filled beside the live one and put in its place in one step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg
from psycopg import sql

from commands.ports import Page
from infra.event_store.codec import UnknownEvent
from infra.postgres.connected import connected
from infra.read_models.catalogue import make_table
from infra.read_models.model import Connection, Model
from infra.read_models.runner import Feed

ALONE = "SELECT pg_try_advisory_lock(hashtextextended('innkeep rebuild of ' || %s || ' of ' || current_schema(), 0))"
DRAWN = "SELECT coalesce(pg_sequence_last_value('log_position'), 0)"
POSITION = "SELECT position FROM read_model WHERE name = %s"
PLACE = """UPDATE read_model SET version = %s, declaration = %s, position = %s, state = 'live', failed_position = NULL,
  failed_event = NULL, error = NULL, updated_at = now() WHERE name = %s"""
DROP = sql.SQL("DROP TABLE {}")
RENAME = sql.SQL("ALTER TABLE {} RENAME TO {}")
PATIENCE = "SET LOCAL lock_timeout = '250ms'"
AGAIN_SECONDS = 0.1
SETTLING_SECONDS, SETTLING_TRIES = 0.01, 50

Told = Callable[[int, int], None]
"""Hears how far a rebuild has come: positions done, and positions in all."""


class RebuildRunning(Exception):
    """Somebody else is rebuilding this read model."""


async def rebuild(conninfo: str, feed: Feed, model: Model, told: Told, *, page: int = 1000) -> int:
    """Make the model anew from the whole log while the old one is read; answers the position it stands at.

    Killed at any moment it leaves the live table as it was. Raises RebuildRunning.
    """
    fresh = f"{model.table}_rebuild"
    async with connected(conninfo) as connection:  # the lock ends with it
        if (await (await connection.execute(ALONE, [model.name])).fetchone()) != (True,):
            raise RebuildRunning(f"{model.name} is being rebuilt already")
        async with connection.transaction():
            await make_table(connection, model, fresh)
        filler = _Filler(connection, feed, model, fresh, page)
        told(0, await _drawn(connection))
        while True:
            await _catch_up(filler, told)
            try:
                await filler.take_its_place()
                break
            except (_InTheWay, psycopg.errors.LockNotAvailable):
                await asyncio.sleep(AGAIN_SECONDS)
        told(filler.position, filler.position)
        return filler.position


class _InTheWay(Exception):
    """The log does not settle just now: somebody older is still writing."""


class _Filler:
    """Brings the fresh table forward, page by page, and puts it in the place of the live one."""

    def __init__(self, connection: Connection, feed: Feed, model: Model, table: str, page: int) -> None:
        self.connection, self.feed, self.model, self.table, self.page = connection, feed, model, table, page
        self.position = 0

    async def fill(self) -> bool:
        """Take in the next page. Was there any?"""
        page = await self._read(self.position)
        if page.position == self.position:
            return False
        async with self.connection.transaction():
            await self.model.apply(self.connection, self.table, page.events)
        self.position = page.position
        return True

    async def _read(self, position: int) -> Page:
        """The next page; an unknown event is passed if it does not concern the model. Raises UnknownEvent."""
        try:
            return await self.feed.read(position, self.page)
        except UnknownEvent as unknown:
            if unknown.position is None or unknown.concerns(self.model.aggregates):
                raise
            return Page([], unknown.position)

    async def take_its_place(self) -> None:
        """Swap the tables, with the fresh one at least as far on as the live one. Raises if something is in the way."""
        live, fresh = sql.Identifier(self.model.table), sql.Identifier(self.table)
        async with self.connection.transaction():
            await self.connection.execute(PATIENCE)
            # Who follows the log waits for this lock before it writes, and it costs no transaction id: one that is
            # held open would keep the log from settling, and the rest of it from being read here.
            await self.connection.execute("LOCK TABLE read_model IN EXCLUSIVE MODE")
            row = await (await self.connection.execute(POSITION, [self.model.name])).fetchone()
            position, rest = await self._rest(row[0] if row else 0)
            for page in rest:
                await self.model.apply(self.connection, self.table, page.events)
            await self.connection.execute(DROP.format(live))
            await self.connection.execute(RENAME.format(fresh, live))
            placed = [self.model.version, self.model.declaration, position, self.model.name]
            await self.connection.execute(PLACE, placed)
        self.position = position

    async def _rest(self, until: int) -> tuple[int, list[Page]]:
        """The pages up to where the live table stands, and the position behind them."""
        rest: list[Page] = []
        position = self.position
        for _ in range(SETTLING_TRIES):
            if position >= until:
                return position, rest
            page = await self._read(position)
            if page.position > position:
                position = page.position
                rest.append(page)
            else:
                await asyncio.sleep(SETTLING_SECONDS)
        raise _InTheWay


async def _catch_up(filler: _Filler, told: Told) -> None:
    """Come within a page of the log's end, which is not chased for ever: the last page is taken in with the swap."""
    while (end := await _drawn(filler.connection)) > filler.position + filler.page or filler.position == 0 < end:
        while filler.position < end:
            if not await filler.fill():
                await asyncio.sleep(SETTLING_SECONDS)
            told(filler.position, max(end, filler.position))


async def _drawn(connection: Connection) -> int:
    row = await (await connection.execute(DRAWN)).fetchone()
    return int(row[0]) if row else 0
