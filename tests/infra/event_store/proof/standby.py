"""A standby that follows a server synchronously, and can take its place."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infra.postgres.embedded import EmbeddedPostgres
from infra.postgres.postmaster import Installation
from tests.infra.event_store.proof.cluster import Cluster

NAME = "standby"
FOLLOWS_SECONDS = 60.0
FOLLOWS = "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'"


class Standby:
    """A copy of the primary; the primary answers no commit before it stands here too."""

    def __init__(self, primary: Cluster, folder: Path) -> None:
        self.primary = primary
        self._folder = folder
        self._copy()
        self._server = EmbeddedPostgres.start(folder, durable=False)
        self.conninfo = self._server.conninfo
        with psycopg.connect(primary.conninfo, autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{NAME}'")
            connection.execute("SELECT pg_reload_conf()")
        self.wait_until_it_follows()

    @property
    def either(self) -> str:
        """The address of whichever of the two takes writes."""
        hosts = [str(conninfo_to_dict(conninfo)["host"]) for conninfo in (self.primary.conninfo, self.conninfo)]
        return make_conninfo(self.primary.conninfo, host=",".join(hosts), target_session_attrs="read-write")

    def lag_behind(self) -> None:
        """The primary waits for it no more, and it follows no more."""
        with psycopg.connect(self.primary.conninfo, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
            connection.execute("SELECT pg_reload_conf()")
        self.stop()

    def promote(self) -> None:
        """It takes writes from now on."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute("SELECT pg_promote(true, 60)")

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        """Start it again; it follows on."""
        self._server = EmbeddedPostgres.start(self._folder, durable=False)

    def wait_until_it_follows(self) -> None:
        """Return once the primary waits for it."""
        deadline = time.monotonic() + FOLLOWS_SECONDS
        while not self._follows():
            assert time.monotonic() < deadline, "the standby does not follow"
            time.sleep(0.02)

    def _follows(self) -> bool:
        with psycopg.connect(self.primary.conninfo) as connection:
            return connection.execute(FOLLOWS).fetchone() == (True,)

    def _copy(self) -> None:
        installation = Installation.find(self._folder)
        installation.hand_over(self._folder)
        source = make_conninfo(self.primary.conninfo, application_name=NAME)
        data = str(self._folder / "data")
        arguments = [
            "pg_basebackup",
            "-D",
            data,
            "-d",
            source,
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
        ]
        log = self._folder / "copy.log"
        with log.open("ab") as output:
            process = installation.spawn(arguments, folder=self._folder, output=output)
            try:
                assert process.wait(60) == 0, log.read_text()
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        (self._folder / "data" / ".s.PGSQL.5432.lock").unlink()  # of the primary's socket, which lies with its data


@contextmanager
def followed_by(primary: Cluster) -> Iterator[Standby]:
    """A standby of that server, gone afterwards."""
    folder = Path(mkdtemp(prefix="innkeep-standby-"))
    try:
        standby = Standby(primary, folder)
        try:
            yield standby
        finally:
            standby.stop()
    finally:
        rmtree(folder, ignore_errors=True)
