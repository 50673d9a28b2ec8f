"""Another session holds a lock: what waits for it is told so in time, and more than may wait is told at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import LiteralString

import httpx
import psycopg
import pytest

from tests.e2e.server import until
from tests.e2e.talk import Json, ok
from tests.e2e.trouble.scene import examined, health, logged, serving_on, unavailable, well_again
from tests.e2e.world import PASSWORD, World, rows

pytestmark = pytest.mark.timeout(300)  # a server of its own takes its time on a busy machine

SLOW = "The database took too long to answer."
CROWD = "Too many commands are waiting for the database."
HOLDER: LiteralString = (
    "SELECT pid FROM pg_locks WHERE relation = 'event'::regclass AND mode = 'ExclusiveLock' AND granted"
)
REGISTERED: LiteralString = "SELECT count(*) FROM event WHERE name = 'user.registered.v1'"


@pytest.fixture(scope="module")
def database(module_database: str) -> str:
    return module_database


@pytest.fixture(scope="module")
def world(database: str, folders: Path) -> Iterator[World]:
    """One server for all of them, with room for one command more than its writers are at work on."""
    with serving_on(database, folders, COMMANDS_WAITING="1") as world:
        yield world


@contextmanager
def locked(database: str, mode: LiteralString) -> Iterator[None]:
    """Somebody else's transaction holds the log."""
    with psycopg.connect(database) as connection:
        connection.execute("LOCK TABLE event IN " + mode + " MODE")
        yield
        connection.rollback()


def registered(database: str) -> int:
    with psycopg.connect(database) as connection:
        ((count,),) = connection.execute(REGISTERED).fetchall()
    return int(count)


def someone(world: World) -> Json:
    name = world.unique("someone")
    return {"email": f"{name}@people.example", "password": PASSWORD, "fullname": name}


def test_a_log_that_cannot_be_written_is_a_state_of_health_and_reads_go_on(world: World, database: str) -> None:
    host = world.person()
    place = world.listing(host)
    before = registered(database)
    with locked(database, "EXCLUSIVE"):
        unavailable(world.nobody.post("/v1/registeruser", someone(world)), SLOW)
        said = health(world)
        assert (said["status"], said["problems"]["database"]) == ("ERR", SLOW)
        assert ok(host.get(f"/v1/listings/{place['id']}"))["listing"]["title"] == place["title"]
        assert rows(world.root, "/v1/listings") != []
        with psycopg.connect(database) as looking:
            ((holder,),) = looking.execute(HOLDER).fetchall()
        (found,) = examined(world, database, "log")
        assert (found["state"], f"process {holder} (" in found["seen"]) == ("problem", True), found
    well_again(world)
    (told,) = [line for line in logged(world, "trouble with the database") if line["logger"] == "event store"][:1]
    assert (told["told"], "lock timeout" in told["error"]) == (SLOW, True)
    assert registered(database) == before, "what was refused is not done later"
    world.person()


def test_a_log_that_cannot_be_read_stops_what_needs_it(world: World, database: str) -> None:
    """Who somebody is, the log says: nobody is let in on a guess."""
    host = world.person()
    with locked(database, "ACCESS EXCLUSIVE"):
        unavailable(host.get("/v1/reservations"), SLOW)
        unavailable(host.post("/v1/listings", {}), SLOW)
        assert health(world)["problems"]["database"] == SLOW
        (found,) = examined(world, database, "log")
        assert (found["state"], "holds a lock" in found["seen"]) == ("problem", True), found
    well_again(world)
    assert rows(host, "/v1/reservations") == []
    until("its end is told", lambda: logged(world, "the trouble with the database is over") != [])


def test_commands_past_the_bound_are_refused_at_once_and_leave_nothing(world: World, database: str) -> None:
    """Two writers are held up, one command waits: whoever comes then is told, while the lock still stands."""
    before, people = registered(database), [someone(world) for _ in range(12)]
    refused, released = Event(), Event()

    def register(person: Json) -> httpx.Response:
        answer = world.nobody.post("/v1/registeruser", person, {"Idempotency-Key": person["email"]})
        if answer.status_code == 503 and answer.json()["message"] == CROWD and not released.is_set():
            refused.set()
        return answer

    with ThreadPoolExecutor(len(people)) as pool:
        with locked(database, "EXCLUSIVE"):
            asked = [pool.submit(register, person) for person in people]
            assert refused.wait(60), "somebody was refused while the others still waited"
            released.set()
        answers = [each.result() for each in asked]
    for answer in answers:
        if answer.status_code != 201:
            unavailable(answer, CROWD, SLOW)
    done = [answer for answer in answers if answer.status_code == 201]
    assert registered(database) == before + len(done), "nothing of what was refused"
    well_again(world)
    for person in people:
        until("a retry is done", lambda person=person: register(person).status_code == 201)  # type: ignore[misc]
    assert registered(database) == before + len(people), "and each of them once"
