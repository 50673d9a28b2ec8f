"""What operators look at: every metric that dashboard and alert rules name is told by real processes."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.server import INNKEEP, START_SECONDS, Server, environment, free_port, run_innkeep, until
from tests.e2e.world import World
from tests.services.stubborn import refusing

DOCS = Path(__file__).parents[3] / "docs"
NAMED = re.compile(r"\b((?:innkeep|process)_[a-z_]+)(?:\{([^}]*)\})?")
BY = re.compile(r"\bby \(([^)]*)\)")
OF_PROMETHEUS = {"job", "instance"}
Labels = dict[str, set[str]]
"""Of each sample's name, the names of its labels."""


def told_at(port: int) -> Labels:
    """What a process tells, sample by sample."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).raise_for_status().text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {sample.name: {*sample.labels} for sample in samples}


@pytest.fixture(scope="module")
def watched(folders: Path) -> Iterator[World]:
    """A server of all roles, told of a Kafka that is not there, with a port for those who watch it."""
    settings = {"METRICS_PORT": str(free_port()), "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}
    server = Server(folders / "watched", settings)
    try:
        with World(server.start()) as world:
            world.listing(world.person())
            yield world
    finally:
        server.stop()


@pytest.fixture(scope="module")
def told(watched: World) -> Labels:
    return told_at(int(watched.server.settings["METRICS_PORT"]))


def rules() -> list[dict[str, Any]]:
    """The alert rules."""
    (group,) = yaml.safe_load((DOCS / "monitoring" / "alerts.yml").read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def panels() -> list[dict[str, Any]]:
    """The dashboard's panels."""
    found: list[dict[str, Any]] = json.loads((DOCS / "monitoring" / "dashboard.json").read_text())["panels"]
    return found


def asked() -> list[str]:
    """Every expression that dashboard and alert rules ask Prometheus."""
    return [rule["expr"] for rule in rules()] + [t["expr"] for panel in panels() for t in panel["targets"]]


def missing(expression: str, told: Labels) -> set[str]:
    """What the expression names and nobody tells: metrics, or labels that they have not."""
    named = NAMED.findall(expression)
    lacking = {name for name, _ in named if name not in told}
    known = set().union(*(told.get(name, set()) for name, _ in named)) | OF_PROMETHEUS
    wanted = {label.strip() for names in BY.findall(expression) for label in names.split(",")}
    wanted |= {re.split(r"[!=~]", said)[0].strip() for _, matched in named for said in matched.split(",") if said}
    return lacking | (wanted - known)


@pytest.mark.parametrize("expression", asked())
def test_all_that_is_asked_is_told(expression: str, told: Labels) -> None:
    """No panel stays empty, and no alarm silent, because a name is misspelt."""
    assert missing(expression, told) == set()


def test_a_misspelt_name_is_noticed(told: Labels) -> None:
    """Of a metric as of a label."""
    assert missing("max(innkeep_database_down) == 1", told) == {"innkeep_database_down"}
    assert missing('sum by (modell) (innkeep_dead_letters{mode="x"})', told) == {"modell", "mode"}


def test_each_alarm_says_what_to_do_and_where_that_is_written() -> None:
    """A sentence, and a section of the page about operations."""
    written = (DOCS / "operations.md").read_text()
    anchors = {line.strip("# ").lower().replace(" ", "-") for line in written.splitlines() if line.startswith("#")}
    assert rules()
    for rule in rules():
        file, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (DOCS.parent / file).is_file()
        assert anchor in anchors, rule["alert"]
        assert rule["annotations"]["description"].endswith(".")
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_panels_stand_beside_each_other(told: Labels) -> None:
    """None covers another, and each has its number once."""
    places = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels()
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(places) == len(set(places))
    assert len({panel["id"] for panel in panels()}) == len(panels())


@contextmanager
def alone(role: str, world: World, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process of one role beside the server, on the same database."""
    settings = world.server.settings | {"METRICS_PORT": str(port)}
    data = world.server.data
    process = subprocess.Popen(
        [INNKEEP, role, "--data", str(data / "innkeep")],
        cwd=data,
        env=environment(**settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(15) == 0


def health_of(port: int, data: Path) -> subprocess.CompletedProcess[str]:
    """`innkeep health`, as a container's health check asks it."""
    return run_innkeep(data, "health", METRICS_PORT=str(port))


@pytest.mark.parametrize(
    ("role", "work", "well"), [("projector", "projector", True), ("scheduler", None, True), ("relay", "relay", False)]
)
@pytest.mark.timeout(300)
def test_a_role_without_an_api_tells_of_its_own_work(role: str, work: str | None, well: bool, watched: World) -> None:
    """Metrics and health on a port of its own; what it does not do itself is not its illness."""
    port, data = free_port(), watched.server.data
    assert "nobody answers" in health_of(port, data).stderr
    with alone(role, watched, port):
        until("it answers", lambda: "nobody answers" not in health_of(port, data).stderr, START_SECONDS)
        if not well:  # Kafka is not there, and the one that leads says so
            watched.server.end()
            until("it is not well", lambda: "relay: " in health_of(port, data).stderr, START_SECONDS)
        ran = health_of(port, data)
        assert (ran.returncode, ran.stdout) == ((0, "well\n") if well else (1, "")), ran.stderr
        found = told_at(port)
        assert {"innkeep_database_up", "process_cpu_seconds_total"} <= set(found)
        assert ("innkeep_leads" in found) == (work is not None)


def test_health_is_told_who_answers_and_that_nobody_does(tmp_path: Path) -> None:
    """Somebody else at the port is not nobody; an address of the newer kind is an address."""
    with refusing() as other:
        port = int(other.rpartition(":")[2])
        ran = health_of(port, tmp_path)
        assert (ran.returncode, ran.stderr) == (1, f"who answers at {other}/health is no Innkeep: 403\n")
    ran = run_innkeep(tmp_path, "health", METRICS_HOST="::1", METRICS_PORT=str(free_port()))
    assert (ran.returncode, ran.stderr.startswith("nobody answers at http://[::1]:")) == (1, True), ran.stderr
