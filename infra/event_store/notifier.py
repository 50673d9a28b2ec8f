"""Word between processes that the log has grown: a hint to look at once, and no more than that.

Whoever follows the log looks at it anyway, now and then; a word that is lost, or a connection on which none comes any
more, only costs that wait. So word is given after the commit, on a connection of its own: a NOTIFY within the writing
transactions would let them commit one at a time only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AsyncExitStack, aclosing
from uuid import uuid4

import psycopg
from psycopg import sql

from commands.ports import Unavailable
from infra.postgres.connected import connected
from infra.postgres.line import Line

# Each schema has a log of its own.
CHANNEL = "SELECT 'innkeep_' || current_schema()::regnamespace::oid"
TELL = "SELECT pg_notify('innkeep_' || current_schema()::regnamespace::oid, %b::text)"
NAMED = "SELECT set_config('application_name', 'innkeep listener', false)"

REST = 0.02
"""Seconds from one word to the next, at least; what is committed meanwhile shares it."""
AGAIN_SECONDS = 1.0
"""Between two attempts to listen."""


class Notifier:
    """Tells other processes, and hears from them.

    Args:
        conninfo: the database; its search_path says which log.
        heard: called when another process has appended something.
    """

    def __init__(self, conninfo: str, heard: Callable[[], None]) -> None:
        self._conninfo = conninfo
        self._line = Line(conninfo, "innkeep notifier")
        self._heard = heard
        self._name = uuid4().hex
        self._news = False
        self._closed = False
        self._telling: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None

    def tell(self) -> None:
        """This process has appended something: the others hear of it at once, or within `REST` of the last time."""
        self._news = True
        if self._telling is None and not self._closed:
            self._telling = asyncio.create_task(self._tell())

    def listen(self) -> None:
        """Hear from others from now on; again is nothing new."""
        if self._listening is None and not self._closed:
            self._listening = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Say and hear nothing more."""
        self._closed = True
        async with AsyncExitStack() as closing:  # all of it, whatever interrupts it
            closing.push_async_callback(self._line.close)
            tasks = [task for task in (self._telling, self._listening) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self) -> None:
        try:
            while self._news:
                self._news = False
                with contextlib.suppress(Unavailable, psycopg.Error):
                    await self._line.ask(TELL, [self._name])
                await asyncio.sleep(REST)
        finally:
            self._telling = None

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(psycopg.Error):
                await self._hear()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _hear(self) -> None:
        async with connected(self._conninfo) as connection:
            await connection.execute(NAMED)
            ((channel,),) = await (await connection.execute(CHANNEL)).fetchall()
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            self._heard()  # something may have been said before
            async with aclosing(connection.notifies()) as words:
                async for word in words:
                    if word.payload != self._name:
                        self._heard()
