"""Two servers on one database, many clients at once: each night is sold once, each command runs once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from threading import Barrier
from uuid import uuid4

import httpx
import pytest

from tests.conftest import fresh_schema
from tests.e2e.server import Server
from tests.e2e.talk import Caller, Json, Person, line, ok, refused, told
from tests.e2e.world import LOFT, World, rows

CLIENTS = 64
NIGHTS = 5


@pytest.fixture(scope="module")
def pair(postgres: str, folders: Path) -> Iterator[tuple[World, Caller]]:
    """The first server's world, and a line to the second."""
    folder = Path(mkdtemp(dir=folders))
    with fresh_schema(postgres) as database:
        servers = [Server(folder / name, {"DATABASE_URL": database}) for name in ("one", "two")]
        try:
            for server in servers:
                server.start()
            with World(servers[0]) as world, line(servers[1].url, world.mark) as other:
                yield world, Caller(other)
        finally:
            for server in servers:
                server.stop()


@pytest.fixture(scope="module")
def world(pair: tuple[World, Caller]) -> World:
    return pair[0]


@pytest.fixture(scope="module")
def other(pair: tuple[World, Caller]) -> Caller:
    """Nobody, at the second server."""
    return pair[1]


def at(server: Caller, person: Caller) -> Caller:
    """The same person at another server."""
    return Caller(server.http, person.headers)


@pytest.fixture(scope="module")
def crowd(world: World) -> list[Person]:
    """Eight accounts, each behind several clients."""
    return [world.person() for _ in range(8)]


def race(world: World, other: Caller, crowd: list[Person], bodies: list[Json]) -> list[httpx.Response]:
    """All ask at once, half of them at each server."""
    together = Barrier(len(bodies))

    def ask(n: int) -> httpx.Response:
        person: Caller = crowd[n % len(crowd)]
        caller = person if n % 2 else at(other, person)
        together.wait(30)
        return caller.post("/v1/reservations", bodies[n])

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(ask, range(len(bodies))))


def test_each_night_has_one_winner(world: World, other: Caller, crowd: list[Person]) -> None:
    """64 clients, five nights: one winner a night, every loser is told NIGHTS_TAKEN, and the log agrees."""
    place = world.listing(world.person())
    bodies = [world.stay(place, 30 + n % NIGHTS, 1) for n in range(CLIENTS)]
    answers = race(world, other, crowd, bodies)
    won = [answer.json()["reservation"] for answer in answers if answer.status_code == 201]
    assert sorted(stay["checkIn"] for stay in won) == [world.day(30 + n) for n in range(NIGHTS)]
    for answer in answers:
        if answer.status_code != 201:
            refused(answer, 409, "NIGHTS_TAKEN")
    stored = rows(world.root, "/v1/reservations", listingId=place["id"], pageRowCount=1000)
    assert {stay["id"] for stay in stored} == {stay["id"] for stay in won}
    nights = rows(world.root, "/v1/listingcalendars", listingId=place["id"])
    assert sorted((night["date"], night["bookedBy"]) for night in nights) == sorted(
        (stay["checkIn"], stay["id"]) for stay in won
    )


def test_nights_beside_each_other_are_all_sold(world: World, other: Caller, crowd: list[Person]) -> None:
    """64 clients, a night each: nobody loses to somebody who wants another night."""
    place = world.listing(world.person())
    answers = race(world, other, crowd, [world.stay(place, 30 + n, 1) for n in range(CLIENTS)])
    assert [told(answer) for answer in answers if answer.status_code != 201][:1] == []


def test_stays_that_overlap_never_share_a_night(world: World, other: Caller, crowd: list[Person]) -> None:
    """Stays of one to four nights, over a month's end too."""
    place = world.listing(world.person())
    bodies = [world.stay(place, 20 + n % 17, 1 + n % 4) for n in range(CLIENTS)]
    answers = race(world, other, crowd, bodies)
    assert {answer.status_code for answer in answers} <= {201, 409}, [
        told(a) for a in answers if a.status_code not in {201, 409}
    ][:1]
    won = [answer.json()["reservation"] for answer in answers if answer.status_code == 201]
    nights = rows(world.root, "/v1/listingcalendars", listingId=place["id"], pageRowCount=1000)
    taken: dict[str, str] = {}
    for stay in won:
        for night in nights:
            if stay["checkIn"] <= night["date"] < stay["checkOut"]:
                assert taken.setdefault(night["date"], stay["id"]) == stay["id"]
                assert night["bookedBy"] == stay["id"]
    assert len(taken) == len(nights)
    # Whoever lost could not have had all its nights beside those who won.
    for answer, body in zip(answers, bodies, strict=True):
        if answer.status_code == 409:
            refused(answer, 409, "NIGHTS_TAKEN")
            assert any(body["checkIn"] <= day < body["checkOut"] for day in taken)


