"""Behind a proxy: whom it forwards, and how, counts if it is one of those that are trusted, and not otherwise."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import serving
from tests.e2e.talk import refused
from tests.e2e.world import PASSWORD, World

TRUSTED, OTHER = "127.0.0.2", "127.0.0.3"


@pytest.fixture(scope="module")
def world(folders: Path) -> Iterator[World]:
    with serving(folders, TRUSTED_PROXIES=f"10.0.0.0/8,{TRUSTED}", LOGIN_FAILURES_PER_ADDRESS="2") as world:
        yield world


def login(world: World, proxy: str, caller: str, email: str, password: str = "not this one") -> httpx.Response:
    """As it arrives from a proxy at that address."""
    forwarded = {"X-Forwarded-For": f"198.51.100.9, {caller}", "X-Forwarded-Proto": "https"}
    with httpx.Client(base_url=world.server.url, transport=httpx.HTTPTransport(local_address=proxy)) as client:
        return client.post("/login", json={"username": email, "password": password}, headers=forwarded)


def test_who_calls_through_a_trusted_proxy_is_slowed_alone(world: World) -> None:
    """By the address that the proxy added, whatever the caller had said before."""
    for number in range(2):
        refused(login(world, TRUSTED, "203.0.113.7", f"guess{number}@example.com"), 401, "UNAUTHENTICATED")
    refused(login(world, TRUSTED, "203.0.113.7", "guess@example.com"), 429, "TOO_MANY_ATTEMPTS")
    refused(login(world, TRUSTED, "203.0.113.8", "guess@example.com"), 401, "UNAUTHENTICATED")


def test_who_is_no_trusted_proxy_has_his_own_address_whatever_he_says(world: World) -> None:
    for number in range(2):
        refused(login(world, OTHER, f"203.0.113.{20 + number}", f"try{number}@example.com"), 401, "UNAUTHENTICATED")
    refused(login(world, OTHER, "203.0.113.29", "try@example.com"), 429, "TOO_MANY_ATTEMPTS")


def test_a_cookie_is_secure_if_a_trusted_proxy_says_that_it_came_by_https(world: World) -> None:
    person = world.person()
    for proxy, secure in ((TRUSTED, True), ("127.0.0.4", False)):
        answer = login(world, proxy, "203.0.113.30", person.email, PASSWORD)
        assert ("Secure" in answer.headers["Set-Cookie"]) is secure
