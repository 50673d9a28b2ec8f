"""What servers written in Java need: a JDK, Maven to fetch them with, and a place to keep what was fetched."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "innkeep-services"
MAVEN_SECONDS = 900


class NotHere(Exception):
    """This machine lacks what the server needs; the message says what."""


def java(least: int) -> Path:
    """The `java` of an installed JDK of at least this major version. Raises NotHere."""
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    for home in [*homes, *sorted(Path("/usr/lib/jvm").glob("*"))]:
        release = home / "release"
        if not release.exists():
            continue
        line = next((line for line in release.read_text().splitlines() if line.startswith("JAVA_VERSION=")), "")
        if line and int(line.split('"')[1].split(".")[0]) >= least:
            return home / "bin" / "java"
    raise NotHere(f"no JDK of version {least} or later: set JAVA_HOME")


def maven(*arguments: str) -> None:
    """Run Maven. Raises NotHere if there is none, or if it cannot fetch."""
    found = shutil.which("mvn")
    if found is None:
        raise NotHere("no Maven to fetch it with")
    run = subprocess.run(
        [found, "-q", "-B", *arguments], capture_output=True, text=True, timeout=MAVEN_SECONDS, check=False
    )
    if run.returncode:
        raise NotHere(f"Maven could not fetch it: {(run.stdout + run.stderr).strip()[-500:]}")


@contextmanager
def fetching(name: str) -> Iterator[Path]:
    """The folder in which what is fetched is kept; nobody else fetches meanwhile."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield CACHE


def free_port() -> int:
    """A port of the loopback address that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
