"""Search indexes as operators look after them: lag, dead letters, rebuilds and the way back, on the command line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.search.conftest import STARTING_SECONDS, indexes_on
from tests.e2e.server import run_innkeep, until
from tests.e2e.talk import Json, ok
from tests.e2e.trouble.scene import health, serving_on, well_again
from tests.e2e.world import World

pytestmark = pytest.mark.timeout(STARTING_SECONDS)
MODEL = "search:listing"


class Operator:
    """Someone with a shell on the machine of a server, and the engine's address."""

    def __init__(self, world: World, cluster: httpx.Client, settings: dict[str, str]) -> None:
        self.world, self.cluster, self._settings = world, cluster, settings

    def run(self, *words: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """The command, when it has ended; without a code, however."""
        done = run_innkeep(self.world.server.data, *words, MODE="sandbox", **self._settings)
        assert code in {None, done.returncode}, done.stdout + done.stderr
        return done

    def innkeep(self, *words: str, code: int | None = 0) -> str:
        """What the command says."""
        done = self.run(*words, code=code)
        return done.stdout + done.stderr

    def asked(self, *words: str) -> Any:
        """The same, as programs read it."""
        return json.loads(self.run(*words, "--json").stdout)

    @property
    def version(self) -> str:
        """The name of the version that searches of listings ask."""
        shown = self.cluster.get(f"/_alias/{self._settings['OPENSEARCH_PREFIX']}-*-listing").raise_for_status().json()
        (name,) = shown
        return str(name)

    def break_index(self) -> str:
        """Show a version that takes no title, as somebody's slip of the hand might. Answers its name."""
        good = self.version
        mappings = self.cluster.get(f"/{good}/_mapping").raise_for_status().json()[good]["mappings"]
        mappings["properties"]["own"]["properties"]["f"]["properties"]["title"]["properties"]["r"] = {"type": "date"}
        bad = good.rpartition("-v")[0] + "-v7"
        self.cluster.put(f"/{bad}", json={"mappings": mappings}).raise_for_status()
        alias = good.rpartition("-v")[0]
        actions = [{"remove": {"index": good, "alias": alias}}, {"add": {"index": bad, "alias": alias}}]
        self.cluster.post("/_aliases", json={"actions": actions}).raise_for_status()
        return bad


@pytest.fixture
def operator(module_database: str, folders: Path, opensearch: str) -> Iterator[Operator]:
    with (
        indexes_on(opensearch) as settings,
        httpx.Client(base_url=opensearch, timeout=60) as cluster,
        serving_on(module_database, folders, **settings) as world,
    ):
        yield Operator(world, cluster, settings | {"DATABASE_URL": module_database})


def found(world: World) -> list[str]:
    return [row["id"] for row in ok(world.nobody.get("/v1/search/listings"))["listings"]]


def test_what_an_index_rejects_is_told_tried_again_and_mended_by_a_rebuild(operator: Operator) -> None:
    """List, show, retry and drop of dead letters; a rebuild, the way back, and the end of what was kept."""
    world = operator.world
    host = world.person()
    loft, villa = world.listing(host), world.listing(host)
    assert set(found(world)) == {loft["id"], villa["id"]}
    lags: dict[str, Json] = {one["name"]: one for one in operator.asked("lag")}
    assert (lags[MODEL]["events_behind"], lags[MODEL]["dead_letters"]) == (0, 0)

    bad = operator.break_index()
    ok(host.patch(f"/v1/listings/{loft['id']}", {"title": "Loft by the river"}))
    until("both are set aside", lambda: len(operator.asked("dead-letters", "list", "--model", MODEL)) == 2)
    assert next(one for one in operator.asked("lag") if one["name"] == MODEL)["dead_letters"] == 2
    assert "2 dead letters of listing" in health(world)["warnings"]["search"]
    letter = operator.asked("dead-letters", "show", MODEL, loft["id"])
    assert (letter["name"], "own.f.title.r" in letter["reason"]) == ("listing.changed.v1", True), letter
    assert "still cannot take in" in operator.innkeep("dead-letters", "retry", MODEL, loft["id"], code=2)
    assert "given up" in operator.innkeep("dead-letters", "drop", MODEL, villa["id"])
    assert "nothing of" in operator.innkeep("dead-letters", "retry", MODEL, villa["id"], code=2)

    told = operator.innkeep("rebuild", MODEL)
    assert "shown as of position" in told
    assert "2/2" in told, "its progress"
    until("it is searched", lambda: set(found(world)) == {loft["id"], villa["id"]})
    assert operator.version != bad
    until("it follows it", lambda: "problem" not in health(world)["parts"]["search"])
    operator.innkeep("dead-letters", "retry", MODEL, loft["id"], code=None)  # unless the indexer was quicker
    assert operator.asked("dead-letters", "list", "--model", MODEL) == []
    assert bad in operator.innkeep("rebuild", MODEL, "--drop-old")
    well_again(world)

    first = operator.version
    (made,) = operator.asked("rebuild", MODEL, "--afresh")
    assert (made["model"], made["position"] > 0) == (MODEL, True)
    second = operator.version
    ok(host.patch(f"/v1/listings/{villa['id']}", {"isPublished": False}))
    assert found(world) == [loft["id"]]
    assert "shown as of position" in operator.innkeep("rebuild", MODEL, "--back")
    assert operator.version == first != second
    assert found(world) == [loft["id"]]
    assert second in operator.innkeep("rebuild", MODEL, "--drop-old")
    assert "no version" in operator.innkeep("rebuild", MODEL, "--back", code=2)
    assert "There is no search index nothing" in operator.innkeep("rebuild", "search:nothing", code=2)
