"""The database moves to another address while people book: what they were promised is there, and they go on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import psycopg
import pytest

from tests.e2e.server import until
from tests.e2e.talk import Json, Person, told
from tests.e2e.trouble.scene import health, logged, serving_on, unavailable, well_again
from tests.e2e.world import World, rows
from tests.infra.event_store.proof.cluster import cluster
from tests.infra.event_store.proof.standby import followed_by

pytestmark = pytest.mark.timeout(300)  # a server of its own takes its time on a busy machine

CLIENTS = 4
SENTENCES = (
    "The database is away.",
    "The database is restarting.",
    "The database takes no writes at present.",
    "The database cannot do this now.",
    "The database cannot record this now.",
    "The database took too long to answer.",
    "Too many readers are waiting for the database.",
)


class Client:
    """Books one night after another at a listing of its own, and writes down what it was promised."""

    def __init__(self, world: World, guest: Person, place: Json) -> None:
        self.world, self.guest = world, guest
        self.nights = (world.stay(place, ahead, 1) for ahead in count(3))
        self.promised: dict[str, str] = {}
        self.open: list[tuple[str, Json]] = []

    def book_until(self, end: Event) -> None:
        while not end.is_set():
            stay = next(self.nights)
            key = f"{self.guest.id} {stay['checkIn']}"
            answer = self.book(key, stay)
            if answer.status_code != 201:
                unavailable(answer, *SENTENCES)
                self.open.append((key, stay))

    def book(self, key: str, stay: Json) -> httpx.Response:
        answer = self.guest.post("/v1/reservations", stay, {"Idempotency-Key": key})
        if answer.status_code == 201:
            self.promised[answer.json()["reservation"]["id"]] = stay["checkIn"]
        return answer

    def book_what_was_refused(self) -> None:
        for key, stay in self.open:
            answers: list[Any] = []

            def done(key: str = key, stay: Json = stay, answers: list[Any] = answers) -> bool:
                answers.append(self.book(key, stay))
                return bool(answers[-1].status_code == 201)

            until(f"{key} is booked", done)
            assert answers[-1].is_success, told(answers[-1])


def test_what_was_acknowledged_is_there_after_a_failover(folders: Path) -> None:
    """Two addresses in one setting; the first server is killed, the second promoted, and nothing restarted."""
    with cluster() as primary, followed_by(primary) as standby, serving_on(standby.either, folders) as world:
        host = world.person()
        clients = [Client(world, world.person(), world.listing(host)) for _ in range(CLIENTS)]
        end = Event()
        with ThreadPoolExecutor(CLIENTS) as pool:
            at_work = [pool.submit(client.book_until, end) for client in clients]
            try:
                until("each was promised something", lambda: all(client.promised for client in clients))
                primary.kill()
                until("each was refused something", lambda: all(client.open for client in clients))
                said = health(world)
                assert (said["status"], said["problems"]["database"] in SENTENCES) == ("ERR", True), said["problems"]
                standby.promote()
                before = [len(client.promised) for client in clients]
                until(
                    "each is promised more",
                    lambda: all(len(client.promised) > had for client, had in zip(clients, before, strict=True)),
                )
            finally:
                end.set()
            for ended in at_work:
                ended.result()
        well_again(world)
        assert logged(world, "the trouble with the database is over") != []
        for client in clients:
            client.book_what_was_refused()
            seen = {stay["id"]: stay["checkIn"] for stay in rows(client.guest, "/v1/reservations", pageNumber=0)}
            assert seen == client.promised, "all that was promised, and nothing twice"


GAPS = "SELECT stream FROM event GROUP BY stream HAVING count(*) <> max(version)"
BOOKED = "SELECT DISTINCT stream::text FROM event WHERE name LIKE 'reservation.%'"


def test_after_a_failover_to_a_server_that_lacked_the_end_people_go_on_from_what_there_is(folders: Path) -> None:
    """Some of what was promised is lost with the first server; nothing is built on it, and reads show what is left."""
    with cluster() as primary, followed_by(primary) as standby, serving_on(standby.either, folders) as world:
        host = world.person()
        clients = [Client(world, world.person(), world.listing(host)) for _ in range(CLIENTS)]

        def more(times: int) -> None:
            had = [len(client.promised) for client in clients]
            until(
                "each is promised more",
                lambda: all(len(client.promised) >= times + n for client, n in zip(clients, had, strict=True)),
            )

        end = Event()
        with ThreadPoolExecutor(CLIENTS) as pool:
            at_work = [pool.submit(client.book_until, end) for client in clients]
            try:
                more(1)
                standby.lag_behind()
                more(5)
                primary.kill()
                until("each was refused something", lambda: all(client.open for client in clients))
                standby.start()
                standby.promote()
                more(5)
            finally:
                end.set()
            for ended in at_work:
                ended.result()
        well_again(world)
        for client in clients:
            client.book_what_was_refused()
        with psycopg.connect(standby.conninfo) as connection:
            assert connection.execute(GAPS).fetchall() == []
            booked = {stream for (stream,) in connection.execute(BOOKED)}
        for client in clients:
            seen = {stay["id"] for stay in rows(client.guest, "/v1/reservations", pageNumber=0)}
            assert seen == client.promised.keys() & booked
            assert len(seen) < len(client.promised), "something was lost, or this shows nothing"
