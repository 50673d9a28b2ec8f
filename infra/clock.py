"""The product's clock: the wall's, and as far ahead of it as the sandbox has moved it. It never goes back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import LiteralString, Self
from uuid import uuid4

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from commands.bus import KeyReused
from commands.ports import Key, Unavailable
from domain.errors import Invalid, NotThere
from infra.postgres.connected import connected
from infra.postgres.line import Line
from infra.postgres.trouble import TROUBLE, Outage

READ: LiteralString = "SELECT ahead, moved_at FROM clock"
TURN: LiteralString = "SELECT FROM clock FOR UPDATE"
"""Two who move it at once move it one after the other."""
ADVANCE: LiteralString = "UPDATE clock SET ahead = ahead + %s, moved_at = %s WHERE ahead + %s <= %s RETURNING ahead"
SET: LiteralString = "UPDATE clock SET ahead = %s, moved_at = %s WHERE ahead <= %s RETURNING ahead"
MADE: LiteralString = "SELECT fingerprint, reached FROM clock_move WHERE id = %s"
MAKE: LiteralString = "INSERT INTO clock_move (id, fingerprint, reached) VALUES (%s, %s, %s)"
FORGET: LiteralString = "DELETE FROM clock_move WHERE recorded_at < clock_timestamp() - interval '24 hours'"
CHANNEL: LiteralString = "innkeep_clock"
"""Told whenever the clock is moved; whoever hears it looks for themselves."""

MOST = timedelta(days=3_660)
"""How far the clock may be moved at a time."""
MOST_AHEAD = timedelta(days=36_600)
"""How far ahead it may come to be."""
LOOK_SECONDS = 1.0
"""Between two looks, should a word get lost."""
AGAIN_SECONDS = 0.25
MICROSECOND = timedelta(microseconds=1)


Wall = Callable[[], datetime]
"""The wall's time, UTC."""


def wall_now() -> datetime:
    """The wall's time, UTC."""
    return datetime.now(UTC)


class Clock:
    """What time it is for the marketplace. How far it is ahead stands with the data, and is read when it is opened.

    Args:
        conninfo: the database, migrated already.
        movable: whether it may be moved, and is looked after for others moving it.
        wall: the wall's time.
    """

    def __init__(self, conninfo: str, *, movable: bool, wall: Wall = wall_now) -> None:
        self.movable = movable
        self.moved_at = wall()
        """When, by the wall, it was last moved."""
        self._conninfo = conninfo
        self._wall = wall
        self._ahead = timedelta()
        self._line = Line(conninfo, "innkeep clock")
        self._following: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    def now(self) -> datetime:
        """The product's time, UTC, in whole milliseconds: what is told of an instant is then all of it, and what was to
        end then has ended.
        """
        exact = self._wall() + self._ahead
        return exact.replace(microsecond=exact.microsecond // 1000 * 1000)

    def real_now(self) -> datetime:
        """The wall's time, UTC: for tokens, sessions and the ages of signatures."""
        return self._wall()

    async def open(self) -> Self:
        """See how far it is ahead. Raises Unavailable."""
        try:
            ((ahead, moved_at),) = await self._line.ask(READ)
            self._take(ahead, moved_at)
            if self.movable:
                self._following = asyncio.create_task(self._follow())
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._listening.wait(), LOOK_SECONDS)
        except BaseException:
            await self.close()
            raise
        return self

    async def close(self) -> None:
        """Follow it no more."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following
        await self._line.close()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def reached_by(self, once: Key) -> datetime | None:
        """Where a move under this key has brought it, if there was one of late. Raises KeyReused, Unavailable."""
        rows = await self._line.ask(MADE, [once.text])
        return _same(rows[0], once) if rows else None

    async def advance(self, by: timedelta, once: Key | None = None) -> datetime:
        """Move it on; answers what time it is then. What was moved `once` under a key is not moved again.

        Raises Invalid, KeyReused, NotThere if it cannot be moved, Unavailable.
        """
        self._check(by, "advance")
        step, most = by // MICROSECOND, MOST_AHEAD // MICROSECOND
        return await self._move(ADVANCE, [step, self._wall(), step, most], {"advance": "is too far ahead"}, once)

    async def set(self, to: datetime, once: Key | None = None) -> datetime:
        """Set it to a later time; answers what time it is then. As `advance`."""
        wall = self._wall()
        self._check(to - self.now(), "now")
        if to - wall > MOST_AHEAD:
            raise Invalid({"now": "is too far ahead"})
        ahead = (to - wall) // MICROSECOND
        return await self._move(SET, [ahead, wall, ahead], {"now": "is past by now: the clock does not go back"}, once)

    def _check(self, by: timedelta, field: str) -> None:
        if not self.movable:
            raise NotThere("clock to move")
        if by < timedelta():
            raise Invalid({field: "is past: the clock does not go back"})
        if by > MOST:
            raise Invalid({field: f"is more than {MOST.days} days ahead"})

    async def _move(
        self, query: LiteralString, values: list[object], otherwise: dict[str, str], once: Key | None
    ) -> datetime:
        # A line that was cut off does its work again: even without a key it must not move the clock twice.
        once = once or Key(uuid4().hex, b"")

        async def moved(connection: AsyncConnection[TupleRow]) -> TupleRow | None:
            async with connection.transaction():
                await connection.execute(TURN)
                made = await (await connection.execute(MADE, [once.text])).fetchone()
                if made is not None:
                    return made
                row = await (await connection.execute(query, values)).fetchone()
                if row is None:
                    return None
                made = (once.fingerprint, self._wall() + row[0] * MICROSECOND)
                await connection.execute(MAKE, [once.text, *made])
                await connection.execute(FORGET)
                await connection.execute("SELECT pg_notify(%s, '')", [CHANNEL])
            return made

        made = await self._line.use(moved)
        if made is None:
            raise Invalid(otherwise)
        ((ahead, moved_at),) = await self._line.ask(READ)
        self._take(ahead, moved_at)
        return _same(made, once)

    async def _follow(self) -> None:
        """Notice what others do to it, whatever happens to the database meanwhile."""
        outage = Outage("clock")
        while True:
            try:
                async with connected(self._conninfo) as connection:
                    await connection.execute("LISTEN innkeep_clock")
                    self._listening.set()
                    while True:
                        ((ahead, moved_at),) = await self._line.ask(READ)
                        outage.over()
                        self._take(ahead, moved_at)
                        async for _ in connection.notifies(timeout=LOOK_SECONDS, stop_after=1):
                            pass
            except (*TROUBLE, Unavailable) as away:
                outage.lasts(away)
            await asyncio.sleep(AGAIN_SECONDS)

    def _take(self, ahead: int, moved_at: datetime) -> None:
        """It only goes on: a look that was overtaken by another changes nothing."""
        if ahead * MICROSECOND >= self._ahead:
            self._ahead, self.moved_at = ahead * MICROSECOND, moved_at


def _same(made: TupleRow, once: Key) -> datetime:
    """Where that move came to, if it was this one."""
    fingerprint, reached = made
    if fingerprint != once.fingerprint:
        raise KeyReused
    assert isinstance(reached, datetime)  # noqa: S101 - as the column is
    return reached
