"""Watches for transactions that hold the readers of the log back, and names them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import structlog

from commands.ports import Unavailable
from infra.postgres.line import Line
from infra.postgres.writers import WRITERS, Writer

EVERY = 1.0
"""Seconds between two looks."""

LONGEST_PAUSE = 60.0
"""Seconds between two looks that fail, at most."""

Look = Callable[[], Awaitable[Sequence[Writer]]]


def look_on(line: Line, seconds: float) -> Look:
    """Looks for transactions that are at least so old, and for the oldest of all, over that line."""

    async def look() -> list[Writer]:
        return [Writer(*row) for row in await line.ask(WRITERS, [seconds, seconds])]

    return look


class Watch:
    """Warns of transactions that may have written and stay open, anywhere in the cluster.

    One is told of in the log when it has been open too long, and again each time it has been open twice as long.

    Args:
        look: what is open now.
        seconds: how long one may be open.
        every: seconds between two looks.
        clock: seconds that pass; the event loop's, if absent.
    """

    def __init__(
        self, look: Look, seconds: float, *, every: float = EVERY, clock: Callable[[], float] | None = None
    ) -> None:
        self.holding: list[Writer] = []
        """Those that are open too long now, the oldest first."""
        self._look = look
        self._seconds = seconds
        self._every = every
        self._clock = clock
        self._first_seen: dict[Writer, float] = {}
        self._next_word: dict[str, float] = {}
        """By transaction: how old it is when it is told of again."""
        self._log = structlog.get_logger("watermark")

    async def run(self) -> None:
        """Look, again and again, until cancelled; while the database is away there is nothing to see."""
        pause = self._every
        while True:
            try:
                await self.look()
                pause = self._every
            except Unavailable:
                self.holding = []  # others say so
            except Exception:  # noqa: BLE001 - a fault here must end nothing
                pause = min(2 * pause, LONGEST_PAUSE)
                self._log.exception("the watch over open transactions failed", seconds=pause)
            await asyncio.sleep(pause)

    async def look(self) -> None:
        """Look once. Raises Unavailable."""
        now = (self._clock or asyncio.get_running_loop().time)()
        found = list(await self._look())
        # How long a session of another role has been at it may be hidden: then as long as it has been seen.
        self._first_seen = {writer: self._first_seen.get(writer, now) for writer in found}
        aged = [replace(w, seconds=max(w.seconds, now - self._first_seen[w])) for w in found]
        self.holding = sorted((w for w in aged if w.seconds >= self._seconds), key=lambda w: -w.seconds)
        here = {writer.transaction for writer in self.holding}
        for transaction in self._next_word.keys() - here:
            del self._next_word[transaction]
            self._log.info("readers of the log are held back no more by this one", transaction=transaction)
        for writer in self.holding:
            if writer.seconds >= self._next_word.get(writer.transaction, 0.0):
                self._next_word[writer.transaction] = 2 * writer.seconds
                self._warn(writer)

    def _warn(self, writer: Writer) -> None:
        self._log.warning(
            "readers of the log are held back by an open transaction",
            told=str(writer),
            advice=writer.advice,
            pid=writer.pid,
            application_name=writer.name,
            state=writer.state,
            database=writer.database,
            seconds=round(writer.seconds, 1),
        )

    async def health(self) -> dict[str, Any]:
        """Who holds the readers back. Nothing is broken by that: it is a warning, and ends with that transaction."""
        if not self.holding:
            return {"heldBackBy": []}
        told = [
            {
                "pid": writer.pid,
                "application": writer.name,
                "state": writer.state,
                "database": writer.database,
                "role": writer.role,
                "seconds": round(writer.seconds, 1),
                "advice": writer.advice,
            }
            for writer in self.holding
        ]
        return {"heldBackBy": told, "warning": f"readers of the log wait: {self.holding[0]}"}
