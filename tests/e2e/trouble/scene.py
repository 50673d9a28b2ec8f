"""A server on a database that trouble can be made with, and what is said of the answers meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import httpx

from tests.e2e.server import Server, run_innkeep, until
from tests.e2e.talk import Json, refused
from tests.e2e.world import World


@contextmanager
def serving_on(database_url: str, folders: Path, **settings: str) -> Iterator[World]:
    """A world with a server of its own on that database. Nobody restarts it, whatever happens."""
    server = Server(Path(mkdtemp(dir=folders)) / "server", {"DATABASE_URL": database_url} | settings)
    try:
        with World(server.start()) as world:
            yield world
    finally:
        server.stop()


def unavailable(answer: httpx.Response, *sentences: str) -> None:
    """A clear 503 in the envelope: one of these sentences, and when to come back."""
    refused(answer, 503, "UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1
    told = answer.json()["message"]
    assert not sentences or told in sentences, told


def health(world: World) -> Json:
    """What `/admin/health` says, well or not."""
    answer = world.nobody.get("/admin/health")
    said: Json = answer.json()
    assert (answer.status_code, said["status"]) in {(200, "OK"), (503, "ERR")}
    assert world.nobody.get("/health").status_code in {200, 503}
    return said


def examined(world: World, database_url: str, check: str) -> list[Json]:
    """What `innkeep doctor` finds of this."""
    done = run_innkeep(world.server.data, "doctor", "--json", MODE="sandbox", DATABASE_URL=database_url)
    found: list[Json] = [finding for finding in json.loads(done.stdout)["findings"] if finding["check"] == check]
    if any(finding["state"] == "problem" for finding in found):
        assert done.returncode == 1
    return found


def well_again(world: World) -> None:
    """Everything works, and nobody has restarted anything."""
    until("it is well again", lambda: health(world)["status"] == "OK")


def logged(world: World, event: str) -> list[dict[str, Any]]:
    """The lines of the server's log that tell of this."""
    lines = [json.loads(line) for line in world.server.words().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]
