"""`innkeep doctor`: what is wrong is found, named, and given a remedy; what is secret is not printed."""

import json
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from domain.catalogue import RESOURCES
from domain.credential import Credential
from infra.doctor.findings import HIDDEN
from infra.postgres.conninfo import with_search_path
from infra.postgres.migrate import migrate
from infra.read_models.catalogue import prepare
from infra.read_models.side import models_of
from projections.catalogue import PROJECTIONS
from tests.e2e.server import Server, run_innkeep
from tests.e2e.world import World

Finding = dict[str, str]
ROOT = {"SUPERADMIN_EMAIL": "root@example.com", "SUPERADMIN_PASSWORD": "a long password"}


class Told(NamedTuple):
    """How a doctor ended, and what it said."""

    code: int
    findings: list[Finding]
    text: str

    def of(self, check: str) -> list[Finding]:
        return [finding for finding in self.findings if finding["check"] == check]

    def states(self, check: str) -> list[str]:
        return [finding["state"] for finding in self.of(check)]

    def seen(self, check: str) -> str:
        return " | ".join(f"{finding['seen']} → {finding['todo']}" for finding in self.of(check))


def doctor(folder: Path, *words: str, **settings: str) -> Told:
    """What it finds, as JSON; it says nothing beside."""
    done = run_innkeep(folder, "doctor", "--json", *words, **settings)
    assert done.stderr == "", done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert [list(finding) for finding in told["findings"]] == [["check", "state", "seen", "todo"]] * len(
        told["findings"]
    )
    states = {finding["state"] for finding in told["findings"]}
    assert told["state"] == next(state for state in ("problem", "warning", "fine") if state in states)
    assert done.returncode == (1 if told["state"] == "problem" else 0)
    assert all(finding["todo"] for finding in told["findings"] if finding["state"] != "fine"), "a remedy for each"
    return Told(done.returncode, told["findings"], done.stdout)


async def test_every_ailment_of_a_database_is_found_in_one_look(database: str, tmp_path: Path) -> None:
    await migrate(database)
    await prepare(database, models_of(PROJECTIONS, RESOURCES))
    with psycopg.connect(database, autocommit=True) as ill:
        ill.execute("UPDATE clock SET ahead = 86400000000")
        ill.execute("UPDATE read_model SET position = 500")
        ill.execute("UPDATE read_model SET declaration = 'another' WHERE name = 'user'")
        ill.execute("UPDATE read_model SET position = 501 WHERE name = 'dispute'")
        ill.execute(
            "UPDATE read_model SET state = 'stopped', failed_position = 500, failed_event = 'rocket.launched.v9',"
            " error = 'UnknownEvent: no event is known by the name' WHERE name = 'listing'"
        )
        ill.execute("UPDATE read_model SET position = 499 WHERE name = 'review'")
        ill.execute("UPDATE read_model SET position = 498 WHERE name IN ('operator', 'apiKey')")
        ill.execute("INSERT INTO deadline VALUES ('expireHold', gen_random_uuid(), now() - interval '1 hour', 1)")
        for _ in range(2):
            ill.execute("INSERT INTO deadline VALUES ('resumeRefund', gen_random_uuid(), now() + interval '2 days', 1)")
        ill.execute(
            "INSERT INTO command (id, name, role, tenant, request_id, at, key, position, recorded_at)"
            " VALUES (%s, 'x', 'system', 'default', '', now(), 'key', 500, now() - interval '3 days')",
            [command := uuid4()],
        )
        ill.execute("INSERT INTO event VALUES (500, %s, 1, 'rocket.launched.v9', '{}', %s)", [uuid4(), command])
        ill.execute("SET application_name = 'innkeep writer 1'")
        told = doctor(tmp_path, DATABASE_URL=database, PAYMENTS="simulator", **ROOT)
    assert told.code == 1
    assert told.states("product clock") == ["problem"]
    assert "nobody fills the read models" in told.seen("read models")
    assert told.states("read model listing") == ["problem"]
    assert "rocket.launched.v9 at 500: UnknownEvent" in told.seen("read model listing")
    assert "innkeep rebuild user" in told.seen("read model user")
    assert "past the end of the log, 500" in told.seen("read model dispute")
    assert told.states("read model review") == ["problem"]
    assert "1 events behind" in told.seen("read model review")
    assert "apiKey, operator" in told.seen("read models"), "what stands at one position is one finding"
    assert told.states("deadlines") == ["problem"]
    assert "1 are overdue" in told.seen("deadlines")
    assert told.states("refunds") == ["warning"]
    assert "2 stays wait" in told.seen("refunds")
    assert told.states("housekeeping") == ["warning"]
    assert told.states("signing key") == ["warning"]
    assert told.states("superAdmin") == ["problem"]
    assert "setval('log_position'" in told.seen("fences: positions behind")
    assert "writer 1" in told.seen("processes")
    assert "no money moves" in told.seen("settings")
    assert told.states("log") == ["fine"]


