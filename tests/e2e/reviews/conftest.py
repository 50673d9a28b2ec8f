"""Two people and a stay of theirs that is over."""

import pytest

from tests.e2e.talk import Json, Person
from tests.e2e.world import World


@pytest.fixture
def hosting(world: World) -> Person:
    """A host of whom nobody has said anything yet."""
    return world.person()


@pytest.fixture
def staying(world: World) -> Person:
    return world.person()


@pytest.fixture
def stay(world: World, hosting: Person, staying: Person) -> Json:
    """A stay that is over."""
    return world.completed(staying, hosting)
