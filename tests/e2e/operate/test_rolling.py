"""Servers are restarted one after the other while guests book: who is cut off asks again, and nobody is told no."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import httpx
import pytest

from tests.conftest import fresh_schema
from tests.e2e.server import Server
from tests.e2e.talk import Json, Person, position
from tests.e2e.world import World, rows

pytestmark = pytest.mark.timeout(400)  # six starts, on a busy machine
GUESTS = 4
PATIENCE = 60.0


@pytest.fixture
def house(postgres: str, folders: Path) -> Iterator[tuple[World, list[Server]]]:
    """One server that projects and keeps the time, and two that answer the guests."""
    folder = Path(mkdtemp(dir=folders))
    with fresh_schema(postgres) as database:
        back = Server(folder / "back", {"DATABASE_URL": database})
        apis = [Server(folder / name, {"DATABASE_URL": database}, role="api") for name in ("one", "two")]
        try:
            for server in (back, *apis):
                server.start()
            with World(back) as world:
                yield world, apis
        finally:
            for server in (*apis, back):
                server.stop()


@dataclass
class Guest:
    """Books one stay after the other, at whichever server comes next."""

    person: Person
    stays: Iterator[Json]
    urls: Iterator[str]
    booked: dict[str, str] = field(default_factory=dict)
    """By idempotency key: the reservation."""
    reached: int = 0
    """The position of the last booking: the server that is asked in the end is none of those that took them."""
    refusals: list[str] = field(default_factory=list)
    cut: int = 0
    """Requests that had no answer, or were not taken any more."""

    def book_until(self, enough: threading.Event) -> None:
        while not enough.is_set():
            stay = next(self.stays)
            key = f"{self.person.id} {stay['checkIn']}"
            answer = self._asked(stay, key)
            if answer.status_code == 201:
                self.booked[key] = answer.json()["reservation"]["id"]
                self.reached = position(answer)
            else:
                self.refusals.append(answer.text)

    def _asked(self, stay: Json, key: str) -> httpx.Response:
        """The first answer of any server; the same request is sent until there is one."""
        headers = {**self.person.headers, "Idempotency-Key": key}
        for url in self.urls:
            try:
                answer = httpx.post(f"{url}/v1/reservations", json=stay, headers=headers, timeout=PATIENCE)
            except httpx.TransportError:
                self.cut += 1
                continue
            return answer
        raise AssertionError("there is always another server")


def stays_at(world: World, place: Json) -> Iterator[Json]:
    """One night after the other."""
    for ahead in range(1, 700):
        yield world.stay(place, ahead, 1)


def test_a_rolling_restart_loses_nothing(house: tuple[World, list[Server]]) -> None:
    world, apis = house
    places = [world.listing(world.person(), bookingPolicies={"bookingWindowDays": 730}) for _ in range(GUESTS)]
    guests = [
        Guest(world.person(), stays_at(world, place), itertools.cycle([apis[number % 2].url, apis[number % 2 - 1].url]))
        for number, place in enumerate(places)
    ]
    enough = threading.Event()
    threads = [threading.Thread(target=guest.book_until, args=[enough]) for guest in guests]
    for thread in threads:
        thread.start()
    try:
        for server in apis:
            before = sum(len(guest.booked) for guest in guests)
            assert server.end() == 0
            server.start()
            while sum(len(guest.booked) for guest in guests) < before + GUESTS:
                enough.wait(0.05)
    finally:
        enough.set()
        for thread in threads:
            thread.join(2 * PATIENCE)
    assert [guest.refusals for guest in guests] == [[]] * GUESTS
    assert sum(len(guest.booked) for guest in guests) > GUESTS * len(apis)
    for guest in guests:
        world.mark.position = guest.reached
        found = rows(guest.person, "/v1/reservations", pageNumber=0)
        assert {stay["id"] for stay in found} == {*guest.booked.values()}, "each was recorded once, and nothing else"
