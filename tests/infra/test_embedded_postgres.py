"""The embedded PostgreSQL: what it promises to whoever starts it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.postgres.embedded import (
    DataFolderInUse,
    EmbeddedPostgres,
    EmbeddedPostgresError,
    embedded_postgres,
    joined_postgres,
)
from infra.postgres.postmaster import Postmaster

OWNER = """
import sys, pathlib
from infra.postgres.embedded import EmbeddedPostgres
server = EmbeddedPostgres.start(pathlib.Path(sys.argv[1]), durable=False)
print(server.conninfo, flush=True)
sys.stdin.read()
server.stop()
"""


@contextmanager
def owner(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Another process that owns the folder, with its conninfo."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()


@contextmanager
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    running = EmbeddedPostgres.start(folder, durable=False)
    try:
        yield running
    finally:
        running.stop()


def one(conninfo: str, query: str) -> object:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def postmaster_pid(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0])


def write(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('still here')")


async def test_a_second_start_finds_what_the_first_one_wrote(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "postgres"
    async with embedded_postgres(folder) as conninfo:
        write(conninfo)
        first = postmaster_pid(folder)
    assert not psutil.pid_exists(first)
    async with embedded_postgres(folder) as conninfo:
        assert one(conninfo, "SELECT word FROM kept") == "still here"


async def test_a_durable_server_commits_to_disk_and_a_forgotten_transaction_ends(tmp_path: Path) -> None:
    async with embedded_postgres(tmp_path) as conninfo:
        assert one(conninfo, "SHOW synchronous_commit") == "on"
        assert one(conninfo, "SHOW fsync") == "on"
        assert one(conninfo, "SHOW max_connections") == "200"
        assert one(conninfo, "SHOW idle_in_transaction_session_timeout") == "1min"
        assert one(conninfo, "SHOW listen_addresses") == ""
        assert one(conninfo, "SHOW timezone") == "UTC"


def test_letters_lose_their_case_in_every_language(tmp_path: Path) -> None:
    with server(tmp_path) as running:
        assert one(running.conninfo, "SELECT lower('KSIĘGOWA ÅØ')") == "księgowa åø"


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with owner(tmp_path) as (process, conninfo):
        with pytest.raises(
            DataFolderInUse, match=rf"{tmp_path} is in use by another Innkeep \(process {process.pid}\)"
        ):
            EmbeddedPostgres.start(tmp_path)
        assert one(conninfo, "SELECT 1") == 1
        process.communicate("")
    with server(tmp_path) as running:
        assert one(running.conninfo, "SELECT 1") == 1


def test_a_folder_has_one_owner_even_within_a_process(tmp_path: Path) -> None:
    with server(tmp_path), pytest.raises(DataFolderInUse):
        EmbeddedPostgres.start(tmp_path)


def test_the_server_of_a_killed_owner_is_taken_over_with_all_it_committed(tmp_path: Path) -> None:
    with owner(tmp_path) as (process, conninfo):
        write(conninfo)
        pid = postmaster_pid(tmp_path)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert psutil.pid_exists(pid)
    with server(tmp_path) as running:
        assert postmaster_pid(tmp_path) == pid
        assert one(running.conninfo, "SELECT word FROM kept") == "still here"
    assert not psutil.pid_exists(pid)


def test_a_killed_server_recovers_what_it_committed(tmp_path: Path) -> None:
    with owner(tmp_path) as (process, conninfo):
        write(conninfo)
        pid = postmaster_pid(tmp_path)
        process.send_signal(signal.SIGKILL)
        process.wait()
    backends = psutil.Process(pid).children()
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs(backends, timeout=10)
    with server(tmp_path) as running:
        assert postmaster_pid(tmp_path) != pid
        assert one(running.conninfo, "SELECT word FROM kept") == "still here"


@pytest.mark.parametrize("content", ["", "not a number", "{pid}\n/elsewhere\n"])
def test_a_pid_file_that_tells_of_no_server_is_passed_over(tmp_path: Path, content: str) -> None:
    with server(tmp_path):
        pass
    (tmp_path / "data" / "postmaster.pid").write_text(content.format(pid=os.getpid()))
    with server(tmp_path) as running:
        assert one(running.conninfo, "SELECT 1") == 1


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "data.new-1" / "base").mkdir(parents=True)
    with server(tmp_path) as running:
        assert one(running.conninfo, "SELECT 1") == 1


def test_a_path_too_long_for_a_socket_works_too(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30) / "with space, ünd ümlaut"
    with server(folder) as running:
        assert one(running.conninfo, "SELECT 1") == 1


async def test_a_guest_joins_the_owners_server_and_leaves_it_running(tmp_path: Path) -> None:
    with owner(tmp_path) as (_, conninfo):
        async with joined_postgres(tmp_path) as joined:
            assert joined == conninfo
        assert one(conninfo, "SELECT 1") == 1


async def test_a_guest_without_an_owner_starts_the_server_and_stops_it(tmp_path: Path) -> None:
    async with joined_postgres(tmp_path) as conninfo:
        assert one(conninfo, "SELECT 1") == 1
        pid = postmaster_pid(tmp_path)
    assert not psutil.pid_exists(pid)


async def test_a_start_that_is_cancelled_leaves_no_server_behind(tmp_path: Path) -> None:
    async def enter() -> None:
        async with embedded_postgres(tmp_path, durable=False):
            raise AssertionError("it was cancelled before")

    start = asyncio.create_task(enter())
    await asyncio.sleep(0)  # its thread is at work now
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert (tmp_path / "data" / "PG_VERSION").exists(), "it had begun"
    assert Postmaster.left_in(tmp_path / "data") is None


def test_stopping_twice_is_stopping_once(tmp_path: Path) -> None:
    with server(tmp_path) as running:
        running.stop()


def test_stopping_does_not_wait_for_the_connected(tmp_path: Path) -> None:
    with server(tmp_path) as running, psycopg.connect(running.conninfo) as connection:
        connection.execute("SELECT 1")
        running.stop()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_data_of_another_version_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 16; this is 18"):
        EmbeddedPostgres.start(tmp_path)


def test_a_server_that_does_not_start_says_why_and_lets_go_of_the_folder(tmp_path: Path) -> None:
    with server(tmp_path):
        pass
    settings = tmp_path / "data" / "postgresql.conf"
    sound = settings.read_text()
    settings.write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        EmbeddedPostgres.start(tmp_path)
    settings.write_text(sound)
    with server(tmp_path) as running:
        assert one(running.conninfo, "SELECT 1") == 1
