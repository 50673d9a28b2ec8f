"""The people and the server that end-to-end tests share: one server for each test process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import pytest

from tests.e2e.server import Server
from tests.e2e.talk import Caller, Person
from tests.e2e.world import World


@pytest.fixture(scope="session")
def folders() -> Iterator[Path]:
    """Where servers keep their data: not in pytest's own folder, which any other pytest closes to other accounts."""
    with TemporaryDirectory(prefix="innkeep-e2e-") as folder:
        yield Path(folder)


@pytest.fixture
def folder(folders: Path) -> Path:
    """An empty folder for a test's own server."""
    return Path(mkdtemp(dir=folders))


@contextmanager
def serving(folders: Path, **settings: str) -> Iterator[World]:
    """A world with a server of its own, in sandbox mode with its embedded database.

    That SIGTERM ends the server in time is checked each time.
    """
    server = Server(Path(mkdtemp(dir=folders)) / "server", settings)
    try:
        with World(server.start()) as world:
            world.morning()  # midnight is far from whatever the tests do
            yield world
    finally:
        server.stop()


@pytest.fixture(scope="session")
def world(folders: Path) -> Iterator[World]:
    """The server that all tests of a process share, unless a module says otherwise."""
    with serving(folders) as world:
        yield world


@pytest.fixture(scope="module")
def own_world(folders: Path) -> Iterator[World]:
    """A server of a module's own, for those that would disturb others or be disturbed."""
    with serving(folders) as world:
        yield world


@pytest.fixture(scope="session")
def server(world: World) -> Server:
    return world.server


@pytest.fixture(scope="session")
def nobody(world: World) -> Caller:
    return world.nobody


@pytest.fixture(scope="session")
def root(world: World) -> Person:
    """The superAdmin."""
    return world.root


@pytest.fixture(scope="session")
def admin(world: World) -> Person:
    """An admin who is not a superAdmin."""
    return world.person("admin")


@pytest.fixture(scope="session")
def moderator(world: World) -> Person:
    return world.person("moderator")


@pytest.fixture(scope="session")
def host(world: World) -> Person:
    return world.person()


@pytest.fixture(scope="session")
def guest(world: World) -> Person:
    return world.person()


@pytest.fixture(scope="session")
def stranger(world: World) -> Person:
    """Someone with an account and nothing to do with anything."""
    return world.person()
