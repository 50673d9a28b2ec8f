"""A database that would break a promise is refused at the start, by name; one that only delays is warned of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from infra.postgres.embedded import EmbeddedPostgres
from infra.postgres.facts import Facts, facts_of
from infra.postgres.guards import CHECKS, DatabaseRefused, Finding, examine, guard
from infra.postgres.migrate import migrate
from infra.postgres.postmaster import Installation
from infra.postgres.writers import Writer
from tests.conftest import fresh_schema

Do = Callable[[str], None]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of this module's own, that allows prepared transactions and was left without fsync."""
    with TemporaryDirectory(prefix="innkeep-guards-") as folder:
        home = Path(folder) / "postgres"
        EmbeddedPostgres.start(home, durable=False).stop()
        with (home / "data" / "postgresql.conf").open("a") as settings:
            settings.write("max_prepared_transactions = 5\nwal_level = replica\n")
        running = EmbeddedPostgres.start(home, durable=False)
        try:
            yield running.conninfo
        finally:
            running.stop()


@pytest.fixture
def schema(server: str) -> Iterator[str]:
    with fresh_schema(server) as conninfo:
        yield conninfo


@pytest.fixture
async def log(schema: str) -> str:
    """A migrated schema of the server."""
    await migrate(schema)
    return schema


def run(conninfo: str, *statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


async def of(conninfo: str, name: str, *, production: bool = True) -> Finding:
    """What one check finds."""
    return next(found for found in await examine(conninfo, production=production) if found.name == name)


async def refused(conninfo: str, name: str, words: str) -> None:
    """That check refuses, in these words, and says what to do; so a start is refused."""
    found = await of(conninfo, name)
    assert found.severity == "refused", found
    assert words in found.told
    assert found.advice
    with pytest.raises(DatabaseRefused) as trouble:
        await guard(conninfo, production=True)
    assert "\n" not in str(trouble.value)


@contextmanager
def database(server: str, options: str = "") -> Iterator[str]:
    """The address of another database of the server."""
    name = f"guards_{uuid4().hex[:12]}"
    run(server, f"CREATE DATABASE {name} {options}")
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        run(server, f"DROP DATABASE {name} WITH (FORCE)")


async def test_every_check_has_a_name_of_its_own_and_advice() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.advice for check in CHECKS)


async def test_a_plain_server_is_refused_for_nothing(log: str) -> None:
    found = await examine(log, production=False)
    assert [finding for finding in found if finding.severity == "refused"] == []
    assert [finding.name for finding in found] == [check.name for check in CHECKS]


async def test_an_empty_database_is_refused_for_nothing(schema: str) -> None:
    warnings = await guard(schema, production=False)
    assert {finding.name for finding in warnings} >= {"fsync", "max_prepared_transactions"}


@pytest.mark.parametrize(
    ("change", "drawing"), [("CACHE 32", "CACHE 32"), ("INCREMENT 2", "INCREMENT 2"), ("CYCLE", "CYCLE")]
)
async def test_a_sequence_that_hands_positions_out_of_order_is_refused(log: str, change: str, drawing: str) -> None:
    run(log, f"ALTER SEQUENCE log_position {change}")
    await refused(log, "positions", drawing)
    run(log, "ALTER SEQUENCE log_position CACHE 1 INCREMENT 1 NO CYCLE")
    assert (await of(log, "positions")).severity == "fine"


async def test_a_sequence_behind_the_log_is_refused(log: str) -> None:
    run(log, f"INSERT INTO event VALUES (7, '{uuid4()}', 1, 'some.event.v1', '', '{uuid4()}')")
    await refused(log, "positions behind", "stands at 0, behind the log, which reaches to 7")
    run(log, "SELECT setval('log_position', (SELECT max(position) FROM event))")
    assert (await of(log, "positions behind")).severity == "fine"


@pytest.mark.parametrize("change", ["TABLE event", "TABLE command", "SEQUENCE log_position"])
async def test_a_log_that_a_crash_would_empty_is_refused(log: str, change: str) -> None:
    run(log, f"ALTER {change} SET UNLOGGED")
    await refused(log, "unlogged", change.split()[1])


