"""PostgreSQL out of a Python package, in a data folder, for those who run none of their own.

Inside the folder:

    lock         held by the Innkeep that owns the folder; the system lets go of it when that process dies
    data/        the cluster
    server.log   what the server says

The server is a process of its own and outlives an owner that is killed; the next owner finds it and takes it over.
It listens on a unix socket only, in a folder that nobody else can enter, so it needs no password. PostgreSQL refuses
to run as root: started by root, it runs as an unprivileged account instead, to which the folder then belongs.
"""

import asyncio
import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Self

import psutil

from infra.postgres.postmaster import (
    POLL_SECONDS,
    START_SECONDS,
    USER,
    VERSION,
    EmbeddedPostgresError,
    Installation,
    Postmaster,
    last_words,
)

__all__ = [
    "DataFolderInUse",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "embedded_postgres",
    "joined_postgres",
    "may_be_there",
]

LOG_BYTES = 8 * 1024 * 1024
SOCKET_PATH_BYTES = 100
"""What every system allows for the path of a unix socket, with a little to spare."""

SERVER_SETTINGS = (
    "listen_addresses=",
    "max_connections=200",
    "synchronous_commit=on",
    "idle_in_transaction_session_timeout=60s",  # a forgotten transaction would hold every reader of the log back
    "timezone=UTC",
    "log_timezone=UTC",
    "jit=off",  # queries here are short
)
DISPOSABLE_SETTINGS = ("fsync=off", "full_page_writes=off")
"""For data that may be lost with the machine, though not with a process."""


class DataFolderInUse(EmbeddedPostgresError):
    """Another live Innkeep owns the folder."""


class EmbeddedPostgres:
    """A running server that this process owns. Made by `start`, ended by `stop`."""

    def __init__(self, conninfo: str, lock: IO[str], postmaster: Postmaster) -> None:
        self.conninfo = conninfo
        self._lock = lock
        self._postmaster = postmaster

    @classmethod
    def start(cls, folder: Path, *, durable: bool = True) -> Self:
        """Start the server of a folder, or take over the one that a killed owner left.

        Args:
            folder: where it all lives; made when absent.
            durable: False for tests: a commit then survives processes, not the machine.

        Raises:
            DataFolderInUse: another live process owns the folder.
            EmbeddedPostgresError: the folder cannot be used, or the server does not start; the message ends with its
                last words.
        """
        try:
            return cls._start(folder.expanduser().resolve(), durable=durable)
        except OSError as error:  # no right to it, no room in it, a file in its place
            where = f" ({error.filename})" if error.filename else ""
            raise EmbeddedPostgresError(
                f"the data folder {folder} cannot be used: {error.strerror or error}{where}"
            ) from error

    @classmethod
    def _start(cls, folder: Path, *, durable: bool) -> Self:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _own(folder)
        try:
            installation = Installation.find(folder)
            _make_cluster(folder, installation, durable=durable)
            postmaster = Postmaster.left_in(folder / "data") or _start_postmaster(folder, installation, durable=durable)
            try:
                return cls(postmaster.wait_until_ready(folder / "server.log"), lock, postmaster)
            except BaseException:
                postmaster.stop()
                raise
        except BaseException:
            lock.close()
            raise

    def stop(self) -> None:
        """Stop the server, without a word to those still connected, and let go of the folder. Twice is once."""
        try:
            self._postmaster.stop()
        finally:
            self._lock.close()


async def _started(folder: Path, *, durable: bool = True) -> EmbeddedPostgres:
    """A started server. Whoever is cancelled meanwhile leaves none behind: a start cannot be broken off half-way."""
    starting = asyncio.ensure_future(asyncio.to_thread(EmbeddedPostgres.start, folder, durable=durable))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        server = await starting
        await asyncio.to_thread(server.stop)
        raise


@contextlib.asynccontextmanager
async def embedded_postgres(folder: Path, *, durable: bool = True) -> AsyncIterator[str]:
    """The conninfo of the folder's server, owned while the block runs. Raises as `EmbeddedPostgres.start`."""
    server = await _started(folder, durable=durable)
    try:
        yield server.conninfo
    finally:
        await asyncio.to_thread(server.stop)


@contextlib.asynccontextmanager
async def joined_postgres(folder: Path) -> AsyncIterator[str]:
    """The conninfo of the folder's server for a guest: the owner's while there is one, else an own one.

    For the roles and tools that run beside a serving Innkeep on the same data. Raises as `EmbeddedPostgres.start`.
    """
    try:
        server = await _started(folder)
    except DataFolderInUse:
        yield await asyncio.to_thread(_owners_conninfo, folder)
        return
    try:
        yield server.conninfo
    finally:
        await asyncio.to_thread(server.stop)


def may_be_there(folder: Path) -> bool:
    """Is there such a folder? One that may not be looked at is told of by whoever starts its server."""
    try:
        return folder.is_dir()
    except OSError:
        return True


def _own(folder: Path) -> IO[str]:
    lock = (folder / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip()
        lock.close()
        raise DataFolderInUse(
            f"the data folder {folder} is in use by another Innkeep" + (f" (process {owner})" if owner else "")
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _owners_conninfo(folder: Path) -> str:
    folder = folder.expanduser().resolve()
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        pid_file = folder / "data" / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, psutil.Error):
            postmaster = Postmaster(folder / "data", psutil.Process(int(pid_file.read_text().split("\n", 1)[0])))
            return postmaster.wait_until_ready(folder / "server.log")
        time.sleep(POLL_SECONDS)
    raise EmbeddedPostgresError(f"the owner of {folder} does not start its server")


def _make_cluster(folder: Path, installation: Installation, *, durable: bool) -> None:
    data = folder / "data"
    if data.exists():
        made_by = (data / "PG_VERSION").read_text().strip()
        if made_by != str(VERSION):
            raise EmbeddedPostgresError(f"{data} was made by PostgreSQL {made_by}; this is {VERSION}")
        return
    for left in folder.glob("data.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    # Renamed once it is whole, so that a kill leaves no half a cluster; a name of our own, as initdb may live on.
    unfinished = folder / f"data.new-{os.getpid()}"
    unfinished.mkdir(mode=0o700)
    installation.hand_over(unfinished)
    arguments = ["initdb", "-D", str(unfinished), "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C"]
    # The same order and the same letters without case on every machine.
    arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
    with (folder / "server.log").open("ab") as output:
        process = installation.spawn(arguments + ([] if durable else ["--no-sync"]), folder=folder, output=output)
        if process.wait() != 0:
            raise EmbeddedPostgresError(f"no cluster could be made: {last_words(folder / 'server.log')}")
    unfinished.rename(data)


def _start_postmaster(folder: Path, installation: Installation, *, durable: bool) -> Postmaster:
    data, log = folder / "data", folder / "server.log"
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(folder / "server.log.1")
    settings = [*SERVER_SETTINGS, f"unix_socket_directories={_socket_folder(data, installation)}"]
    settings += [] if durable else DISPOSABLE_SETTINGS
    arguments = ["postgres", "-D", str(data), *(word for setting in settings for word in ("-c", setting))]
    with log.open("ab") as output:
        child = installation.spawn(arguments, folder=folder, output=output)
    return Postmaster(data, psutil.Process(child.pid), child)


def _socket_folder(data: Path, installation: Installation) -> Path:
    if len(os.fsencode(data / ".s.PGSQL.5432")) <= SOCKET_PATH_BYTES and "," not in str(data):
        return data
    short = Path(tempfile.mkdtemp(prefix="innkeep-", dir="/tmp"))
    installation.hand_over(short)
    return short
