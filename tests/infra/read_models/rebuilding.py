"""A rebuild in a process of its own, in small steps, told of line by line: something to kill."""

from __future__ import annotations

import asyncio
import sys

from infra.event_store import Codec, PostgresEventStore
from infra.read_models.filling import Pace
from infra.read_models.rebuild import rebuild
from infra.read_models.side import models_of
from tests.infra.read_models import sample


async def main(conninfo: str, name: str) -> None:
    """Rebuilds the model of that name."""
    models = models_of(sample.PROJECTIONS, (*sample.RESOURCES, sample.READING))

    def told(done: int, total: int) -> None:
        sys.stdout.write(f"{done} {total}\n")
        sys.stdout.flush()

    async with PostgresEventStore(conninfo, Codec(sample.AGGREGATES)) as store:
        await rebuild(conninfo, store, models[name], told, pace=Pace(stretch=7, at_once=3, many=2, near=7))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
