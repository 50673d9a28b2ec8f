"""Trouble of the database is told in sentences of our own; what the server said is for the log, and not for ever."""

from __future__ import annotations

from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr
from structlog.testing import capture_logs

from infra.cli.reach import database as database_of
from infra.postgres.conninfo import bounded, each_host
from infra.postgres.line import Line
from infra.postgres.trouble import SENTENCES, TROUBLE, Outage, unavailable
from infra.settings import Settings, SettingsError


@pytest.mark.parametrize("state", sorted(SENTENCES))
def test_each_trouble_has_a_sentence_and_keeps_the_servers_words_for_the_log(state: str) -> None:
    error = psycopg.errors.lookup(state)("base/5/1259: no space left in /secret")
    told = unavailable(error)
    assert (told.message, told.retry_after) == (SENTENCES[state], 1)
    assert "/secret" in str(told)
    assert "/" not in told.message


@pytest.mark.parametrize(
    "words", ["FATAL:  too many connections for database", "FATAL:  sorry, too many clients already"]
)
def test_a_connection_refused_for_want_of_room_is_told_so(words: str) -> None:
    assert unavailable(psycopg.OperationalError(words)).message == "The database takes no more connections."
    assert unavailable(psycopg.OperationalError("refused")).message == "The database is away."


def test_an_outage_is_logged_ever_more_seldom_and_its_end_once() -> None:
    now = 0.0
    outage = Outage("someone", lambda: now)
    with capture_logs() as lines:
        for tick in range(400):
            now = tick / 4
            outage.lasts(psycopg.OperationalError("gone"))
        outage.over()
        outage.over()
    assert [entry["seconds"] for entry in lines] == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 99.8]
    assert {entry["told"] for entry in lines} == {"The database is away."}
    assert lines[-1]["event"] == "the trouble with the database is over"


def test_a_trouble_that_becomes_another_is_told_at_once() -> None:
    outage = Outage("someone", lambda: 0.0)
    with capture_logs() as lines:
        for state in ("53100", "53100", "57P03"):
            outage.lasts(psycopg.errors.lookup(state)("as the server says it"))
    assert [entry["told"] for entry in lines] == ["The database's disk is full.", "The database is restarting."]


def test_several_hosts_are_addresses_of_their_own() -> None:
    both = "postgresql://me@one:5433,two:5434/db"
    assert [part.split() for part in each_host(both)] == [
        ["user=me", "dbname=db", "host=one", "port=5433"],
        ["user=me", "dbname=db", "host=two", "port=5434"],
    ]
    assert each_host("postgresql://me@one/db") == ["postgresql://me@one/db"]


async def test_a_database_gets_limits_that_its_address_does_not_set(database: str) -> None:
    bounds = bounded(database, idle_seconds=7.0)
    async with await psycopg.AsyncConnection.connect(bounds) as connection:
        cursor = await connection.execute("SHOW idle_in_transaction_session_timeout")
        assert await cursor.fetchone() == ("7s",)
        cursor = await connection.execute("SELECT current_schema()")
        assert (await cursor.fetchone() or [""])[0].startswith("test_")
    told = dict(part.split("=") for part in str(conninfo_to_dict(bounds)["options"]).split() if "=" in part)
    kept = {name: told[f"tcp_keepalives_{name}"] for name in ("idle", "interval", "count")}
    assert kept == {"idle": "5", "interval": "2", "count": "3"}, "the lock of a leader that is gone ends in seconds"
    assert "target_session_attrs" not in bounds
    assert "target_session_attrs=read-write" in bounded("host=one,two", idle_seconds=7.0)
    assert "target_session_attrs=any" in bounded("host=one,two target_session_attrs=any", idle_seconds=7.0)
    assert "connect_timeout=9" in bounded("host=one connect_timeout=9", idle_seconds=7.0)


async def test_a_line_bounds_its_statements_and_commits_to_disk(database: str) -> None:
    line = Line(f"{database}%20-c%20synchronous_commit%3Doff", "bounded", stall=5.0)
    limits: LiteralString = "('statement_timeout', 'lock_timeout', 'synchronous_commit')"
    rows = await line.ask(f"SELECT name, setting FROM pg_settings WHERE name IN {limits}")
    assert dict(rows) == {"statement_timeout": "4500", "lock_timeout": "3000", "synchronous_commit": "on"}
    await line.close()


async def test_a_forgotten_transaction_of_our_own_is_ended_by_the_server(database: str) -> None:
    bounds = bounded(database, idle_seconds=0.05)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as watcher:
        connection = await psycopg.AsyncConnection.connect(bounds)
        await connection.execute("CREATE TABLE ours ()")
        gone = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s)"
        while (await (await watcher.execute(gone, [connection.info.backend_pid])).fetchone()) != (True,):
            pass
        with pytest.raises(TROUBLE):
            await connection.execute("SELECT 1")
        await connection.close()


async def test_a_start_and_every_command_are_for_the_one_of_several_hosts_that_takes_writes(tmp_path: Path) -> None:
    """Wherever it stands in the address; and neither of the two waits for hours for the other who is gone."""
    settings = Settings(database_url=SecretStr("postgresql://me@standby,primary/db"), _env_file=None)
    async with database_of(settings, tmp_path, shared=True) as conninfo:
        said = conninfo_to_dict(conninfo)
    assert (said["target_session_attrs"], said["tcp_user_timeout"]) == ("read-write", "10000")
    assert "tcp_user_timeout=10000" in str(said["options"]), "the server's own: it may have been sending"
    assert bounded(conninfo, idle_seconds=7.0) == conninfo, "once is enough"


async def test_an_address_with_more_hosts_than_ports_is_none(tmp_path: Path) -> None:
    settings = Settings(database_url=SecretStr("postgresql://me@a:1,b:2,c/db?port=1,2"), _env_file=None)
    with pytest.raises(SettingsError, match="is no address"):
        async with database_of(settings, tmp_path, shared=True):
            pass
