"""What is tidied up now and then is tidied up for ever, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import psycopg
import pytest

from commands.ports import Unavailable
from infra.housekeeping import housekeeping
from infra.postgres.line import Line
from infra.postgres.migrate import migrate
from infra.tracing import following
from infra.tracing.following import Steps
from infra.tracing.port import Tracing


class Journal:
    """One that meets these before it does what it should."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.done = asyncio.Event()

    async def forget_old_keys(self) -> int:
        if self.troubles:
            raise self.troubles.pop()
        self.done.set()
        return 0


async def test_no_fault_ends_the_housekeeping() -> None:
    journal = Journal(psycopg.errors.InsufficientPrivilege("permission denied"), Unavailable("The database is away."))
    job = asyncio.create_task(housekeeping(journal, every=0))
    done = asyncio.create_task(journal.done.wait())
    await asyncio.wait({job, done}, return_when=asyncio.FIRST_COMPLETED)
    assert done.done()
    assert not job.done()
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)


async def test_traces_of_many_days_are_forgotten_a_part_at_a_time(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One statement for all of them would be ended by its limit, each time anew, and hold the log back meanwhile."""
    monkeypatch.setattr(following, "FORGET_AT_ONCE", 2, raising=False)
    await migrate(database)
    with psycopg.connect(database) as connection:
        for days in (0, 2, 3, 4, 5, 6):
            connection.execute(
                "INSERT INTO command_trace VALUES (%s, 'x', now() - make_interval(days => %s))", [uuid4(), days]
            )
    line = Line(database, "traces")
    asked: list[int] = []
    ask = line.ask

    async def watched(query: str, parameters: list[object]) -> list[object]:
        rows = await ask(query, parameters)
        asked.append(len(rows))
        return list(rows)

    monkeypatch.setattr(line, "ask", watched)
    nobody: Tracing | None = None
    assert await Steps(nobody, line).forget() == 5  # type: ignore[arg-type]
    assert asked == [2, 2, 1]
    await line.close()
