"""What numbers and names say to the doctor, where a machine cannot be brought into that state for a test."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.doctor.database import schema_finding, skew_finding
from infra.doctor.disk import disk_finding
from infra.doctor.findings import Finding, Secrets, worst
from infra.doctor.settings import of_settings
from infra.settings import Settings, what_holds

NOON = datetime(2027, 5, 1, 12, tzinfo=UTC)
GB = 1_000_000_000


@pytest.mark.parametrize(
    ("free", "total", "state"),
    [
        (100 * GB, 500 * GB, "fine"),
        (1 * GB, 500 * GB, "warning"),
        (GB // 10, 500 * GB, "problem"),
        (0, 500 * GB, "problem"),
        (1 * GB, 10 * GB, "fine"),
        (GB // 3, 10 * GB, "warning"),
    ],
)
def test_room_on_the_disk(free: int, total: int, state: str) -> None:
    assert disk_finding(Path("data"), free, total).state == state


@pytest.mark.parametrize(
    ("seconds", "state", "said"),
    [
        (0.2, "fine", "agree"),
        (-0.5, "fine", "agree"),
        (3.1, "warning", "2 s ahead of this machine's"),
        (-600.0, "problem", "600 s behind this machine's"),
    ],
)
def test_clocks_are_apart_only_beyond_the_time_that_asking_took(seconds: float, state: str, said: str) -> None:
    """The answer came within a second: what lies inside it is no difference."""
    found = skew_finding(NOON, NOON + timedelta(seconds=seconds), NOON + timedelta(seconds=1))
    assert found.state == state
    assert said in found.seen


def test_migrations_ahead_behind_and_none() -> None:
    known = {1: "0001_log", 2: "0002_read_models"}
    assert schema_finding(known, known, running=True).state == "fine"
    behind = schema_finding(known, {1: "0001_log"}, running=True)
    assert (behind.state, "0002_read_models" in behind.seen, "restart" in behind.todo) == ("warning", True, True)
    ahead = schema_finding(known, known | {3: "0003_new"}, running=False)
    assert (ahead.state, "0003_new" in ahead.seen) == ("problem", True)


def test_the_whole_is_as_its_worst_part() -> None:
    fine, warning = Finding("a", "fine", ""), Finding("b", "warning", "", "do")
    assert worst([]) == worst([fine]) == "fine"
    assert worst([warning, fine]) == "warning"
    assert worst([fine, Finding("c", "problem", "", "do"), warning]) == "problem"


def test_secrets_are_hidden_in_every_spelling() -> None:
    url = SecretStr("postgresql://me:p%40ss-word@db.example/innkeep")
    secrets = Secrets.of(Settings(_env_file=None, database_url=url, stripe_api_key=SecretStr("sk_live_abcdefgh")))
    seen = secrets.hide(
        Finding("x", "problem", f"{url.get_secret_value()} p@ss-word\np%40ss-word sk_live_abcdefgh")
    ).seen
    for secret in ("p@ss", "p%40ss", "abcdefgh"):
        assert secret not in seen
    assert "\n" not in seen


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me@db.example/innkeep", True),
        ("postgresql://me@db.example/innkeep?sslmode=prefer", True),
        ("postgresql://me@db.example/innkeep?sslmode=verify-full", False),
        ("postgresql://me@127.0.0.1/innkeep", False),
        ("postgresql://me@/innkeep?host=/run/postgresql", False),
    ],
)
def test_a_database_elsewhere_should_be_reached_in_secret(url: str, said: bool, tmp_path: Path) -> None:
    settings = Settings(_env_file=None, mode="production", database_url=SecretStr(url))
    found = of_settings(settings, [], database_is_empty=False, env_file=tmp_path / ".env")
    assert any("without asking for encryption" in finding.seen for finding in found) == said


def test_sandbox_mode_needs_none_of_what_production_needs(tmp_path: Path) -> None:
    found = of_settings(
        Settings(_env_file=None, mode="sandbox"), [], database_is_empty=True, env_file=tmp_path / ".env"
    )
    assert worst(found) == "fine"


def test_what_holds_passes_over_what_is_not_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PAGE_ROWS": "many", "TERMS_HOLD_MINUTES": "long", "TOKEN_HOURS": "2", "XYZ": "red"}.items():
        monkeypatch.setenv(f"INNKEEP_{name}", value)
    settings, complaints = what_holds(env_file=None)
    assert (settings.page_rows, settings.terms.hold_minutes, settings.token_hours) == (25, 15, 2)
    assert [line.split(":")[0].split(";")[0] for line in sorted(complaints)] == [
        "INNKEEP_PAGE_ROWS",
        "INNKEEP_TERMS_HOLD_MINUTES",
        "unknown setting INNKEEP_XYZ",
    ]