async def test_how_far_a_schema_is_migrated_and_what_time_it_is_there(database: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": database, "MODE": "sandbox"}
    never = doctor(tmp_path, **settings)
    assert (never.code, never.states("schema")) == (0, ["warning"]), "warnings alone are exit 0"
    assert "never started" in never.seen("schema")
    with psycopg.connect(database, autocommit=True) as connection:
        left = connection.execute("SELECT current_schema(), to_regclass('migration')").fetchone()
    assert left is not None
    schema, migrations = left
    assert migrations is None, "a doctor changes nothing"
    await migrate(database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE migration SET number = 9999, name = '9999_from_tomorrow' WHERE number = 1")
        connection.execute(
            "CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql"
            " AS 'SELECT pg_catalog.clock_timestamp() - interval ''90 s'''"
        )
    settings["DATABASE_URL"] = with_search_path(database, f"{schema},pg_catalog")
    told = doctor(tmp_path, **settings)
    assert told.states("schema") == ["problem"]
    assert "9999_from_tomorrow" in told.seen("schema")
    assert told.states("clock") == ["problem"]
    assert "90 s behind this machine's" in told.seen("clock")
    assert told.states("read models") == ["warning"] * len(told.of("read models"))


async def test_what_only_looks_is_no_innkeep_at_work(database: str, tmp_path: Path) -> None:
    """Somebody who follows the log, or rebuilds, fills no read models, and nobody need."""
    await migrate(database)
    with psycopg.connect(database, autocommit=True) as one, psycopg.connect(database, autocommit=True) as other:
        one.execute("SET application_name = 'innkeep feed'")
        other.execute("SET application_name = 'innkeep listener'")
        told = doctor(tmp_path, DATABASE_URL=database, MODE="sandbox")
        assert "no Innkeep is running" in told.seen("processes")
        assert "nobody fills the read models" not in told.text


async def test_what_cannot_be_examined_is_a_finding_and_the_rest_goes_on(database: str, tmp_path: Path) -> None:
    """Such as a password that a newer release has set."""
    await migrate(database)
    await prepare(database, models_of(PROJECTIONS, RESOURCES))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO doc_user (id, body, position) VALUES (%s, %s, 1)",
            [user := uuid4(), Jsonb({"roleId": "superAdmin", "isActive": True})],
        )
        connection.execute(
            "INSERT INTO command (id, name, role, tenant, request_id, at, position)"
            " VALUES (%s, 'x', 'system', 'default', '', now(), 1)",
            [command := uuid4()],
        )
        connection.execute(
            "INSERT INTO event VALUES (1, %s, 1, 'credential.passkey_set.v1', '{}', %s)",
            [Credential.id_of(user), command],
        )
    told = doctor(tmp_path, DATABASE_URL=database, MODE="sandbox")
    assert told.states("superAdmin") == ["warning"]
    assert "credential.passkey_set.v1" in told.seen("superAdmin")
    assert told.of("deadlines")


SECRETS = {
    "STRIPE_API_KEY": "sk_live_51VerySecretKey",
    "STRIPE_WEBHOOK_SECRET": "whsec_VerySecretToo",
    "SUPERADMIN_EMAIL": "root@example.com",
    "SUPERADMIN_PASSWORD": "hunter2-and-more",
}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://innkeep:s3cr%40t-pw@127.0.0.1:1/s3cr%40t-pw", "cannot be reached"),
        ("postgres//innkeep:s3cr%40t-pw@db.example/innkeep", "is no address of a database"),
    ],
)
def test_no_secret_is_printed_whatever_is_wrong(tmp_path: Path, url: str, said: str) -> None:
    """A server's complaint may repeat the address that it was asked with."""
    secrets = [*SECRETS.values(), "s3cr%40t-pw", "s3cr@t-pw"]
    secrets.remove("root@example.com")
    for words in ((), ("--json",)):
        done = run_innkeep(tmp_path, "doctor", *words, DATABASE_URL=url, **SECRETS)
        assert done.returncode == 1
        assert said in done.stdout
        for secret in secrets:
            assert secret not in done.stdout + done.stderr
    for command in ("events", "serve"):
        done = run_innkeep(tmp_path, command, DATABASE_URL=url, **SECRETS)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert "s3cr" not in done.stderr.replace('database "s3cr@t-pw"', "")


