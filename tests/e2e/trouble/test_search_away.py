"""The search engine is behind, hangs, or is gone: searches say so in time, all else goes on, and it mends by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import serving
from tests.e2e.server import until
from tests.e2e.talk import POSITION, Json, Person, ok, position, refused
from tests.e2e.trouble.scene import health, unavailable, well_again
from tests.e2e.world import World
from tests.services.java import NotHere
from tests.services.opensearch import OpenSearchServer

pytestmark = pytest.mark.timeout(900)  # the engine is fetched and started first

SEARCH = "/v1/search/listings"
AWAY = ("The search engine is away; try again.", "The search engine is busy; try again.")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSearchServer]:
    """A node that may hang and be killed."""
    try:
        engine = OpenSearchServer(tmp_path_factory.mktemp("opensearch"), heap=256)
    except NotHere as missing:
        pytest.skip(f"no real OpenSearch here: {missing}")
    engine.start()
    try:
        yield engine
    finally:
        engine.kill()


@pytest.fixture(scope="module")
def world(engine: OpenSearchServer, folders: Path) -> Iterator[World]:
    """A server that searches on it."""
    with serving(folders, OPENSEARCH_URL=engine.url, READ_WAIT_SECONDS="1.5") as world:
        yield world


@pytest.fixture(scope="module")
def guest(world: World) -> Person:
    return world.person()


@pytest.fixture(scope="module")
def loft(world: World) -> Json:
    return world.listing(world.person())


def asked(world: World, at: int | None = None) -> httpx.Response:
    """A search for the night that is booked, by somebody who wrote nothing."""
    headers = {} if at is None else {POSITION: str(at)}
    dates = {"checkIn": world.day(30), "checkOut": world.day(31)}
    with httpx.Client(base_url=world.server.url, timeout=60) as stranger:
        return stranger.get(SEARCH, params=dates, headers=headers)


def ids(answer: httpx.Response) -> list[str]:
    return [row["id"] for row in ok(answer)["listings"]]


def test_who_asks_for_more_than_it_has_is_told_to_come_back(
    world: World, engine: OpenSearchServer, guest: Person, loft: Json
) -> None:
    """As with a full disk it takes no writes: what it has is found, what it has not is 503 until it has it."""
    assert ids(asked(world, world.mark.position)) == [loft["id"]]
    blocks = {"index.blocks.read_only_allow_delete": True}
    httpx.put(f"{engine.url}/innkeep-*/_settings", json=blocks).raise_for_status()
    booked = guest.post("/v1/reservations", world.stay(loft, nights=1))
    reservation = ok(booked, 201)["reservation"]
    refused(asked(world, position(booked)), 503, "READ_BEHIND")
    assert int(asked(world, position(booked)).headers["Retry-After"]) >= 1
    assert ids(asked(world)) == [loft["id"]], "nobody promised a stranger more"
    assert world.see(guest, reservation)["bookingStatus"] == "pending"
    assert "takes no writes" in health(world)["problems"]["search"]
    httpx.put(f"{engine.url}/innkeep-*/_settings", json=dict.fromkeys(blocks)).raise_for_status()
    well_again(world)
    until("the night is gone", lambda: asked(world, position(booked)).is_success)
    assert ids(asked(world, position(booked))) == []
    ok(guest.patch(f"/v1/reservations/{reservation['id']}", {"bookingStatus": "cancelled"}))


def test_while_it_hangs_searches_answer_503_and_all_else_goes_on(
    world: World, engine: OpenSearchServer, guest: Person, loft: Json
) -> None:
    """Bookings, gets and lists have nothing to do with it; what happened meanwhile is found afterwards."""
    engine.freeze()
    try:
        stay = world.book(guest, loft, nights=1)
        unavailable(asked(world), *AWAY)
        refused(asked(world, world.mark.position), 503)
        refused(guest.get("/bff-api/listing/list"), 503)
        assert world.see(guest, stay)["bookingStatus"] == "pending"
        assert ok(guest.get("/v1/listings"))["listings"]
        until("health tells", lambda: "search" in health(world).get("problems", {}))
    finally:
        engine.thaw()
    well_again(world)
    assert ids(asked(world, world.mark.position)) == []
    world.cancel(guest, stay)
    assert ids(asked(world, world.mark.position)) == [loft["id"]]


def test_after_a_kill_it_is_caught_up_with(world: World, engine: OpenSearchServer, guest: Person, loft: Json) -> None:
    """At once 503, and when it is back the night that was booked meanwhile is gone."""
    engine.kill()
    stay = world.book(guest, loft, nights=1)
    unavailable(asked(world), *AWAY)
    engine.start()
    well_again(world)
    assert ids(asked(world, world.mark.position)) == []
    assert world.see(guest, stay)["bookingStatus"] == "pending"