def test_a_block_and_a_booking_do_not_both_win(world: World, other: Caller, crowd: list[Person]) -> None:
    host = world.person()
    for _ in range(5):
        place = world.listing(host)
        together = Barrier(2)
        block = {"listingId": place["id"], "date": world.day(30), "isAvailable": False}

        def blocks(block: Json = block, together: Barrier = together) -> int:
            together.wait(30)
            return at(other, host).post("/v1/listingcalendars", block).status_code

        def books(place: Json = place, together: Barrier = together) -> int:
            together.wait(30)
            return crowd[0].post("/v1/reservations", world.stay(place, 30, 1)).status_code

        with ThreadPoolExecutor(2) as pool:
            first, second = pool.submit(blocks), pool.submit(books)
            assert sorted((first.result(), second.result())) == [201, 409]


def test_one_key_at_both_servers_runs_once(world: World, other: Caller) -> None:
    host = world.person()
    for _ in range(5):
        title, headers, together = world.unique("both"), {"Idempotency-Key": uuid4().hex}, Barrier(8)
        body = LOFT | {"title": title}

        def ask(
            n: int, body: Json = body, headers: dict[str, str] = headers, together: Barrier = together
        ) -> httpx.Response:
            caller: Caller = host if n % 2 else at(other, host)
            together.wait(30)
            return caller.post("/v1/listings", body, headers)

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(8)))
        for answer in answers:
            assert answer.status_code == 201 or (answer.status_code == 409 and "Retry-After" in answer.headers), told(
                answer
            )
        made = [answer for answer in answers if answer.status_code == 201]
        assert len({answer.text for answer in made}) == 1
        assert len(rows(host, "/v1/listings", title=title)) == 1


def test_one_payment_for_one_stay(world: World, other: Caller, crowd: list[Person]) -> None:
    """However often and wherever a guest presses the button."""
    guest = crowd[0]
    stay = world.book(guest, world.listing(world.person()))
    together = Barrier(8)

    def press(n: int) -> int:
        together.wait(30)
        return world.start(guest if n % 2 else at(other, guest), stay).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(press, range(8)))
    assert answers == [200] + [409] * 7
    assert len(world.records(stay, "charge")) == 1


def test_one_email_is_registered_once(world: World, other: Caller) -> None:
    form = {"email": f"{world.unique()}@example.com", "password": "12345678", "fullname": "x"}
    together = Barrier(6)

    def register(n: int) -> int:
        together.wait(30)
        return (world.nobody if n % 2 else other).post("/v1/registeruser", form).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(register, range(6))) == [201] + [409] * 5


def test_logout_at_one_acts_at_the_other_at_once(world: World, other: Caller) -> None:
    for _ in range(3):
        person = world.person()
        there = at(other, person)
        ok(there.get("/currentuser"))
        ok(person.post("/logout"))
        refused(there.get("/currentuser"), 401, "UNAUTHENTICATED")


def test_a_role_taken_at_one_is_gone_at_the_other_at_once(world: World, other: Caller) -> None:
    admin = world.person("admin")
    there = at(other, admin)
    ok(there.get("/v1/users"))
    ok(world.root.patch(f"/v1/userrole/{admin.id}", {"roleId": "user"}))
    refused(there.get("/v1/users"), 403, "FORBIDDEN")
    ok(world.root.delete(f"/v1/users/{admin.id}"))
    refused(there.get("/currentuser"), 401, "UNAUTHENTICATED")


def test_what_was_written_at_one_is_read_at_the_other(world: World, other: Caller) -> None:
    host = world.person()
    for _ in range(10):
        place = world.listing(host)
        assert ok(at(other, host).get(f"/v1/listings/{place['id']}"))["listing"] == place


def test_both_servers_show_one_clock(world: World, other: Caller) -> None:
    world.advance("P3D")
    here, there = world.now(), ok(other.get("/sandbox/clock"))["now"]
    assert abs(here - datetime.fromisoformat(there)) < timedelta(seconds=30)
