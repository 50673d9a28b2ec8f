"""docker-compose.yml, read as its specification has it: no engine need be at hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from compose_spec.models import ComposeSpecification, Service

from infra.roles import Role
from infra.settings import setting_names
from tests.e2e.server import INNKEEP

FILE = Path(__file__).parents[2] / "docker-compose.yml"


def composed() -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return told


def innkeeps() -> dict[str, Any]:
    """The services that are Innkeep's own."""
    return {name: service for name, service in composed()["services"].items() if "build" in service}


def test_it_is_what_the_specification_allows() -> None:
    """Of the right form, and without a key that is misspelt."""
    told = composed()
    ComposeSpecification.model_validate(told)
    known = {field.alias or name for name, field in Service.model_fields.items()}
    assert {key for service in told["services"].values() for key in service} <= known


def test_a_linter_finds_no_danger_in_it() -> None:
    """It fails on what is high or worse."""
    lint = [str(Path(sys.executable).with_name("compose-lint")), str(FILE)]
    ran = subprocess.run(lint, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout


def test_every_service_is_watched_and_waited_for() -> None:
    """Each has a health check, and Innkeep starts once the others are well."""
    assert all("healthcheck" in service for service in composed()["services"].values())
    for service in innkeeps().values():
        assert {name: how["condition"] for name, how in service["depends_on"].items()} == dict.fromkeys(
            ("postgres", "kafka", "opensearch"), "service_healthy"
        )


def test_every_role_is_there_and_is_started_by_words_that_innkeep_knows() -> None:
    """Two of the API, one of each other."""
    started = [service["command"] for service in innkeeps().values()]
    assert sorted(words[0] for words in started) == sorted([*Role, Role.API])
    for words in started:
        told = subprocess.run([INNKEEP, words[0], "--help"], capture_output=True, text=True, timeout=60, check=True)
        assert all(word in told.stdout for word in words[1:] if word.startswith("--"))


def test_health_is_asked_where_it_is_told() -> None:
    """By the product's own command, on the port of metrics, which every role has."""
    for service in innkeeps().values():
        assert service["healthcheck"]["test"] == ["CMD", "/innkeep/bin/innkeep", "health"]
        assert service["environment"]["INNKEEP_METRICS_PORT"]


def test_what_listens_to_others_of_this_machine_does_so_on_loopback() -> None:
    """Ports are published to this machine alone, and each once."""
    published = [port for service in composed()["services"].values() for port in service.get("ports", [])]
    assert len(published) == len(set(published)) == 2
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_it_sets_only_settings_that_there_are() -> None:
    """A name that Innkeep does not know would keep it from starting."""
    for service in innkeeps().values():
        assert set(service["environment"]) <= set(setting_names())
