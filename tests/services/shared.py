"""Servers that all processes of a test session share: started by who needs one first, stopped with the session."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

from tests.services.opensearch import NotHere, OpenSearchServer

FOLDER = "INNKEEP_TEST_SERVICES"
"""Environment: where the session's servers stand, so that all its processes find them."""
STOPPING_SECONDS = 30.0


def begin() -> None:
    """At the session's start, in the process that all others come from."""
    folder = Path(tempfile.mkdtemp(prefix="innkeep-services-"))
    folder.chmod(0o755)
    os.environ[FOLDER] = str(folder)


def opensearch() -> str:
    """The address of the session's OpenSearch. Raises NotHere, at every attempt, where it cannot run."""
    folder = Path(os.environ[FOLDER])
    state = folder / "opensearch.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not state.exists():
            state.write_text(json.dumps(_started(folder)))
    told = json.loads(state.read_text())
    if "missing" in told:
        raise NotHere(told["missing"])
    return str(told["url"])


def _started(folder: Path) -> dict[str, object]:
    try:
        server = OpenSearchServer(folder)
        server.start()
    except NotHere as missing:
        return {"missing": str(missing)}
    return {"url": server.url, "pid": server.leave()}


def leave_out(test: str, lacking: str) -> None:
    """A test could not use a real server of its own; `missing` tells of it."""
    name, _, why = lacking.partition(": ")
    (Path(os.environ[FOLDER]) / f"{name} in the {test}.json").write_text(json.dumps({"missing": why}))


def missing() -> list[str]:
    """What was asked for and could not be started, and why: one line each."""
    told = {state.stem: json.loads(state.read_text()) for state in Path(os.environ[FOLDER]).glob("*.json")}
    return [f"{name}: {what['missing']}" for name, what in told.items() if "missing" in what]


def end() -> None:
    """At the session's end: stop what was started."""
    folder = Path(os.environ.pop(FOLDER))
    for state in folder.glob("*.json"):
        told = json.loads(state.read_text())
        if "pid" in told:
            _stop(told["pid"])
    shutil.rmtree(folder, ignore_errors=True)


def _stop(pid: int) -> None:
    """It is a child of another process of the session, or of this one."""
    deadline = time.monotonic() + STOPPING_SECONDS
    try:
        os.kill(pid, signal.SIGTERM)
        while _runs(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
    except ProcessLookupError:
        return


def _runs(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    os.kill(pid, 0)
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
