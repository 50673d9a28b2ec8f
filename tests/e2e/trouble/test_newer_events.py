"""Events that only a newer release knows stand in the log of a running server: what they concern stops, no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.e2e.server import until
from tests.e2e.talk import Json, ok, told
from tests.e2e.trouble.scene import health, logged, serving_on, unavailable, well_again
from tests.e2e.world import World, rows

pytestmark = pytest.mark.timeout(300)  # a server of its own takes its time on a busy machine

NEWER = "This was changed by a newer release of Innkeep, which this one cannot read."
STATE = b'{"shape": "of tomorrow"}'
NEXT: LiteralString = "SELECT coalesce(max(version), 0) + 1 FROM event WHERE stream = %s"
COMMAND: LiteralString = """INSERT INTO command (id, name, role, tenant, request_id, at, position)
  VALUES (%s, 'doTomorrow', 'system', 'default', '', now(), 0)"""
EVENT: LiteralString = """INSERT INTO event (position, stream, version, name, state, command)
  VALUES (nextval('log_position'), %s, %s, %s, %s, %s) RETURNING position"""


@pytest.fixture(scope="module")
def database(module_database: str) -> str:
    return module_database


@pytest.fixture(scope="module")
def world(database: str, folders: Path) -> Iterator[World]:
    """One server for all of them: each ends as it began, with nothing restarted."""
    with serving_on(database, folders) as world:
        yield world


def recorded_by_a_newer_release(database: str, stream: str, name: str, state: bytes = STATE) -> int:
    """As it would be: in the stream's order, with its command, in one transaction. Its position."""
    command = uuid4()
    with psycopg.connect(database) as connection:
        ((version,),) = connection.execute(NEXT, [UUID(stream)]).fetchall()
        connection.execute("SELECT pg_current_xact_id()")
        connection.execute(COMMAND, [command])
        ((position,),) = connection.execute(EVENT, [UUID(stream), version, name, state, command]).fetchall()
    return int(position)


def forget(database: str, position: int) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM event WHERE position = %s", [position])


@pytest.mark.parametrize(
    ("name", "state"),
    [("listing.beautified.v1", STATE), ("listing.changed.v2", STATE), ("listing.changed.v1", b"not even JSON")],
)
def test_it_stops_what_it_concerns_and_nothing_else(world: World, database: str, name: str, state: bytes) -> None:
    """An unknown name, a newer version, a state that cannot be read: each of one listing."""
    host, guest = world.person(), world.person()
    theirs, other = world.listing(host), world.listing(host)
    kept = world.book(guest, theirs, ahead=90)
    well_again(world)
    strange = recorded_by_a_newer_release(database, theirs["id"], name, state)

    until("health names the event", lambda: f"listing is stopped by {name} at position {strange}" in problem(world))
    assert "reservation is" not in problem(world)
    lines = [line for line in logged(world, "read model stopped") if line["position"] == strange]
    assert ("listing", name) in {(line["model"], line["event_name"]) for line in lines}

    unavailable(host.patch(f"/v1/listings/{theirs['id']}", {"title": "Newer"}), NEWER)
    unavailable(guest.post("/v1/reservations", world.stay(theirs, 120)), NEWER)
    until("the log says so", lambda: any(name in line["why"] for line in logged(world, "unavailable")))

    stay = world.confirmed(guest, other)
    assert world.see(guest, stay)["bookingStatus"] == "confirmed"
    assert {row["id"] for row in rows(guest, "/v1/reservations")} == {kept["id"], stay["id"]}
    world.cancel(guest, stay)
    world.person()
    before = {"X-Event-Position": "1"}
    stale = ok(world.nobody.get(f"/v1/listings/{theirs['id']}", before))["listing"]
    assert stale["title"] == theirs["title"]

    forget(database, strange)
    well_again(world)
    assert changed(host, theirs)["title"] == "As ever"


def test_one_of_an_aggregate_that_nobody_knows_stops_all_read_models_and_no_command(
    world: World, database: str
) -> None:
    """It might concern any of them; no stream has it but its own."""
    host = world.person()
    place = world.listing(host)
    well_again(world)
    strange = recorded_by_a_newer_release(database, str(uuid4()), "voucher.granted.v1")
    until(
        "health names the event",
        lambda: f"user is stopped by voucher.granted.v1 at position {strange}" in problem(world),
    )
    assert changed(host, place)["title"] == "As ever"
    done = host.post("/v1/listings", {"title": "Another"})
    assert done.status_code in {201, 400}, told(done)
    forget(database, strange)
    well_again(world)
    assert ok(host.get(f"/v1/listings/{place['id']}"))["listing"]["title"] == "As ever"


def problem(world: World) -> str:
    return str(health(world)["problems"].get("readModels", ""))


def changed(host: Any, place: Json) -> Json:
    listing: Json = ok(host.patch(f"/v1/listings/{place['id']}", {"title": "As ever"}))["listing"]
    return listing
