"""The parts of the product, each with what it says of itself, and the jobs that a process has taken on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from infra.engines import Engines
from infra.event_store import PostgresEventStore
from infra.health import Part
from infra.postgres.watch import Watch
from infra.read_models.catalogue import MOST_COUNTED, due
from infra.read_models.side import ReadSide
from infra.roles import Role
from infra.scheduler import Scheduler

LOOKED_AT: dict[str, frozenset[Role]] = {
    "database": frozenset(Role),
    "watermark": frozenset({Role.API, Role.PROJECTOR, Role.RELAY}),
    "readModels": frozenset({Role.API, Role.PROJECTOR}),
    "scheduler": frozenset({Role.API, Role.SCHEDULER}),
    "search": frozenset({Role.API, Role.PROJECTOR}),
    "relay": frozenset({Role.RELAY}),
    "lanes": frozenset({Role.PROJECTOR}),
}
"""Who tells of which part: the API of all, as callers and operators ask it; others of what their own work is."""


class Work:
    """What a process does beside answering. Each job looks after its own troubles; one that ends has met a fault."""

    def __init__(self) -> None:
        self._running: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def going_on(self, jobs: Sequence[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
        """The jobs go on beside the block and end with it."""
        self._running = [asyncio.create_task(job, name=getattr(job, "__qualname__", None)) for job in jobs]
        for task in self._running:
            task.add_done_callback(_ended)
        try:
            yield
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def health(self) -> dict[str, Any]:
        """How many go on; a problem if one has ended, as nobody does its work here until a restart."""
        ended = [task.get_name() for task in self._running if task.done()]
        told: dict[str, Any] = {"jobs": len(self._running) - len(ended)}
        return told | ({"problem": f"ended, restart this process: {', '.join(ended)}"} if ended else {})


def _ended(task: asyncio.Task[None]) -> None:
    """Health says that it ended; why, only its fault can tell."""
    if not task.cancelled():
        structlog.get_logger("work").error("a job ended by a fault", job=task.get_name(), exc_info=task.exception())


def parts_of(
    roles: frozenset[Role],
    *,
    store: PostgresEventStore,
    side: ReadSide,
    watch: Watch,
    scheduler: Scheduler,
    engines: Engines,
) -> dict[str, Part]:
    """The parts that a process of these roles tells of."""

    async def database() -> dict[str, Any]:
        trouble = store.trouble
        return {"problem": trouble} if trouble else {"head": await store.head()}

    async def read_models() -> dict[str, Any]:
        return await _read_models(side)

    parts: dict[str, Part] = {
        "database": database,
        "watermark": watch.health,
        "readModels": read_models,
        "scheduler": scheduler.health,
    }
    beside = {"relay": engines.relay, "lanes": engines.lanes, "search": engines.search}
    parts |= {name: engine.health for name, engine in beside.items() if engine is not None}
    return {name: part for name, part in parts.items() if roles & LOOKED_AT[name]}


async def _read_models(side: ReadSide) -> dict[str, Any]:
    found = await side.health(most=MOST_COUNTED)
    sick = [
        f"{model.name} is {model.state}"
        + (f" by {model.failed_event} at position {model.failed_position}" if model.failed_event else "")
        for model in found
        if model.state in {"stopped", "missing"}
    ]
    lag = {model.name: {"events": model.events_behind, "seconds": round(model.seconds_behind, 3)} for model in found}
    aside = {model.name: model.dead_letters for model in found if model.dead_letters}
    streams = ", ".join(f"{count} of {name}" for name, count in aside.items())
    warnings = [f"streams are set aside: {streams}; see `innkeep dead-letters list`"] if aside else []
    # Until then the table that there is is read and followed.
    warnings += [f"a rebuild is due: `innkeep rebuild {name}`" for name in due(found)]
    return (
        {"lag": lag, "deadLetters": aside, "leads": side.runner.leads}
        | ({"problem": "; ".join(sick)} if sick else {})
        | ({"warning": "; ".join(warnings)} if warnings else {})
    )