async def test_a_database_that_takes_no_writes_is_refused(server: str) -> None:
    with database(server) as other:
        name = urlsplit(other).path[1:]
        run(server, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await refused(other, "read-only", "takes no writes")


async def test_another_encoding_is_refused(server: str) -> None:
    with database(server, "ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0") as other:
        await refused(other, "encoding", "SQL_ASCII")


async def test_a_standby_is_refused(server: str) -> None:
    with TemporaryDirectory(prefix="innkeep-standby-") as folder:
        home = Path(folder) / "postgres"
        home.mkdir()
        copy(server, home)
        standby = EmbeddedPostgres.start(home, durable=False)
        try:
            await refused(standby.conninfo, "standby", "the server is a standby")
        finally:
            standby.stop()


def copy(server: str, home: Path) -> None:
    """Make a standby of the server in that folder."""
    installation = Installation.find(home)
    installation.hand_over(home)
    command = ["pg_basebackup", "-d", server, "-D", str(home / "data"), "--write-recovery-conf", "--checkpoint=fast"]
    with (home / "copy.log").open("wb") as output:
        made = installation.spawn(command, folder=home, output=output)
        assert made.wait(60) == 0, (home / "copy.log").read_text()
    (home / "data" / ".s.PGSQL.5432.lock").unlink()  # the primary's


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_acknowledging_what_is_not_on_disk_is_refused_in_production_and_warned_of_in_sandbox(
    log: str, setting: str
) -> None:
    await refused(log, setting, f"{setting} is off")
    assert (await of(log, setting, production=False)).severity == "warning"


async def test_synchronous_commit_off_is_a_warning(server: str) -> None:
    with database(server) as other:
        run(server, f"ALTER DATABASE {urlsplit(other).path[1:]} SET synchronous_commit = off")
        assert (await of(other, "synchronous_commit")).severity == "warning"


@contextmanager
def prepared(conninfo: str, name: str) -> Iterator[None]:
    """A transaction that has written, and stands prepared."""
    run(conninfo, "CREATE TABLE IF NOT EXISTS theirs (n int)")
    run(conninfo, "BEGIN", "INSERT INTO theirs VALUES (1)", f"PREPARE TRANSACTION '{name}'")
    try:
        yield
    finally:
        with suppress(psycopg.errors.UndefinedObject):
            run(conninfo, f"ROLLBACK PREPARED '{name}'")


async def test_a_prepared_transaction_in_its_own_database_is_refused_and_named(log: str) -> None:
    with prepared(log, "left-behind"):
        await refused(log, "prepared", "the prepared transaction left-behind of role innkeep in database postgres")
    assert (await of(log, "prepared")).severity == "fine"


async def test_a_prepared_transaction_elsewhere_is_a_warning_until_it_is_old(server: str, log: str) -> None:
    with database(server) as other, prepared(other, "theirs"):
        found = await of(log, "prepared elsewhere")
        assert (found.severity, "theirs" in found.told) == ("warning", True)
        assert (await of(log, "prepared and forgotten")).severity == "fine"
        facts = await facts_of(log)
    (young,) = [writer for writer in facts.writers if writer.prepared]
    old = replace(facts, writers=(replace(young, seconds=61.0),))
    forgotten = next(check for check in CHECKS if check.name == "prepared and forgotten")
    assert forgotten.of(old, production=False).severity == "refused"


async def test_that_transactions_may_be_prepared_is_a_warning(log: str) -> None:
    found = await of(log, "max_prepared_transactions")
    assert (found.severity, "allows 5" in found.told) == ("warning", True)


async def test_a_server_that_lets_others_idle_for_ever_is_a_warning(log: str, server: str) -> None:
    assert (await of(log, "idle transactions")).severity == "fine"
    with database(server) as other:
        run(server, f"ALTER DATABASE {urlsplit(other).path[1:]} SET idle_in_transaction_session_timeout = 0")
        assert (await of(other, "idle transactions")).severity == "warning"


async def test_too_few_connections_are_a_warning(server: str) -> None:
    with database(server, "CONNECTION LIMIT 10") as other:
        found = await of(other, "connections")
        assert (found.severity, "at most 10 connections" in found.told) == ("warning", True)


async def test_a_role_that_may_not_see_other_sessions_is_a_warning(server: str) -> None:
    role = f"modest_{uuid4().hex[:8]}"
    run(server, f"CREATE ROLE {role} LOGIN")
    try:
        modest = urlsplit(server)
        modest = modest._replace(netloc=f"{role}@")
        assert (await of(modest.geturl(), "sight")).severity == "warning"
        assert (await of(server, "sight")).severity == "fine"
    finally:
        run(server, f"DROP ROLE {role}")


@pytest.fixture
async def facts(log: str) -> Facts:
    return await facts_of(log)


def judged(facts: Facts, name: str) -> Finding:
    return next(check for check in CHECKS if check.name == name).of(facts, production=True)


async def test_an_older_server_than_15_is_refused(facts: Facts) -> None:
    assert judged(facts, "version").severity == "fine"
    assert judged(replace(facts, version=150_000), "version").severity == "fine"
    found = judged(replace(facts, version=140_012), "version")
    assert (found.severity, "PostgreSQL 14" in found.told) == ("refused", True)


async def test_a_pooler_is_a_warning(facts: Facts) -> None:
    assert judged(facts, "pooler").severity == "fine"
    assert judged(replace(facts, pooled=True), "pooler").severity == "warning"


async def test_a_long_writer_is_a_warning(facts: Facts) -> None:
    writer = Writer("812", 4711, "reports", "idle in transaction", "books", "clerk", 90.0)
    found = judged(replace(facts, writers=(writer,)), "writers")
    assert found.severity == "warning"
    assert (
        "the transaction of process 4711 of reports (role clerk), idle in transaction, in database books" in found.told
    )
    assert judged(replace(facts, writers=(replace(writer, seconds=1.0),)), "writers").severity == "fine"


async def test_several_refusals_are_told_as_one_line_with_their_number(log: str) -> None:
    run(log, "ALTER SEQUENCE log_position CACHE 7")
    with pytest.raises(
        DatabaseRefused, match=r"^the database is refused: .*CACHE 7.* \(and 2 more: see innkeep doctor\)$"
    ):
        await guard(log, production=True)
