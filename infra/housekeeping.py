"""What has to be tidied up now and then, at no particular time."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from commands.ports import Unavailable

EVERY = 600.0
"""Seconds between two rounds."""


class Journal(Protocol):
    """What keeps idempotency keys and answers."""

    async def forget_old_keys(self) -> int:
        """Drop what is past its time; answers how many."""
        ...


async def housekeeping(journal: Journal, every: float = EVERY) -> None:
    """Forget old idempotency keys and their answers, round after round, until cancelled."""
    log = structlog.get_logger("housekeeping")
    while True:
        try:
            forgotten = await journal.forget_old_keys()
            log.info("old idempotency keys are forgotten", keys=forgotten)
        except Unavailable as away:
            log.warning("trouble with the database", told=away.message, error=str(away))
        await asyncio.sleep(every)
