"""What guests, hosts, an admin and an outside system do all the time, each in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import uuid4

import httpx

from tests.e2e.operators.outside import FEED, OPERATORS
from tests.e2e.server import until
from tests.e2e.talk import Json, Person, ok
from tests.e2e.world import World
from tests.faults.clients import Client, Doors, TimeIsUp
from tests.faults.notebook import Entry, Notebook

Headers = dict[str, str]
HOSTS = 2
PAUSE = 0.15
"""Seconds between two things that somebody does, at most."""
METHODS = ["pm_card_visa"] * 8 + ["pm_card_chargeDeclined", "pm_card_processing"]


@dataclass
class Cast:
    """Who acts, and at what."""

    root: Headers
    guests: list[Headers]
    hosts: list[Headers]
    listings: list[Json]
    system: Headers
    """With an API key."""


def cast(world: World, guests: int) -> Cast:
    """Everybody, made before any fault."""
    hosts = [world.person() for _ in range(HOSTS)]
    listings = [
        world.listing(host, approvalType=kind, location={"lat": 51.5, "lon": -0.12, "timeZone": "UTC"})
        for host in hosts
        for kind in ("instant", "instant", "manual")
    ]
    key = ok(world.root.post("/v1/apikeys", {"description": "erp", "active": True}), 201)["apiKey"]["key"]
    people: list[Person] = [world.person() for _ in range(guests)]
    return Cast(
        root=world.root.headers,
        guests=[person.headers for person in people],
        hosts=[host.headers for host in hosts],
        listings=listings,
        system={"ApiAuth": key},
    )


class Guest:
    """Books, pays, changes their mind, reviews and complains."""

    def __init__(self, client: Client, me: Headers, cast: Cast) -> None:
        self._client, self._me, self._cast = client, me, cast
        self._stays: list[Json] = []

    def act(self, today: date) -> None:
        """One thing."""
        dice = self._client.dice
        deed = dice.choices([self.book, self.cancel, self.review, self.complain], [6, 2, 3, 1])[0]
        deed(today)

    def book(self, today: date) -> None:
        dice, listing = self._client.dice, self._client.dice.choice(self._cast.listings)
        arrival = today + timedelta(days=dice.randint(1, 25))
        body = {
            "listingId": listing["id"],
            "checkIn": arrival.isoformat(),
            "checkOut": (arrival + timedelta(days=dice.randint(1, 3))).isoformat(),
            "guestCount": 1,
        }
        made = self._client.send("POST", "/v1/reservations", body, self._me)
        if made.status_code != 201:
            return
        stay = made.json()["reservation"]
        self._stays = [*self._stays[-60:], stay]
        if dice.random() < 0.9:
            self.pay(stay)

    def pay(self, stay: Json) -> None:
        params: Json = {"paymentMethodId": self._client.dice.choice(METHODS)}
        if params["paymentMethodId"] == "pm_card_processing":
            params["settleAfterSeconds"] = self._client.dice.choice([60, 1_200])
        self._change(f"/v1/startreservationpayment/{stay['id']}", {"paymentUserParams": params})

    def cancel(self, _today: date) -> None:
        if self._stays:
            stay = self._stays.pop(self._client.dice.randrange(len(self._stays)))
            self._change(f"/v1/reservations/{stay['id']}", {"bookingStatus": "cancelled"})

    def review(self, today: date) -> None:
        over = [stay for stay in self._stays if date.fromisoformat(stay["checkOut"]) < today]
        if over:
            stay = self._client.dice.choice(over)
            self._stays.remove(stay)
            for kind in ("listing", "host"):
                self._client.send("POST", "/v1/reviews", _review(stay, kind, self._client), self._me)

    def complain(self, _today: date) -> None:
        if self._stays:
            stay = self._client.dice.choice(self._stays)
            body = {"reservationId": stay["id"], "issueType": "noise", "description": f"A band: {uuid4()}"}
            self._client.send("POST", "/v1/disputes", body, self._me)

    def _change(self, path: str, body: Json) -> httpx.Response:
        return self._client.send("PATCH", path, body, self._me)


class Host:
    """Accepts or declines, reviews guests, and changes the calendar and the listing."""

    def __init__(self, client: Client, me: Headers, listings: Sequence[Json]) -> None:
        self._client, self._me, self._listings = client, me, listings
        self._reviewed: set[str] = set()

    def act(self, today: date) -> None:
        """One thing."""
        self._client.dice.choice([self.answer, self.review, self.block, self.reword])(today)

    def answer(self, _today: date) -> None:
        for stay in self._mine("pending"):
            if stay["approvalType"] == "manual":
                word = self._client.dice.choice(["confirmed", "confirmed", "declined"])
                self._change(f"/v1/reservations/{stay['id']}", {"bookingStatus": word})
                return

    def review(self, _today: date) -> None:
        for stay in self._mine("complete"):
            if stay["id"] not in self._reviewed:
                self._reviewed.add(stay["id"])
                self._client.send("POST", "/v1/reviews", _review(stay, "guest", self._client), self._me)
                return

    def block(self, today: date) -> None:
        night = (today + timedelta(days=self._client.dice.randint(2, 60))).isoformat()
        body = {"listingId": self._client.dice.choice(self._listings)["id"], "date": night, "isAvailable": False}
        self._client.send("POST", "/v1/listingcalendars", body, self._me)

    def reword(self, _today: date) -> None:
        listing = self._client.dice.choice(self._listings)
        self._change(f"/v1/listings/{listing['id']}", {"title": f"Loft {uuid4()}"})

    def _mine(self, status: str) -> list[Json]:
        found = self._client.get("/v1/reservations", self._me, bookingStatus=status, pageRowCount=100)
        ours: list[Json] = found["reservations"]
        return [stay for stay in ours if stay["bookingStatus"] == status]

    def _change(self, path: str, body: Json) -> None:
        self._client.send("PATCH", path, body, self._me)


class Admin:
    """Moves disputes step by step, and lets some be refunded."""

    def __init__(self, client: Client, me: Headers) -> None:
        self._client, self._me = client, me

    def act(self, _today: date) -> None:
        """One thing."""
        found = self._client.get("/v1/disputes", self._me, pageRowCount=100, sortBy="reportedAt", sortOrder="desc")
        waiting = [row for row in found["disputes"] if row["resolutionStatus"] in {"pending", "reviewing"}]
        if not waiting:
            return
        dispute = self._client.dice.choice(waiting)
        body: Json = {"resolutionStatus": "reviewing"}
        if dispute["resolutionStatus"] == "reviewing":
            refund = {"refundApproved": True, "refundAmount": 5}
            body = self._client.dice.choice(
                [{"resolutionStatus": "rejected"}, {"resolutionStatus": "resolved"} | refund]
            )
        self._client.send("PATCH", f"/v1/disputes/{dispute['id']}", body, self._me)


class System:
    """An outside system that keeps operators."""

    def __init__(self, client: Client, me: Headers) -> None:
        self._client, self._me = client, me
        self._operators: list[str] = []

    def act(self, _today: date) -> None:
        """One thing."""
        dice = self._client.dice
        if len(self._operators) < 5 or dice.random() < 0.3:
            body = {"name": "Nowy", "phone": "987654321", "email": f"{uuid4()}@example.com"}
            made = self._client.send("POST", f"{OPERATORS}/create", body, self._me)
            if made.status_code == 201:
                self._operators.append(made.json()["operatorId"])
        elif dice.random() < 0.7:
            path = f"{OPERATORS}/{dice.choice(self._operators)}"
            self._client.send("PUT", path, {"name": f"Inny {uuid4()}", "phone": "1"}, self._me)
        else:
            operator = self._operators.pop(dice.randrange(len(self._operators)))
            self._client.send("DELETE", f"{OPERATORS}/{operator}", None, self._me)


class Follower:
    """Follows the operators' feed from its beginning, through all troubles."""

    def __init__(self, client: Client, me: Headers) -> None:
        self._client, self._me = client, me
        self.next = 1

    def act(self, _today: date) -> None:
        """One poll; what it was given is written down."""
        page = self._client.get(FEED, self._me, startId=self.next, numberOfEvents=self._client.dice.randint(1, 50))
        for place, event in enumerate(page["events"]):
            self._client.notebook.note(Entry(self._client.name, self.next + place, event["operatorId"], event["type"]))
        self.next = page["nextId"]


