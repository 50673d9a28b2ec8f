"""What is measured: programs of their own on loopback, over one throw-away PostgreSQL with the product's settings."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

from infra.postgres.embedded import EmbeddedPostgres

START = 300.0
"""Seconds that a server has to answer its first request."""
STOP = 15.0
LOG_FILES = 128
"""Files of the write-ahead log, of 16 MB each, that a server has from the beginning."""
ROOT = Path(__file__).parents[1]
SUPERADMIN = ("admin@innkeep.example", "innkeep-admin")


@dataclass(frozen=True)
class Server:
    """A server under measurement."""

    port: int
    database: str
    pid: int

    def cpu(self) -> float:
        """Seconds of processor time that it has used."""
        return used(psutil.Process(self.pid))

    def database_cpu(self) -> float:
        """The same of the PostgreSQL that it is over: what all the others do there too, little while they rest."""
        return database_used(self.database)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The conninfo of an embedded server of our own, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="innkeep-bench-"))
    try:
        server = EmbeddedPostgres.start(folder)
        try:
            _as_after_a_while(server.conninfo)
            yield server.conninfo
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_after_a_while(conninfo: str) -> None:
    """Have the files of the write-ahead log made: a server that runs for long writes over its old ones.

    A new one makes each of them while whoever commits waits, some 50 ms for every 16 MB.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for size in ("min_wal_size", "max_wal_size"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(size), f"{LOG_FILES * 16}MB"))
        connection.execute("SELECT pg_reload_conf()")
        for _ in range(LOG_FILES):
            connection.execute("SELECT pg_logical_emit_message(false, 'benchmark', repeat('x', 16000000), false)")
        connection.execute("CHECKPOINT")


def database(conninfo: str, name: str) -> str:
    """The conninfo of a new database."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlunsplit(urlsplit(conninfo)._replace(path=f"/{name}"))


@contextlib.contextmanager
def product(conninfo: str, role: str = "serve", **settings: str) -> Iterator[Server]:
    """The product in one process: `innkeep serve` is API, projector and scheduler, `innkeep api` the first alone."""
    port = _free_port()
    environment = settings | {
        "INNKEEP_MODE": "production",
        "INNKEEP_PAYMENTS": "simulator",
        "INNKEEP_DATABASE_URL": conninfo,
        "INNKEEP_SUPERADMIN_EMAIL": SUPERADMIN[0],
        "INNKEEP_SUPERADMIN_PASSWORD": SUPERADMIN[1],
        "INNKEEP_LOG_LEVEL": "warning",  # none of the servers writes a line a request
    }
    program = Path(sys.executable).with_name("innkeep")
    with _running([str(program), role, "--port", str(port)], port, environment) as pid:
        yield Server(port, conninfo, pid)


@contextlib.contextmanager
def rival(name: str, conninfo: str, **environment: str) -> Iterator[Server]:
    """One of `benchmarks/rivals`, under the same web server with the same settings."""
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", f"benchmarks.rivals.{name}:create_app"]
    command += ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-server-header"]
    command += ["--log-level", "warning"]
    with _running(command, port, {"RIVAL_DATABASE_URL": conninfo, **environment}) as pid:
        yield Server(port, conninfo, pid)


@contextlib.contextmanager
def _running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[int]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("INNKEEP_")}
    process = subprocess.Popen(command, cwd=ROOT, env=inherited | environment)
    try:
        _wait(process, port)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode} before it served")
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as health,
        ):
            if health.status == 200:
                return
        time.sleep(0.05)
    raise TimeoutError(f"{process.args!r} does not serve")


def database_used(conninfo: str) -> float:
    """Seconds of processor time of a whole PostgreSQL."""
    with psycopg.connect(conninfo) as connection:
        ((folder,),) = connection.execute("SHOW data_directory").fetchall()
    first = psutil.Process(int((Path(folder) / "postmaster.pid").read_text().split("\n", 1)[0]))
    return used(first) + sum(used(process) for process in first.children())


def used(process: psutil.Process) -> float:
    """Seconds of processor time of a process, and of those that it has buried."""
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
