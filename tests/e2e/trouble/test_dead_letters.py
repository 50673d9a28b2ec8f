"""One listing with an event that no read model can take in: all about the others goes on, and it can be mended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.e2e.server import run_innkeep, until
from tests.e2e.talk import ok
from tests.e2e.trouble.scene import health, logged, serving_on, well_again
from tests.e2e.world import World, rows

COMMAND: LiteralString = """INSERT INTO command (id, name, role, tenant, request_id, at, position)
  VALUES (%s, 'changeListing', 'system', 'default', '', now(), 0)"""
# As the listing was changed last, but for a character that PostgreSQL can hold in no document.
EVENT: LiteralString = """INSERT INTO event (position, stream, version, name, state, command)
  SELECT nextval('log_position'), stream, version + 1, name,
    convert_to(replace(convert_from(state, 'UTF8'), 'Loft', 'Lo\\u0000ft'), 'UTF8'), %s
  FROM event WHERE stream = %s ORDER BY version DESC LIMIT 1 RETURNING position"""
MENDED: LiteralString = """UPDATE event
  SET state = convert_to(replace(convert_from(state, 'UTF8'), '\\u0000', ''), 'UTF8')
  WHERE position = %s"""


@pytest.fixture(scope="module")
def database(module_database: str) -> str:
    return module_database


@pytest.fixture(scope="module")
def world(database: str, folders: Path) -> Iterator[World]:
    with serving_on(database, folders, PROJECTION_TRIES="2") as world:
        yield world


def innkeep(world: World, database: str, *words: str, code: int = 0, **settings: str) -> str:
    done = run_innkeep(world.server.data, *words, MODE="sandbox", DATABASE_URL=database, **settings)
    assert done.returncode == code, done.stderr
    return done.stdout or done.stderr


@pytest.mark.timeout(300)  # it starts a program five times
def test_one_poisoned_listing_does_not_stop_the_bookings_of_others(world: World, database: str) -> None:
    """It is told of, listed, shown, and taken in once it is mended; a listing that goes on waits behind it."""
    host, guest = world.person(), world.person()
    theirs, other = world.listing(host, title="Loft by the river"), world.listing(host)
    ok(host.patch(f"/v1/listings/{theirs['id']}", {"title": "Loft at the river"}))
    well_again(world)
    command = uuid4()
    with psycopg.connect(database) as connection:
        connection.execute("SELECT pg_current_xact_id()")
        connection.execute(COMMAND, [command])
        ((position,),) = connection.execute(EVENT, [command, UUID(theirs["id"])]).fetchall()

    until("it is set aside", lambda: health(world)["parts"]["readModels"].get("deadLetters") == {"listing": 1})
    assert health(world)["status"] == "OK"
    assert "1 of listing" in health(world)["warnings"]["readModels"]
    (line,) = logged(world, "set aside for a read model")
    assert (line["model"], line["stream"], line["position"]) == ("listing", theirs["id"], position)

    third = world.listing(host)
    stay = world.confirmed(guest, other)
    assert world.see(guest, stay)["bookingStatus"] == "confirmed"
    assert {other["id"], third["id"]} <= {row["id"] for row in rows(host, "/v1/listings")}

    letter: dict[str, Any] = json.loads(
        innkeep(world, database, "dead-letters", "show", "listing", theirs["id"], "--json")
    )
    assert (letter["name"], letter["position"], letter["tries"]) == ("listing.changed.v1", position, 2)
    assert letter["set_aside"] == [{"position": position, "name": "listing.changed.v1"}]
    assert "still cannot" in innkeep(world, database, "dead-letters", "retry", "listing", theirs["id"], code=2)

    with psycopg.connect(database) as connection:
        connection.execute(MENDED, [position])
    retry = ("dead-letters", "retry", "listing", theirs["id"])
    told = innkeep(world, database, *retry, OPENSEARCH_URL="http://127.0.0.1:9")
    assert "has taken in 1 events" in told
    assert "`innkeep rebuild search:all`" in told
    assert innkeep(world, database, "dead-letters", "list", "--json").strip() == "[]"
    assert ok(host.get(f"/v1/listings/{theirs['id']}"))["listing"]["title"] == "Loft at the river"
    ok(host.patch(f"/v1/listings/{theirs['id']}", {"title": "Loft again"}))
    assert ok(host.get(f"/v1/listings/{theirs['id']}"))["listing"]["title"] == "Loft again"
    well_again(world)