def test_settings_that_no_start_would_take_are_all_named_at_once(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("INNKEEP_FLAVOUR=mint\nINNKEEP_STRIPE_WEBHOOK_SECRET=whsec_innkeep\n")
    (tmp_path / ".env").chmod(0o644)
    told = doctor(
        tmp_path,
        DATABSE_URL="postgresql://x",
        PAGE_ROWS="many",
        MODE="production",
        LOG_LEVEL="debug",
        FEED_ENTRIES="20000",
        STRIPE_API_KEY="sk_test_1234567890",
        STRIPE_API_BASE="http://stripe.example",
        ALLOWED_ORIGINS="http://innkeep.example,https://good.example",
        TRUSTED_PROXIES="*",
        PASSWORD_HASH_ROUNDS="1",
        **ROOT,
    )
    assert told.code == 1
    seen = told.seen("settings")
    for words in (
        "unknown setting INNKEEP_DATABSE_URL; did you mean INNKEEP_DATABASE_URL?",
        "unknown setting INNKEEP_FLAVOUR",
        "INNKEEP_PAGE_ROWS: input should be a valid integer",
        "INNKEEP_LOG_LEVEL is debug",
        "INNKEEP_FEED_ENTRIES is 20000, more than the most, 10000",
        "INNKEEP_STRIPE_WEBHOOK_SECRET is the sandbox's default",
        "INNKEEP_STRIPE_API_KEY is a test key",
        "INNKEEP_STRIPE_API_BASE is not https",
        "INNKEEP_ALLOWED_ORIGINS has http://innkeep.example",
        "INNKEEP_TRUSTED_PROXIES is *",
        "INNKEEP_PASSWORD_HASH_ROUNDS",
        "everybody on this machine can read .env",
    ):
        assert words in seen
    assert "good.example" not in seen
    assert "there is no database in .innkeep" in told.seen("database")
    assert not (tmp_path / ".innkeep").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"KAFKA_READ_MODELS": "all"}, "INNKEEP_KAFKA_READ_MODELS needs a Kafka"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "k:1", "KAFKA_READ_MODELS": "listings"}, "names listings; there are all, "),
        ({"KAFKA_BOOTSTRAP_SERVERS": "k:1", "KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "INNKEEP_KAFKA_SASL_USERNAME and"),
        ({"TRACING_ENDPOINT": "http://t:1", "TRACING_HEADERS": "x"}, "INNKEEP_TRACING_HEADERS is a list"),
    ],
)
def test_halves_of_what_belongs_to_other_services_are_found(
    tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    told = doctor(tmp_path, MODE="sandbox", **settings)
    assert told.states("settings") == ["problem"]
    assert words in told.seen("settings")


def test_a_sandbox_that_runs_is_well_and_would_be_no_production(server: Server, world: World, tmp_path: Path) -> None:
    world.person()
    data = ("--data", str(server.data / "innkeep"))
    well = doctor(tmp_path, *data, MODE="sandbox")
    assert {finding["state"] for finding in well.findings} == {"fine"}, well.text
    assert "projector" in well.seen("processes")
    assert {"settings", "database", "fences", "schema", "clock", "disk"} <= {f["check"] for f in well.findings}
    text = run_innkeep(tmp_path, "doctor", *data, MODE="production", PAYMENTS="simulator", **ROOT)
    assert text.returncode == 1
    assert "has the sandbox's password" in text.stdout
    assert "→ change it now" in text.stdout
    assert "✗ product clock" in text.stdout
    assert "\x1b" not in text.stdout, "colours are for terminals"
    assert HIDDEN not in text.stdout


def test_an_embedded_database_that_stands_still_is_examined_and_stands_still_again(
    folder: Path, tmp_path: Path
) -> None:
    settings = {"MODE": "production", "PAYMENTS": "simulator"} | ROOT
    server = Server(folder / "server", settings)
    try:
        server.start()
        assert server.end() == 0
        told = doctor(tmp_path, "--data", str(server.data / "innkeep"), **settings)
        assert told.code == 0, told.text
        assert "no Innkeep is running" in told.seen("processes")
        assert told.states("read models") == ["fine"]
        assert told.states("superAdmin") == ["fine"]
        assert not (server.data / "innkeep" / "postgres" / "data" / "postmaster.pid").exists()
    finally:
        server.stop()
