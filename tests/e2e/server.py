"""A real `innkeep serve` process, its folder, and its end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

INNKEEP = Path(sys.executable).with_name("innkeep")
START_SECONDS = 90
COMMAND_SECONDS = 100
END_SECONDS = 10
"""What the product promises for a clean end."""


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def environment(**settings: str) -> dict[str, str]:
    """The environment of a child: the machine's, with these settings of Innkeep and no others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("INNKEEP_")}
    return inherited | {f"INNKEEP_{name}": value for name, value in settings.items()}


def run_innkeep(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command to its end, however it ends, in a folder that has no .env of anybody's."""
    return subprocess.run(
        [INNKEEP, *words],
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


def until(what: str, holds: Callable[[], bool], seconds: float = 30) -> None:
    """Ask again and again until it holds. Raises AssertionError when the time is up."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


class Server:
    """One server process over one data folder; may be ended and started again on the same folder."""

    def __init__(self, data: Path, settings: Mapping[str, str] | None = None, *, role: str = "serve") -> None:
        self.data, self.role = data, role
        self.settings = {"MODE": "sandbox"} | dict(settings or {})
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        data.mkdir(parents=True, exist_ok=True)
        self.log = data.with_name(f"{data.name}-{self.port}.log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Server":
        """Start it, and come back when it is ready."""
        self.launch()
        until("GET /health answers 200", self._ready, START_SECONDS)
        return self

    def launch(self) -> None:
        """Start it, and come back at once."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [INNKEEP, self.role, "--port", str(self.port), "--data", str(self.data / "innkeep")],
                cwd=self.data,  # no .env of anybody's
                env=environment(**self.settings),
                stdout=log,
                stderr=log,
            )

    def answers(self) -> bool:
        """Whether anything does, well or not."""
        try:
            return httpx.get(f"{self.url}/health", timeout=10).status_code in {200, 503}
        except httpx.TransportError:
            return False

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.words()[-4000:]}"
        try:
            return httpx.get(f"{self.url}/health", timeout=10).status_code == 200
        except httpx.TransportError:
            return False

    def words(self) -> str:
        """All that it wrote so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def end(self) -> int:
        """SIGTERM; the exit code. Raises AssertionError when it takes longer than promised."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"SIGTERM did not end the server within {END_SECONDS} s:\n{self.words()[-4000:]}"
            ) from None

    def kill(self) -> None:
        """SIGKILL: no last word, nothing tidied."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it if it runs; for the end of a test that has said what it had to say."""
        if self.process is not None and self.process.poll() is None:
            self.end()
