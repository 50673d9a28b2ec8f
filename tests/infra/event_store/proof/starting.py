"""A process that starts the whole product on a database, says how it is, and stays until it is told to go."""

from __future__ import annotations

import asyncio
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from infra.cli.serving import running
from infra.log import configure_logging
from infra.roles import EVERYTHING
from infra.settings import Settings

SOON = 60.0


def start(conninfo: str, told: Queue[Any], go: Event) -> None:
    """Puts its health, or what went wrong."""
    configure_logging("error", "console")
    try:
        asyncio.run(_start(conninfo, told, go))
    except BaseException as error:  # noqa: BLE001 - whatever it is, the test is to know
        told.put(f"{type(error).__name__}: {error}")


async def _start(conninfo: str, told: Queue[Any], go: Event) -> None:
    settings = Settings(_env_file=None, mode="sandbox", database_url=SecretStr(conninfo))
    async with running(settings, EVERYTHING, "127.0.0.1", Path("not-used")) as product:
        await product.side.waiting.until_now(product.side.models, SOON)
        told.put(await product.health())
        await asyncio.to_thread(go.wait, SOON)
