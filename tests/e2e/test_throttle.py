"""Failed logins are slowed, for known and unknown accounts alike.

On a server of its own, since an address is counted too.
"""

import httpx
import pytest

from tests.e2e.talk import ok, refused
from tests.e2e.world import PASSWORD, World


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    return own_world


def attempt(world: World, email: str, password: str = "not this one") -> httpx.Response:
    return world.nobody.post("/login", {"username": email, "password": password})


def test_after_five_failures_an_account_waits(world: World) -> None:
    person = world.person()
    for _ in range(5):
        refused(attempt(world, person.email), 401, "UNAUTHENTICATED")
    blocked = attempt(world, person.email.upper(), PASSWORD)
    refused(blocked, 429, "TOO_MANY_ATTEMPTS")
    assert 0 < int(blocked.headers["Retry-After"]) <= 15 * 60
    ok(person.get("/currentuser"))
    world.login(world.person().email)


def test_an_unknown_account_waits_alike(world: World) -> None:
    for _ in range(5):
        refused(attempt(world, "unknown@example.com"), 401, "UNAUTHENTICATED")
    blocked = attempt(world, "unknown@example.com")
    refused(blocked, 429, "TOO_MANY_ATTEMPTS")
    assert int(blocked.headers["Retry-After"]) > 0


def test_after_fifty_failures_an_address_waits(world: World) -> None:
    """Whatever accounts it tried; those who are logged in are not disturbed."""
    person = world.person()
    for n in range(50):
        attempt(world, f"guess{n}@example.com")
    refused(attempt(world, person.email, PASSWORD), 429, "TOO_MANY_ATTEMPTS")
    ok(person.get("/currentuser"))
