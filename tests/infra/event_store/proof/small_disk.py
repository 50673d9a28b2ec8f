"""A PostgreSQL with a disk of its own that can be filled: a file system in memory that nobody else sees.

Run as a program, this starts a server (the arguments after the first four) that sees a new file system, of so many
megabytes, at a folder: in a mount namespace that ends with it. Root may have one at once; anyone else inside a user
namespace, where the system allows that.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import LiteralString

import psutil
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from infra.postgres.embedded import DISPOSABLE_SETTINGS, SERVER_SETTINGS, EmbeddedPostgres
from infra.postgres.postmaster import EmbeddedPostgresError, Installation, Postmaster

NEW_MOUNTS, NEW_USERS = 0x00020000, 0x10000000
PRIVATE = 0x00040000 | 0x00004000
"""Whatever is mounted here is seen by nobody else: MS_PRIVATE, and MS_REC."""
FORBIDDEN = 77
"""The exit code where the system allows no file system to be mounted."""
MEGABYTES = 40
DATABASE = "small"
FILL: LiteralString = "INSERT INTO filler SELECT repeat('x', 7000) FROM generate_series(1, %s)"


class SmallDisk:
    """A server whose database `small` lies on the small disk; its journal of writes does not."""

    def __init__(self, superuser: str) -> None:
        self.conninfo = make_conninfo(superuser, dbname=DATABASE)

    def fill(self) -> None:
        """Take what is free, to the last page."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute("CREATE TABLE filler (t text)")
            connection.execute("ALTER TABLE filler ALTER t SET STORAGE PLAIN")
            for rows in (1000, 100, 10, 1):
                try:
                    while True:
                        connection.execute(FILL, [rows])
                except psycopg.errors.DiskFull:
                    continue

    def free(self) -> None:
        """Give it back."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute("DROP TABLE filler")


@contextmanager
def small_disk() -> Iterator[SmallDisk]:
    """Gone afterwards. Skips the test, and says so, where the system does not let one be made."""
    folder = Path(tempfile.mkdtemp(prefix="innkeep-small-"))
    try:
        EmbeddedPostgres.start(folder, durable=False).stop()  # it makes the cluster
        disk = folder / "small"
        disk.mkdir()
        postmaster, conninfo = _started(folder, disk)
        try:
            with psycopg.connect(conninfo, autocommit=True) as connection:
                name = sql.Identifier(DATABASE)
                place = sql.Literal(str(disk))
                connection.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(name, place))
                connection.execute(sql.SQL("CREATE DATABASE {} TABLESPACE {}").format(name, name))
            yield SmallDisk(conninfo)
        finally:
            postmaster.stop()
    finally:
        rmtree(folder, ignore_errors=True)


def _started(folder: Path, disk: Path) -> tuple[Postmaster, str]:
    installation, data = Installation.find(folder), folder / "data"
    account = installation.account
    user, group = (account.pw_uid, account.pw_gid) if account else (os.getuid(), os.getgid())
    settings = (*SERVER_SETTINGS, *DISPOSABLE_SETTINGS, f"unix_socket_directories={data}")
    server = [str(installation.programs / "postgres"), "-D", str(data), *(w for s in settings for w in ("-c", s))]
    launch = [sys.executable, __file__, str(disk), str(MEGABYTES), str(user), str(group), *server]
    with (folder / "server.log").open("ab") as output:
        child = subprocess.Popen(
            launch,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C", "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    postmaster = Postmaster(data, psutil.Process(child.pid), child)
    try:
        return postmaster, postmaster.wait_until_ready(folder / "server.log")
    except EmbeddedPostgresError:
        if child.wait() == FORBIDDEN:
            pytest.skip("NOT TESTED: a full disk; this system lets nobody but root mount a small one")
        raise


def _mount(disk: str, megabytes: int, user: int, group: int) -> None:
    """See a file system of one's own at that folder, as a user who is not root. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(name: str, *arguments: object) -> None:
        if getattr(libc, name)(*arguments) != 0:
            raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")

    root = os.geteuid() == 0
    call("unshare", NEW_MOUNTS if root else NEW_MOUNTS | NEW_USERS)
    if not root:
        _be(0, user, 0, group)
    owner = f"uid={user},gid={group}" if root else "uid=0,gid=0"
    options = f"size={megabytes}m,mode=0700,{owner}".encode()
    call("mount", b"none", b"/", None, PRIVATE, None)
    call("mount", b"tmpfs", disk.encode(), b"tmpfs", 0, options)
    if root:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    else:  # the server does not run as root, not even as one in name only
        call("unshare", NEW_USERS)
        _be(user, 0, group, 0)


def _be(user: int, outside: int, group: int, group_outside: int) -> None:
    """In a new user namespace: who one is there, by whom one is outside."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {outside} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group_outside} 1")


if __name__ == "__main__":
    try:
        _mount(sys.argv[1], *(int(number) for number in sys.argv[2:5]))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(FORBIDDEN)
    os.execv(sys.argv[5], sys.argv[5:])
