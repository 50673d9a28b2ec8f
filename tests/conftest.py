"""What every test may ask for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from infra.postgres.conninfo import with_search_path
from infra.postgres.embedded import EmbeddedPostgres
from tests.services import shared
from tests.services.java import NotHere

STARTING_SECONDS = 900
_left_out = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """The servers that the session's processes share are of the one process that all others come from."""
    if not hasattr(config, "workerinput"):
        shared.begin()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a real OpenSearch first waits for its download and start."""
    for item in items:
        if "opensearch" in getattr(item, "fixturenames", ()) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(STARTING_SECONDS))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Whatever the session started ends with it."""
    if not hasattr(config, "workerinput"):
        shared.end()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remember, for the summary, which real servers this machine could not run."""
    if not hasattr(session.config, "workerinput"):
        session.config.stash[_left_out] = shared.missing()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly what was left out."""
    for line in config.stash.get(_left_out, []):
        terminalreporter.write_line(f"LEFT OUT: all tests on a real {line}", red=True, bold=True)


@contextmanager
def fresh_schema(server: str) -> Iterator[str]:
    """The conninfo of a new schema on a server, dropped at the end."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    yield with_search_path(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '20s'")
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests and fixtures run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """The machine's own INNKEEP_ variables decide nothing in the tests, save those meant for tests."""
    outside = [name for name in os.environ if name.startswith("INNKEEP_") and not name.startswith("INNKEEP_TEST_")]
    with pytest.MonkeyPatch.context() as environment:
        for name in outside:
            environment.delenv(name)
        yield


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The conninfo of a PostgreSQL for this test process: INNKEEP_TEST_DATABASE_URL, else an embedded one."""
    given = os.environ.get("INNKEEP_TEST_DATABASE_URL")
    if given:
        yield given
        return
    server = EmbeddedPostgres.start(tmp_path_factory.mktemp("postgres", numbered=True), durable=False)
    try:
        yield server.conninfo
    finally:
        server.stop()


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    """The conninfo of an empty database of the test's own: a fresh schema, dropped afterwards.

    A transaction that the test leaves open fails it, since the schema cannot be dropped under it.
    """
    with fresh_schema(postgres) as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def module_database(postgres: str) -> Iterator[str]:
    """As `database`, shared by the tests of one module: for a server that all of them talk to."""
    with fresh_schema(postgres) as conninfo:
        yield conninfo


@pytest.fixture(scope="session")
def opensearch() -> str:
    """The address of an OpenSearch: INNKEEP_TEST_OPENSEARCH_URL, else one that this session starts where it can."""
    given = os.environ.get("INNKEEP_TEST_OPENSEARCH_URL")
    if given:
        return given
    try:
        return shared.opensearch()
    except NotHere as missing:
        pytest.skip(f"no real OpenSearch here: {missing}")


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """An empty folder for `--data`."""
    return tmp_path / "data"
