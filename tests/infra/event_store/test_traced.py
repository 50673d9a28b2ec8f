"""Which trace a command was part of is kept with its events, or not at all, and for a day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import psycopg
import pytest

from commands.ports import Conflict
from infra.postgres.line import Line
from infra.tracing.following import Steps
from infra.tracing.otel import Collected
from tests.infra.event_store.test_group_commit import ends_of, one_transaction, save

pytestmark = pytest.mark.anyio
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@asynccontextmanager
async def steps(log: str) -> AsyncIterator[Steps]:
    line, tracing = Line(log, "test traces"), Collected("http://127.0.0.1:9", {}, 1.0, ["api"])
    try:
        yield Steps(tracing, line)
    finally:
        await line.close()
        await tracing.close()


async def test_a_trace_is_kept_with_what_was_recorded_and_with_nothing_else(log: str) -> None:
    """In the transaction of the events: who loses leaves none behind, and who is not traced has none."""
    stream = uuid4()
    won, lost, untraced = save(stream, 1), save(stream, 1), save(uuid4(), 1)
    async with one_transaction(log) as (commit, _commits), steps(log) as kept:
        commit.traced = lambda: TRACE
        assert await ends_of(commit, [won, lost]) == [1, Conflict]
        commit.traced = lambda: None
        await commit.append(untraced)
        commands = [one.row.id for one in (won, lost, untraced)]
        assert await kept.parents(commands) == {won.row.id: TRACE}


async def test_a_traced_command_that_saves_twice_keeps_its_first_step(log: str) -> None:
    """As the first events name the command, so they name the step."""
    stream, command = uuid4(), uuid4()
    async with one_transaction(log) as (commit, _commits), steps(log) as kept:
        commit.traced = lambda: TRACE
        await commit.append(save(stream, 1, command=command))
        commit.traced = lambda: TRACE.replace("b7", "c8")
        await commit.append(save(stream, 2, command=command))
        assert await kept.parents([command]) == {command: TRACE}


async def test_traces_are_forgotten_after_a_day(log: str) -> None:
    """They are of use while somebody looks."""
    old, new = save(uuid4(), 1), save(uuid4(), 1)
    async with one_transaction(log) as (commit, _commits), steps(log) as kept:
        commit.traced = lambda: TRACE
        await ends_of(commit, [old, new])
        with psycopg.connect(log) as connection:
            connection.execute(
                "UPDATE command_trace SET recorded_at = now() - interval '25 hours' WHERE command = %s", [old.row.id]
            )
        assert await kept.forget() == 1
        assert await kept.parents([old.row.id, new.row.id]) == {new.row.id: TRACE}
