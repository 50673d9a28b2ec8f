"""Defects that are planted make the checker fail, and the product in the same place does not."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import AsyncConnection

from commands.ports import Page
from domain.catalogue import AGGREGATES, RESOURCES
from domain.operator import Operator, Profile
from infra.event_store import Codec, PostgresEventStore
from infra.event_store.group_commit import APPEND
from infra.postgres.migrate import migrate
from infra.read_models.side import ReadSide
from projections.catalogue import PROJECTIONS
from tests.e2e.operators.outside import OPERATORS
from tests.e2e.server import INNKEEP, Server, environment, until
from tests.e2e.talk import ok
from tests.e2e.world import World
from tests.faults.checker import FINAL, feed_gaps, missing
from tests.faults.clients import Client, Doors
from tests.faults.evidence import JOURNAL, LOG
from tests.faults.found import Evidence, Journalled, Logged
from tests.faults.notebook import Entry, Notebook, Told, notes
from tests.faults.processes import ROOT

FEED = "SELECT id, subject::text, type FROM operator_feed ORDER BY id"
COMMANDS = 5
PATIENCE = 60.0
"""Seconds that a projector may take on a busy machine."""


def recorded(database: str) -> Evidence:
    """The log and its journal."""
    with psycopg.connect(database) as connection:
        log = [
            Logged(at, stream, version, name.rpartition(".v")[0], json.loads(state), command)
            for at, stream, version, name, state, command in connection.execute(LOG)
        ]
        journal = {key: Journalled(id, position) for key, id, position in connection.execute(JOURNAL)}
    return Evidence(log=log, journal=journal)


# An acknowledgement before the commit


def acknowledged(server: Server, command: list[str], work: Path, key: str) -> list[Told]:
    """Operators are made at a server, which is killed the moment that it acknowledged the last."""
    doors, notebook = Doors({"it": server.port}), Notebook(work / f"{uuid4()}.jsonl")
    client = Client(f"client {uuid4()}", doors, notebook, 1)
    with (work / "server.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(**server.settings), stdout=log, stderr=log)
    try:
        until("it answers", lambda: _answers(server.url), 90)
        for _ in range(COMMANDS):
            body = {"name": "Nowy", "phone": "1", "email": f"{uuid4()}@example.com"}
            client.send("POST", f"{OPERATORS}/create", body, {"ApiAuth": key})
    finally:
        process.kill()
        process.wait()
        doors.close()
        notebook.close()
    return list(notes(notebook.path, Told))


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/health", timeout=10).status_code in {200, 503}
    return False


@pytest.mark.timeout(300)
def test_an_acknowledgement_before_the_commit_is_found(database: str, tmp_path: Path) -> None:
    """The product's own server loses nothing in the same test."""
    server = Server(tmp_path / "server", {"DATABASE_URL": database})
    with World(server.start()) as world:
        key = ok(world.root.post("/v1/apikeys", {"description": "erp", "active": True}), 201)["apiKey"]["key"]
    server.stop()
    port = str(server.port)
    honest = acknowledged(server, [str(INNKEEP), "api", "--port", port], tmp_path, key)
    hasty = acknowledged(server, [sys.executable, "-m", "tests.faults.hasty", port], tmp_path, key)
    found = recorded(database)
    assert len(honest) == len(hasty) == COMMANDS
    found.told = honest
    assert list(missing(found)) == []
    found.told = hasty
    assert any("has no row in the journal" in fault for fault in missing(found))


# A reader of `id > last`


class NaiveLog:
    """The log, but for how it is read: whatever is to be seen past the last row."""

    NEXT = "SELECT position, stream FROM event WHERE position > %s ORDER BY position LIMIT %s"

    def __init__(self, store: PostgresEventStore, conninfo: str) -> None:
        self._store, self._conninfo = store, conninfo

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read(self, after: int, limit: int) -> Page:
        """The next that can be seen."""
        async with await AsyncConnection.connect(self._conninfo) as connection:
            rows = await (await connection.execute(self.NEXT, [after, limit])).fetchall()
        positions = {position for position, _ in rows}
        told = await self._store.history([stream for _, stream in rows]) if rows else []
        return Page([event for event in told if event.position in positions], max(positions, default=after))

    async def wait_for_events(self, after: int, timeout: float) -> bool:  # noqa: ASYNC109 - as the port has it
        """Look, now and then."""
        async with asyncio.timeout(timeout + 1):
            for _ in range(int(timeout / 0.02) + 1):
                if (await self.read(after, 1)).events:
                    return True
                await asyncio.sleep(0.02)
        return False


async def begin(connection: AsyncConnection[Any]) -> None:
    """Record a new operator, and do not commit."""
    operator = Operator.at(uuid4())
    operator.create(Profile(f"{operator.id}@example.com", "Nowy", "1"))
    (event,) = [Codec([Operator]).encode(fact) for fact in operator.pending_facts]
    command = uuid4()
    row = [command, "createOperator", None, "system", None, "default", "", None, datetime.now(UTC), None, None, None]
    values: list[Any] = [[value] for value in (event.stream, event.version, event.name, event.state, command)]
    await connection.execute(APPEND, [*values, *([value] for value in row)], prepare=True, binary=True)


async def followed(database: str, log: Callable[[PostgresEventStore], Any]) -> list[Entry]:
    """The feed that a projector makes of a log in which who began first commits last."""
    async with PostgresEventStore(database, Codec(AGGREGATES)) as store:
        side = ReadSide(database, log(store), PROJECTIONS, RESOURCES, now=lambda: datetime.now(UTC))
        async with (
            side,
            await AsyncConnection.connect(database) as slow,
            await AsyncConnection.connect(database) as quick,
        ):
            projecting = asyncio.create_task(side.runner.run())
            await begin(slow)
            await begin(quick)
            await quick.commit()
            await asyncio.sleep(1)  # a projector that passes the slow one by has done it by now
            await slow.commit()
            await begin(quick)
            await quick.commit()
            await side.waiting.until(await store.end(), [*side.models], PATIENCE)
            projecting.cancel()
    with psycopg.connect(database) as connection:
        return [Entry(FINAL, *row) for row in connection.execute(FEED)]


async def test_a_projector_that_reads_past_its_last_row_is_found(postgres: str, database: str) -> None:
    """It passes by whoever was slow; the product's projector waits for them."""
    await migrate(database)
    entries = await followed(database, lambda store: NaiveLog(store, database))
    found = recorded(database)
    found.entries = entries
    assert len(list(feed_gaps(found))) == 1


async def test_the_projector_of_the_product_passes_nobody_by(database: str) -> None:
    await migrate(database)
    entries = await followed(database, lambda store: store)
    found = recorded(database)
    found.entries = entries
    assert len(entries) == 3
    assert list(feed_gaps(found)) == []
