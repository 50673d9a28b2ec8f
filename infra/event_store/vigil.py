"""What is wrong with the log's database at present: told once, and found to be over without anybody asking."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator

from commands.ports import Unavailable
from infra.postgres.trouble import UNWELL, Outage

EVERY = 1.0
"""Seconds between two trials."""


class Vigil:
    """Begins when something was Unavailable, and ends when a trial of all that commands need has succeeded.

    So health can tell what is wrong as long as it is, although nobody may ask for anything meanwhile; an idle server
    costs nothing.

    Args:
        who: whose log tells of it.
        trial: does what commands do, without a trace. Raises Unavailable.
        every: seconds between two trials.
    """

    def __init__(self, who: str, trial: Callable[[], Awaitable[None]], *, every: float = EVERY) -> None:
        self.trouble: Unavailable | None = None
        """What is wrong now, as far as anybody has noticed."""
        self._trial = trial
        self._every = every
        self._outage = Outage(who)
        self._trying: asyncio.Task[None] | None = None
        self._closed = False

    @contextlib.contextmanager
    def over(self) -> Iterator[None]:
        """Notice what is Unavailable in the block."""
        try:
            yield
        except Unavailable as error:
            self._lasts(error)
            if self._trying is None and not self._closed:
                self._trying = asyncio.create_task(self._try())
            raise

    async def close(self) -> None:
        """Try no more."""
        self._closed = True
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.gather(self._trying, return_exceptions=True)

    def _lasts(self, error: Unavailable) -> None:
        if not self._closed:
            self.trouble = error
            self._outage.lasts(error)

    async def _try(self) -> None:
        try:
            while self.trouble is not None:
                await asyncio.sleep(self._every)
                try:
                    await self._trial()
                except Unavailable as error:
                    self._lasts(error)
                except Exception as error:  # noqa: BLE001 - a fault here must not end the vigil
                    self._lasts(Unavailable(UNWELL, why=error))
                else:
                    self.trouble = None
                    self._outage.over()
        finally:
            self._trying = None
