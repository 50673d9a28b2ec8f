"""Questions to a database that may go away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import psycopg
import pytest
from psycopg import sql

from commands.ports import Unavailable
from infra.read_models.asking import Asking


async def test_a_connection_that_was_lost_is_replaced_and_the_question_asked_again(database: str) -> None:
    async with Asking(database, size=2) as asking:
        assert await asking("SELECT 1") == [(1,)]
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as other:
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'innkeep reads'"
            )
        assert await asking("SELECT 2") == [(2,)]


async def test_a_database_that_is_away_is_unavailable(database: str) -> None:
    async with Asking(database, size=1, patience=0.2) as asking:
        await asking("SELECT 1")
        async with asking.connection():  # the only connection is taken, and no other can be had
            with pytest.raises(Unavailable):
                await asking("SELECT 1")
    with pytest.raises(Unavailable):
        await asking("SELECT 1")


async def test_what_is_asked_wrongly_is_a_fault_not_an_absence(database: str) -> None:
    async with Asking(database) as asking:
        with pytest.raises(psycopg.errors.UndefinedTable):
            await asking("SELECT * FROM nothing_of_that_name")


ROWS = sql.SQL("SELECT generate_series(1, 100000)")


async def begun(asking: Asking, caller: str) -> AsyncGenerator[tuple[int], None]:
    stream = asking.stream(ROWS, {}, caller)
    assert await anext(stream) == (1,)
    return stream


async def test_streams_that_nobody_reads_leave_connections_for_everything_else(database: str) -> None:
    """Few are open at once, of one caller fewer still; whoever comes beyond is told to come again."""
    async with Asking(database, patience=2.0) as asking, contextlib.AsyncExitStack() as open_ones:
        for caller in ("anna", "anna", "ben"):
            await open_ones.enter_async_context(contextlib.aclosing(await begun(asking, caller)))
        for caller in ("anna", "cleo"):
            with pytest.raises(Unavailable) as crowded:
                await begun(asking, caller)
            assert crowded.value.retry_after > 1
        answers = await asyncio.gather(*(asking("SELECT pg_sleep(0.01)") for _ in range(20)))
        assert len(answers) == 20


async def test_of_one_caller_two_streams_are_open_at_most(database: str) -> None:
    """One caller leaves room for another."""
    async with Asking(database) as asking:
        one, two = await begun(asking, "anna"), await begun(asking, "anna")
        with pytest.raises(Unavailable):
            await begun(asking, "anna")
        await (await begun(asking, "ben")).aclose()
        await one.aclose()
        await (await begun(asking, "anna")).aclose()
        await two.aclose()


async def test_a_stream_that_is_closed_in_its_midst_gives_its_connection_back(database: str) -> None:
    """However often: of the only connection there is."""
    async with Asking(database, size=1, patience=0.2) as asking:
        for _ in range(5):
            await (await begun(asking, "anna")).aclose()
            assert await asking("SELECT 1") == [(1,)]


async def test_a_stream_that_rested_too_long_is_unavailable_and_gives_its_connection_back(database: str) -> None:
    """PostgreSQL ends the session of a transaction that rests, which is a trouble and no fault."""
    async with Asking(database, size=1, patience=1) as asking:
        await asking("SELECT set_config('idle_in_transaction_session_timeout', '10ms', false)")
        stream = await begun(asking, "anna")
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as other:
            resting = "SELECT FROM pg_stat_activity WHERE application_name = 'innkeep reads' AND xact_start < now()"
            while (await other.execute(resting)).rowcount:  # noqa: ASYNC110 - nobody tells when a session ends
                await asyncio.sleep(0.01)
        with pytest.raises(Unavailable):
            async for _ in stream:
                pass
        assert await asking("SELECT 1") == [(1,)]


async def test_whoever_waits_a_moment_has_the_place_of_one_that_ends(database: str) -> None:
    async with Asking(database, patience=10.0) as asking:
        one, two = await begun(asking, "anna"), await begun(asking, "anna")
        third = asyncio.create_task(begun(asking, "anna"))
        await asyncio.sleep(0.05)
        assert not third.done()
        await one.aclose()
        for stream in (two, await third):
            await stream.aclose()
