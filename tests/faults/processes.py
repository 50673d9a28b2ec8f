"""Processes of the product, one role each, that die without warning and are started again as an operator would."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import httpx

from tests.e2e.server import INNKEEP, environment, free_port, until

ROOT = Path(__file__).parents[2]
READY_SECONDS = 300.0
LOOK_SECONDS = 0.5


class Process:
    """One role. It keeps its port, and its folder for what it says, through all its lives."""

    def __init__(self, role: str, number: int, folder: Path, settings: Mapping[str, str]) -> None:
        self.role = role
        self.name = f"{role}{number}"
        self.port = free_port()
        self.lives = 0
        self.clock = 0.0
        """Seconds by which its clock is ahead of everybody's."""
        self.log = folder / f"{self.name}.log"
        self._folder = folder
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, clock: float = 0.0) -> None:
        """Start it, and do not wait; `clock`: how many seconds its clock is ahead."""
        self.clock = clock
        self.lives += 1
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=ROOT if clock else self._folder,
                env=environment(**self._settings),
                stdout=log,
                stderr=log,
            )

    def _command(self) -> list[str]:
        if self.clock:
            return [sys.executable, "-m", "tests.faults.other_clock", str(self.clock), self.role, str(self.port)]
        port = ["--port", str(self.port)] if self.role == "api" else []
        return [str(INNKEEP), self.role, *port]

    @property
    def lives_now(self) -> bool:
        """Does it run?"""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to who does not listen."""
        if self._process is None or not self.lives_now:
            return
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def well(self) -> bool:
        """An API says so itself; of another it is only known that it runs."""
        if self.role != "api" or not self.lives_now:
            return self.lives_now
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def words(self) -> str:
        """The end of what it said."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:]

    @property
    def last_words(self) -> str:
        """The last line that it said, as far as it tells why it ended."""
        lines = self.words().split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "nothing")[:200]


class Keeper:
    """Starts again whoever ended, as a service manager does: a process that found no database at its start, say."""

    def __init__(self, processes: list[Process]) -> None:
        self.processes = processes
        self.lock = threading.Lock()
        """Held by who kills or starts one."""
        self.restarted: Counter[str] = Counter()
        """What those said last who ended by themselves and were started again."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def start(self) -> None:
        """Start all of them, and look after them."""
        for process in self.processes:
            process.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop looking, then stop them."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        for process in self.processes:
            process.stop()

    def well(self, seconds: float = READY_SECONDS) -> None:
        """Return once all of them are well. Raises AssertionError."""
        until("all processes are well", lambda: all(process.well() for process in self.processes), seconds)

    def _keep(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            with self.lock:
                for process in self.processes:
                    if not process.lives_now and not self._over.is_set():
                        self.restarted[f"{process.role}: {process.last_words}"] += 1
                        process.start()
