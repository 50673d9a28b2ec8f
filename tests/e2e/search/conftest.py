"""The people and the servers that tests of searches share: every test runs on either engine."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import serving
from tests.e2e.talk import Caller, Person
from tests.e2e.world import World

STARTING_SECONDS = 900


@contextmanager
def indexes_on(opensearch: str) -> Iterator[dict[str, str]]:
    """Settings with which a server keeps indexes of its own on this OpenSearch; they are gone at the end."""
    prefix = f"e2e_{uuid4().hex[:12]}"
    try:
        yield {"OPENSEARCH_URL": opensearch, "OPENSEARCH_PREFIX": prefix}
    finally:
        with httpx.Client(base_url=opensearch, timeout=60) as cluster:
            for name in cluster.get(f"/{prefix}-*", params={"filter_path": "*.aliases"}).json():
                cluster.delete(f"/{name}")


@contextmanager
def serving_with(opensearch: str | None, folders: Path) -> Iterator[World]:
    """A world with a server of its own that searches on this OpenSearch, else on its PostgreSQL."""
    with ExitStack() as stack:
        settings = stack.enter_context(indexes_on(opensearch)) if opensearch else {}
        yield stack.enter_context(serving(folders, **settings))


@pytest.fixture(
    scope="session",
    params=["postgresql", pytest.param("opensearch", marks=pytest.mark.timeout(STARTING_SECONDS))],
)
def engine(request: pytest.FixtureRequest) -> str | None:
    """The OpenSearch that a server searches with; none: it does so with its PostgreSQL."""
    return str(request.getfixturevalue("opensearch")) if request.param == "opensearch" else None


@pytest.fixture(scope="session")
def world(folders: Path, engine: str | None) -> Iterator[World]:
    """The server that all these tests share."""
    with serving_with(engine, folders) as world:
        yield world


@pytest.fixture(scope="module")
def own_world(folders: Path, engine: str | None) -> Iterator[World]:
    """A server of a module's own, for those that would disturb others or be disturbed."""
    with serving_with(engine, folders) as world:
        yield world


# Named as in the folder above, but of these servers.


@pytest.fixture(scope="session")
def nobody(world: World) -> Caller:
    return world.nobody


@pytest.fixture(scope="session")
def root(world: World) -> Person:
    return world.root


@pytest.fixture(scope="session")
def host(world: World) -> Person:
    return world.person()


@pytest.fixture(scope="session")
def guest(world: World) -> Person:
    return world.person()
