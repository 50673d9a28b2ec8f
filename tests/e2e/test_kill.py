"""`kill -9` in the middle of things: nothing acknowledged is missing, nothing is there twice."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Timer
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.server import Server, until
from tests.e2e.talk import Caller, Json, Person, ok, told
from tests.e2e.world import World, rows

ROUNDS = 3
CLIENTS = 6


class Diary:
    """What one client was promised, and what it does not know the end of."""

    def __init__(self) -> None:
        self.booked: dict[str, Json] = {}
        self.paid: set[str] = set()
        self.cancelled: set[str] = set()
        self.open: list[tuple[str, str, Any, str]] = []
        """Requests without an answer: method, path, body, key."""


def stream(guest: Person, stays: list[Json], diary: Diary, killed: Event) -> None:
    """Book, pay, now and then cancel, one night after another, until the server is gone."""
    for number, asked in enumerate(stays):
        if killed.is_set():
            return
        done = send(guest, diary, "POST", "/v1/reservations", asked)
        if done is None:
            return
        stay = ok(done, 201)["reservation"]
        diary.booked[stay["id"]] = stay
        path = f"/v1/startreservationpayment/{stay['id']}"
        done = send(guest, diary, "PATCH", path, {"paymentUserParams": {"paymentMethodId": "pm_card_visa"}})
        if done is None:
            return
        ok(done)
        diary.paid.add(stay["id"])
        if number % 3 == 0:
            done = send(guest, diary, "PATCH", f"/v1/reservations/{stay['id']}", {"bookingStatus": "cancelled"})
            if done is None:
                return
            ok(done)
            diary.cancelled.add(stay["id"])


def send(guest: Person, diary: Diary, method: str, path: str, body: Any) -> httpx.Response | None:
    """An answer, or None when none came; then the request is noted, since it may have run."""
    key = uuid4().hex
    try:
        while (done := guest.ask(method, path, {"Idempotency-Key": key}, json=body)).status_code == 503:
            assert "Retry-After" in done.headers, told(done)
        return done
    except httpx.TransportError:
        diary.open.append((method, path, body, key))
        return None


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    server = Server(folder / "server")
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.mark.timeout(300)
def test_what_was_acknowledged_survives_kill_9(server: Server) -> None:
    """Rounds of bookings, payments and cancellations, each cut off somewhere; then promises are held against reads."""
    with World(server) as world:
        rounds(world)


def rounds(world: World) -> None:
    """Each on the data that the one before left behind."""
    server, host = world.server, world.person()
    guests = [world.person() for _ in range(CLIENTS)]
    place = world.listing(host)
    diaries = [Diary() for _ in range(CLIENTS)]
    dice = random.Random(20261122)
    stays = [world.stay(place, ahead, 1) for ahead in range(3, 700)]
    share = len(stays) // ROUNDS
    for number in range(ROUNDS):
        mine = stays[number * share : (number + 1) * share]
        killed = Event()
        axe = Timer(dice.uniform(0.6, 1.6), fell, (server, killed))
        with ThreadPoolExecutor(CLIENTS) as pool:
            axe.start()
            streams = [
                pool.submit(stream, guest, mine[n::CLIENTS], diary, killed)
                for n, (guest, diary) in enumerate(zip(guests, diaries, strict=True))
            ]
        axe.join()
        for ended in streams:
            ended.result()
        server.start()
        assert sum(len(diary.booked) for diary in diaries) > 0
        for guest, diary in zip(guests, diaries, strict=True):
            compare(guest, diary)
    for guest, diary in zip(guests, diaries, strict=True):
        settle(guest, diary)
        compare(guest, diary)
    agree(world, host, place, diaries)


def fell(server: Server, killed: Event) -> None:
    """No warning, no mercy."""
    killed.set()
    server.kill()


def settle(guest: Person, diary: Diary) -> None:
    """What had no answer is asked again under its key: it is done once, whether it ran before or not."""
    for method, path, body, key in diary.open:
        answer = once_more(guest, method, path, body, key)
        assert answer.is_success, told(answer)
        stay = answer.json()["reservation"]
        diary.booked.setdefault(stay["id"], stay)
        if "payment" in path:
            diary.paid.add(stay["id"])
        if body.get("bookingStatus") == "cancelled":
            diary.cancelled.add(stay["id"])
    diary.open.clear()


def once_more(guest: Person, method: str, path: str, body: Any, key: str) -> httpx.Response:
    """The answer to a retry; a server that takes the first for still running says when to come back."""
    answers: list[httpx.Response] = []

    def answered() -> bool:
        answers.append(guest.ask(method, path, {"Idempotency-Key": key}, json=body))
        return answers[-1].status_code != 409 or "Retry-After" not in answers[-1].headers

    until("a retry is answered", answered, 60)
    return answers[-1]


def compare(guest: Caller, diary: Diary) -> None:
    """A client's promises against what it reads. Requests without an answer may have run or not."""
    seen = {stay["id"]: stay for stay in rows(guest, "/v1/reservations", pageNumber=0)}
    unanswered = {str(body.get("checkIn", path.rpartition("/")[2])) for _, path, body, _ in diary.open}
    more = [stay for key, stay in seen.items() if key not in diary.booked]
    assert set(diary.booked) <= set(seen), "nothing acknowledged is missing"
    assert all(stay["checkIn"] in unanswered for stay in more), "nothing is there that was not asked for"
    assert len({stay["checkIn"] for stay in seen.values()}) == len(seen), "nothing is there twice"
    for key, asked in diary.booked.items():
        stay = seen[key]
        if key in diary.cancelled:
            assert stay["bookingStatus"] == "cancelled"
        elif key in diary.paid and key not in unanswered:
            assert (stay["bookingStatus"], stay["paymentConfirmation"]) == ("confirmed", "paid")
        assert stay["totalPrice"] == asked["totalPrice"]


def agree(world: World, host: Caller, place: Json, diaries: list[Diary]) -> None:
    """Nights and money against all promises together."""
    booked = {key: stay for diary in diaries for key, stay in diary.booked.items()}
    paid = set().union(*(diary.paid for diary in diaries))
    cancelled = set().union(*(diary.cancelled for diary in diaries))
    taken = {
        night["date"]: night["bookedBy"]
        for night in rows(host, "/v1/listingcalendars", listingId=place["id"], pageNumber=0)
    }
    assert taken == {stay["checkIn"]: key for key, stay in booked.items() if key not in cancelled}
    assert moved(world, booked, "charge") == sorted(paid), "charged once each"
    # What a kill cut off between a cancellation and its refund is taken up again by the server on its own.
    until("every refund is made", lambda: len(moved(world, booked, "refund")) >= len(cancelled))
    assert moved(world, booked, "refund") == sorted(cancelled), "refunded once each"


def moved(world: World, booked: dict[str, Json], kind: str) -> list[str]:
    """The stays with a payment record of that kind, as often as they have one."""
    records = rows(world.root, "/v1/paymentrecords", pageNumber=0)
    return sorted(row["reservationId"] for row in records if row["kind"] == kind and row["reservationId"] in booked)
