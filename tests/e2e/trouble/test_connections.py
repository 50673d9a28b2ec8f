"""The server allows no more connections: that is what everybody is told, until it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.e2e.server import until
from tests.e2e.talk import told
from tests.e2e.trouble.scene import examined, health, logged, serving_on, unavailable, well_again
from tests.e2e.world import World, rows
from tests.infra.event_store.proof.cluster import cluster

pytestmark = pytest.mark.timeout(300)  # a server of its own takes its time on a busy machine

FULL = "The database takes no more connections."
CROWDS = (FULL, "Too many readers are waiting for the database.")
HANG_UP: LiteralString = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE usename = 'app'"


@dataclass
class Doorkeeper:
    """A server on which Innkeep's role is no superuser, so that limits hold for it."""

    superuser: str
    url: str

    def allow(self, most: int) -> None:
        """From now on; those that are there are sent away first, as by a restart of the server."""
        limit = psycopg.sql.SQL("ALTER ROLE app CONNECTION LIMIT {}").format(most)
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute(limit)
            if most >= 0:
                connection.execute(HANG_UP)


@pytest.fixture(scope="module")
def door() -> Iterator[Doorkeeper]:
    with cluster() as server:
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            connection.execute("CREATE ROLE app LOGIN")
            connection.execute("CREATE DATABASE app OWNER app")
        yield Doorkeeper(server.conninfo, make_conninfo(server.conninfo, user="app", dbname="app"))


@pytest.fixture(autouse=True)
def nobody_is_left_out(door: Doorkeeper) -> Iterator[None]:
    """Whatever a test has come to, the next one begins with as many connections as are wanted."""
    yield
    door.allow(-1)


@pytest.fixture(scope="module")
def world(door: Doorkeeper, folders: Path) -> Iterator[World]:
    with serving_on(door.url, folders) as world:
        yield world


def test_no_connection_is_a_state_of_its_own(world: World, door: Doorkeeper) -> None:
    guest, place = world.person(), world.listing(world.person())
    stay = world.confirmed(guest, place)
    door.allow(0)
    unavailable(guest.post("/v1/reservations", world.stay(place, 60)), FULL)
    unavailable(guest.get("/v1/reservations"), FULL)
    unavailable(world.nobody.get("/v1/listings"), FULL)
    said = health(world)
    assert (said["status"], said["problems"]["database"], said["problems"]["readModels"]) == ("ERR", FULL, FULL)
    tell = {line["logger"] for line in logged(world, "trouble with the database") if line["told"] == FULL}
    assert {"event store", "projector"} <= tell
    door.allow(-1)
    well_again(world)
    assert world.see(guest, stay)["bookingStatus"] == "confirmed"
    world.confirmed(guest, place, ahead=60)


def test_the_doctor_says_where_to_raise_the_limit(world: World, door: Doorkeeper) -> None:
    door.allow(0)
    (found,) = examined(world, door.url, "database")
    door.allow(-1)
    assert found["state"] == "problem"
    assert "too many connections" in found["seen"]
    assert "CONNECTION LIMIT" in found["todo"]
    well_again(world)


def test_too_few_connections_leave_nobody_without_an_answer(world: World, door: Doorkeeper) -> None:
    """Some parts have one and others none: whoever needs one of those is told."""
    host = world.person()
    door.allow(4)
    answers = [
        host.ask(method, path, json=body)
        for _ in range(5)
        for method, path, body in (
            ("GET", "/v1/listings", None),
            ("POST", "/login", {"username": host.email, "password": host.password}),
            ("POST", "/v1/listings", {"title": "A barn"}),
        )
    ]
    for answer in answers:
        if answer.status_code == 503 and answer.json()["errCode"] == "UNAVAILABLE":
            unavailable(answer, *CROWDS)
        else:
            assert answer.status_code in {200, 201, 400, 503}, told(answer)
    assert any(answer.status_code == 503 for answer in answers)
    until("somebody who has none says so", lambda: health(world)["status"] == "ERR")
    door.allow(-1)
    well_again(world)
    place = world.listing(host)
    assert place["id"] in {row["id"] for row in rows(host, "/v1/listings", pageNumber=0)}
