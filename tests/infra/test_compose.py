"""docker-compose.yml, read as its specification has it: no engine need be at hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from compose_spec.models import ComposeSpecification, Service

from infra.settings import setting_names

FILE = Path(__file__).parents[2] / "docker-compose.yml"


def composed() -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return told


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
    services = composed()["services"]
    assert all("healthcheck" in service for service in services.values())
    waited = services["innkeep"]["depends_on"]
    assert {name: how["condition"] for name, how in waited.items()} == {
        "postgres": "service_healthy",
        "opensearch": "service_healthy",
    }


def test_it_sets_only_settings_that_there_are() -> None:
    """A name that Innkeep does not know would keep it from starting."""
    assert set(composed()["services"]["innkeep"]["environment"]) <= set(setting_names())
