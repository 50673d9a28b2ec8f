"""A PostgreSQL of a test's own that can be killed without warning and started again on what it left."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from infra.postgres.embedded import EmbeddedPostgres

GONE = 10.0
"""Seconds that a killed process has to be gone."""


class Cluster:
    """The server of one folder. A kill takes what a process has in memory, not what it gave to the system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = EmbeddedPostgres.start(folder, durable=False)
        self.conninfo = self._server.conninfo

    def kill(self) -> None:
        """SIGKILL to all of its processes at once: none can write on, none can say goodbye."""
        processes = self.processes()
        for end in (psutil.Process.suspend, psutil.Process.kill):
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    end(process)
        self._server.stop()
        for process in processes[1:]:
            _wait_for_the_end(process)

    def start(self) -> None:
        """Start it again. Its address stays."""
        self._server = EmbeddedPostgres.start(self._folder, durable=False)
        assert self._server.conninfo == self.conninfo

    async def crash(self) -> None:
        """Kill it, and start it again."""
        await asyncio.to_thread(self.kill)
        await asyncio.to_thread(self.start)

    def processes(self) -> list[psutil.Process]:
        """The postmaster first."""
        first = psutil.Process(int((self._folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0]))
        return [first, *first.children(recursive=True)]

    def process(self, title: str) -> psutil.Process:
        """That of its processes whose title has this word."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                if title in process.cmdline()[0]:
                    return process
        raise LookupError(title)

    def stop(self) -> None:
        self._server.stop()


def _wait_for_the_end(process: psutil.Process) -> None:
    """Whoever has inherited it may take its time to bury it: a zombie does no more harm."""
    deadline = time.monotonic() + GONE
    with contextlib.suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, f"{process} lives"
            time.sleep(0.002)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A fresh one, gone afterwards. Not in pytest's own folder, which any other pytest closes to other accounts."""
    folder = Path(tempfile.mkdtemp(prefix="innkeep-proof-"))
    try:
        running = Cluster(folder)
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
