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


class Traces(Protocol):
    """What keeps which trace a command was part of."""

    async def forget(self) -> int:
        """Drop what is past its time; answers of how many commands."""
        ...


async def housekeeping(journal: Journal, traces: Traces | None = None, every: float = EVERY) -> None:
    """Forget old idempotency keys with their answers, and old traces, round after round, until cancelled."""
    log = structlog.get_logger("housekeeping")
    while True:
        try:
            forgotten = await journal.forget_old_keys()
            log.info("old idempotency keys are forgotten", keys=forgotten)
            if traces is not None:
                log.info("old traces are forgotten", commands=await traces.forget())
        except Unavailable as away:
            log.warning("trouble with the database", told=away.message, error=str(away))
        except Exception:  # nobody would forget anything until a restart
            log.exception("the housekeeping failed and begins anew", seconds=every)
        await asyncio.sleep(every)
