"""Questions to a database that may go away."""

from __future__ import annotations

import psycopg
import pytest

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