def _review(stay: Json, kind: str, client: Client) -> Json:
    who = {"listing": stay["listingId"], "host": stay["hostId"], "guest": stay["guestId"]}[kind]
    return {
        "reservationId": stay["id"],
        "revieweeType": kind,
        "revieweeId": who,
        "rating": client.dice.randint(1, 5),
        "reviewText": f"As told: {uuid4()}",
    }


Actor = Guest | Host | Admin | System | Follower


class Load:
    """All of them at work, until they are told to stop."""

    def __init__(self, cast: Cast, doors: Doors, notebook: Notebook, seed: int) -> None:
        def client(name: str) -> Client:
            return Client(name, doors, notebook, seed)

        share = len(cast.listings) // len(cast.hosts)
        self.actors: dict[str, Actor] = {
            **{f"guest {n}": Guest(client(f"guest {n}"), me, cast) for n, me in enumerate(cast.guests)},
            **{
                f"host {n}": Host(client(f"host {n}"), me, cast.listings[n * share : (n + 1) * share])
                for n, me in enumerate(cast.hosts)
            },
            "admin": Admin(client("admin"), cast.root),
            "system 1": System(client("system 1"), cast.system),
            "system 2": System(client("system 2"), cast.system),
            "follower 1": Follower(client("follower 1"), cast.system),
            "follower 2": Follower(client("follower 2"), cast.system),
        }
        self.failed: list[BaseException] = []
        self._doors = doors
        self._threads: list[threading.Thread] = []

    def start(self, today: Callable[[], date]) -> None:
        """Everybody begins; `today` is the marketplace's date."""
        for name, actor in self.actors.items():
            thread = threading.Thread(target=self._live, args=(name, actor, today), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, seconds: float) -> None:
        """Nothing new is begun; return once all that was begun has an answer. Raises AssertionError, or what failed."""
        self._doors.over.set()
        until("every command is answered", lambda: not any(t.is_alive() for t in self._threads), seconds)
        if self.failed:
            raise self.failed[0]

    def _live(self, name: str, actor: Actor, today: Callable[[], date]) -> None:
        try:
            while True:
                actor.act(today())
                time.sleep(0.02 + self.actors_pause(name))
        except TimeIsUp:
            return
        except BaseException as error:  # noqa: BLE001 - told by `stop`, in the thread that can
            self.failed.append(error)

    @staticmethod
    def actors_pause(name: str) -> float:
        return PAUSE * (4 if name == "admin" or name.startswith("host") else 1)
