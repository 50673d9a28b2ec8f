"""A server of a module's own, and an outside system with a key to it."""

import pytest

from tests.e2e.talk import Caller, ok
from tests.e2e.world import World


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """A server of this module's own, so that its feed holds what the tests here put in."""
    return own_world


@pytest.fixture(scope="module")
def key(world: World) -> Caller:
    """An outside system with an API key."""
    made = ok(world.root.post("/v1/apikeys", {"description": "erp", "active": True}), 201)["apiKey"]
    return Caller(world.http, {"ApiAuth": made["key"]})
