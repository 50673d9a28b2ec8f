"""A defective server: it acknowledges a command first and records it a moment later.

`python -m tests.faults.hasty PORT`.

It is the product, wired with a log that has this one mistake.
"""

from __future__ import annotations

import asyncio
import copy
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from commands.ports import Cause
from domain.kernel import Aggregate
from infra.build import build
from infra.cli.serving import listen, server, uvloop_run
from infra.event_store import PostgresEventStore
from infra.log import configure_logging
from infra.metrics import CountingBus
from infra.roles import Role
from infra.settings import load_settings

LATER = 1.0
"""Seconds."""


class Hasty:
    """The log, but for when it records."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._store = store
        self._under_way: set[asyncio.Task[None]] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def save(self, aggregates: Sequence[Aggregate], cause: Cause) -> int:
        """Answers where the events will stand, if nothing comes in between."""
        decided = copy.deepcopy([aggregate for aggregate in aggregates if aggregate.pending_events])
        position = await self._store.end() + sum(len(aggregate.pending_events) for aggregate in decided)
        task = asyncio.create_task(self._record(decided, cause))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        for aggregate in aggregates:
            aggregate.pending_events.clear()
        return position

    async def _record(self, aggregates: Sequence[Aggregate], cause: Cause) -> None:
        await asyncio.sleep(LATER)
        await self._store.save(aggregates, cause)


async def main(port: int) -> None:
    """Serve until killed."""
    settings = load_settings(default_mode="sandbox")
    configure_logging(settings.log_level, settings.log_format)
    assert settings.database_url is not None
    listener = listen("127.0.0.1", port)
    conninfo = settings.database_url.get_secret_value()
    async with build(settings, conninfo=conninfo, roles=frozenset({Role.API, Role.PROJECTOR})) as product:
        bus = CountingBus(Hasty(product.store), product.services)
        bus.metrics = product.metrics
        await server(replace(product, bus=bus)).serve(sockets=[listener])


if __name__ == "__main__":
    uvloop_run(main(int(sys.argv[1])))
