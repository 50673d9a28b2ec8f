"""Secrets are shown nowhere, whatever fails: recognisable ones in every setting, and a look at all that is said."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.settings import PREFIX, Settings, SettingsError, load_settings
from tests.e2e.server import Server, free_port, run_innkeep, until
from tests.e2e.talk import line

MARK = "hush"
"""In every secret."""
NOBODY = free_port()
PLANTED = {
    "DATABASE_URL": f"postgresql://u:{MARK}database@127.0.0.1:{NOBODY}/d",
    "KAFKA_SASL_PASSWORD": f"{MARK}kafka",
    "OPENSEARCH_URL": f"https://u:{MARK}opensearch@127.0.0.1:{NOBODY}",
    "OPENSEARCH_API_KEY": f"{MARK}-opensearch-key",
    "SUPERADMIN_PASSWORD": f"{MARK}superadmin",
    "STRIPE_API_KEY": f"sk_test_{MARK}stripe",
    "STRIPE_WEBHOOK_SECRET": f"whsec_{MARK}webhook",
    "TRACING_ENDPOINT": f"http://u:{MARK}tracing@127.0.0.1:{NOBODY}",
    "TRACING_HEADERS": f"authorization=Bearer {MARK}header",
}
BESIDE = {
    "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{NOBODY}",
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_USERNAME": "innkeep",
    "SUPERADMIN_EMAIL": "root@innkeep.example",
    "LOG_LEVEL": "debug",
}
BY_USER = {name: value for name, value in PLANTED.items() if name != "OPENSEARCH_API_KEY"}
"""Who asks OpenSearch does it as a user, or by a key: either, never both."""
BY_KEY = PLANTED | {"OPENSEARCH_URL": f"https://127.0.0.1:{NOBODY}"}
MALFORMED = {
    "DATABASE_URL": f"postgresql://u:{MARK}database@127.0.0.1:port/d",
    "OPENSEARCH_URL": f"https//u:{MARK}opensearch@:x",
    "TRACING_ENDPOINT": f"u:{MARK}tracing@nowhere",
    "TRACING_HEADERS": f"{MARK}header",
    "OPENSEARCH_API_KEY": f"{MARK} opensearch key",
}


def test_every_secret_setting_is_planted() -> None:
    """So that a new one is looked for too."""
    secret = {name.upper() for name, field in Settings.model_fields.items() if SecretStr in _kinds(field.annotation)}
    assert set(PLANTED) == secret


def _kinds(annotation: object) -> set[object]:
    return {annotation, *getattr(annotation, "__args__", ())}


def said(folder: Path, *words: str, **settings: str) -> str:
    """All that a command says, however it ends."""
    ran = run_innkeep(folder, *words, **settings)
    return ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "words",
    [
        "settings",
        "doctor",
        "doctor --json",
        "serve",
        "api",
        "projector",
        "relay",
        "scheduler",
        "lag",
        "events",
        "health",
    ],
)
@pytest.mark.parametrize("planted", [BY_USER, BY_KEY | MALFORMED], ids=["away", "malformed"])
def test_no_command_says_one_when_every_link_fails(words: str, planted: dict[str, str], tmp_path: Path) -> None:
    """With nobody at the other end, and with addresses that are none."""
    text = said(tmp_path, *words.split(), **planted | BESIDE)
    assert text
    assert MARK not in text


@pytest.mark.parametrize("words", ["serve", "doctor"])
def test_a_user_and_a_key_for_opensearch_are_refused_without_either(words: str, tmp_path: Path) -> None:
    """In one sentence, and before anything else is tried: nobody is to guess which of them counts."""
    both = {name: PLANTED[name] for name in ("OPENSEARCH_URL", "OPENSEARCH_API_KEY")}
    text = said(tmp_path, words, "--data", str(tmp_path), MODE="sandbox", **both)
    assert "INNKEEP_OPENSEARCH_API_KEY is set, and INNKEEP_OPENSEARCH_URL has a user" in " ".join(text.split())
    assert MARK not in text


def test_settings_that_are_refused_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor in the traceback of the refusal, nor in what shows the settings whole."""
    for name, value in (PLANTED | BESIDE).items():
        monkeypatch.setenv(PREFIX + name, value)
    settings = load_settings(env_file=None)
    assert MARK not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    monkeypatch.setenv(f"{PREFIX}TOKEN_HOURS", f"{MARK}soon")
    with pytest.raises(SettingsError) as refused:
        load_settings(env_file=None)
    assert MARK not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("secrets", [BY_USER, BY_KEY], ids=["user", "key"])
def test_a_server_whose_links_all_fail_says_none(secrets: dict[str, str], folder: Path) -> None:
    """In its log, its health, its metrics and its answers, while it works and as it ends."""
    planted = {name: value for name, value in secrets.items() if name != "DATABASE_URL"}
    server = Server(folder / "server", planted | BESIDE | {"MODE": "sandbox", "PAYMENTS": "stripe"})
    server.launch()
    missed = {"relay", "search"}
    with line(server.url) as http:
        until("it answers", server.answers, 90)
        told = [http.get(path) for path in ("/health", "/admin/health", "/metrics", "/v1/search/listings?q=loft")]
        told.append(http.post("/login", json={"username": "root@innkeep.example", "password": f"{MARK}superadmin"}))
        told.append(http.get(f"/v1/users?access_token={MARK}token", headers={"Authorization": f"Bearer {MARK}token"}))
        until("the collector is missed", lambda: "opentelemetry" in server.words(), 60)
        until("each of them is missed", lambda: missed <= set(http.get("/health").json()["problems"]), 90)
        told += [http.get(path) for path in ("/health", "/admin/health")]
        doctor = said(server.data, "doctor", "--data", str(server.data / "innkeep"), **server.settings)
    server.end()
    told_by = {answer.request.url.path: answer.text for answer in told} | {"doctor": doctor, "log": server.words()}
    assert {name for name, text in told_by.items() if MARK in text} == set()
