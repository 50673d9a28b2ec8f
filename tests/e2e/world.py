"""The marketplace as the tests use it: people, listings, stays, money and time."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx

from tests.e2e.server import Server
from tests.e2e.talk import Caller, Json, Mark, Person, line, ok

ROOT_EMAIL, ROOT_PASSWORD = "admin@innkeep.example", "innkeep-admin"
PASSWORD = "correct horse"
LOFT: Json = {
    "title": "Loft under the roofs",
    "description": "Quiet and bright.",
    "address": "12 Rue des Martyrs",
    "propertyType": "loft",
    "approvalType": "instant",
    "isPublished": True,
    "pricePerNight": 100,
    "currency": "EUR",
    "location": {"lat": 51.5, "lon": -0.12, "city": "London", "countryCode": "GB", "timeZone": "UTC"},
    "cancellationPolicy": {"tier": "flexible"},
}


class World:
    """One server, and everyone who uses it. Times are the product's own, never the machine's."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.mark = Mark()
        self.http = line(server.url, self.mark)
        self.nobody = Caller(self.http)
        self._numbers = itertools.count(1)
        self._run = uuid4().hex[:8]
        self.root = self.login(ROOT_EMAIL, ROOT_PASSWORD)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self.http.close()

    # People

    def unique(self, word: str = "x") -> str:
        """A word that nothing else in this world is called."""
        return f"{word}-{self._run}-{next(self._numbers)}"

    def login(self, email: str, password: str = PASSWORD) -> Person:
        """A new session of an account."""
        return Person(self.http, ok(self.nobody.post("/login", {"username": email, "password": password})), password)

    def person(self, role: str = "user", **fields: Any) -> Person:
        """Someone new, with that role."""
        name = self.unique("person")
        body = {"email": f"{name}@example.com", "password": PASSWORD, "fullname": name} | fields
        ok(self.nobody.post("/v1/registeruser", body), 201)
        person = self.login(body["email"], body["password"])
        if role != "user":
            ok(self.root.patch(f"/v1/userrole/{person.id}", {"roleId": role}))
        return person

    # Places

    def listing(self, host: Caller, **over: Any) -> Json:
        """A new listing; fields differ from a plain loft as said. A field that is `...` is left out."""
        body = {name: value for name, value in (LOFT | over).items() if value is not ...}
        listing: Json = ok(host.post("/v1/listings", body), 201)["listing"]
        return listing

    # Stays

    def today(self, zone: str = "UTC") -> date:
        """The date in a zone, by the product's clock."""
        return self.now().astimezone(ZoneInfo(zone)).date()

    def day(self, ahead: int, zone: str = "UTC") -> str:
        """A date so many days from today, as the wire has it."""
        return (self.today(zone) + timedelta(days=ahead)).isoformat()

    def stay(self, listing: Json, ahead: int = 30, nights: int = 2, **over: Any) -> Json:
        """What a guest sends to book."""
        return {
            "listingId": listing["id"],
            "checkIn": self.day(ahead),
            "checkOut": self.day(ahead + nights),
            "guestCount": 1,
        } | over

    def book(self, guest: Caller, listing: Json, ahead: int = 30, nights: int = 2, **over: Any) -> Json:
        """A pending reservation that starts so many days from today."""
        asked = guest.post("/v1/reservations", self.stay(listing, ahead, nights, **over))
        reservation: Json = ok(asked, 201)["reservation"]
        return reservation

    def start(self, guest: Caller, reservation: Json, method: str = "pm_card_visa", **params: Any) -> httpx.Response:
        """Start a payment."""
        body = {"paymentUserParams": {"paymentMethodId": method} | params}
        return guest.patch(f"/v1/startreservationpayment/{reservation['id']}", body)

    def pay(self, guest: Caller, reservation: Json, method: str = "pm_card_visa", **params: Any) -> Json:
        """The reservation after a payment has been started."""
        paid: Json = ok(self.start(guest, reservation, method, **params))["reservation"]
        return paid

    def confirmed(self, guest: Caller, listing: Json, ahead: int = 30, nights: int = 2, **over: Any) -> Json:
        """A paid stay at an instant listing."""
        stay = self.pay(guest, self.book(guest, listing, ahead, nights, **over))
        assert (stay["bookingStatus"], stay["paymentConfirmation"]) == ("confirmed", "paid"), stay
        return stay

    def completed(self, guest: Caller, host: Caller, nights: int = 1, **over: Any) -> Json:
        """A stay that is over, at a new listing of the host."""
        stay = self.confirmed(guest, self.listing(host, **over), 1, nights)
        self.travel(instant(stay["checkOut"], "11:00"))
        return self.see(guest, stay)

    def cancel(self, by: Caller, stay: Json) -> Json:
        """The reservation after its cancellation."""
        done = by.patch(f"/v1/reservations/{stay['id']}", {"bookingStatus": "cancelled"})
        cancelled: Json = ok(done)["reservation"]
        return cancelled

    def see(self, caller: Caller, stay: Json) -> Json:
        """The reservation as a caller sees it now."""
        seen: Json = ok(caller.get(f"/v1/reservations/{stay['id']}"))["reservation"]
        return seen

    def records(self, stay: Json, kind: str | None = None) -> list[Json]:
        """The payment records of a stay, oldest first, as the superAdmin sees them."""
        found = rows(self.root, "/v1/paymentrecords", reservationId=stay["id"], sortBy="createdAt", sortOrder="asc")
        return [row for row in found if kind in {None, row["kind"]}]

    def attempt(self, stay: Json) -> Json:
        """The newest attempt to pay for a stay."""
        found: Json = ok(self.root.get(f"/v1/reservationpaymentbyorderid/{stay['id']}"))["sys_reservationPayment"]
        return found

    # Time

    def now(self) -> datetime:
        """The product's clock."""
        return datetime.fromisoformat(ok(self.nobody.get("/sandbox/clock"))["now"])

    def advance(self, by: str) -> datetime:
        """Move the clock by an ISO 8601 duration."""
        return datetime.fromisoformat(ok(self.root.post("/sandbox/clock", {"advance": by}))["now"])

    def travel(self, to: datetime) -> None:
        """Move the clock to an instant, unless it is there already."""
        if to > self.now():
            ok(self.root.post("/sandbox/clock", {"now": wire(to)}))

    def morning(self) -> None:
        """Go to eight o'clock UTC, so that a test knows where in the day it is."""
        now = self.now()
        if now.hour == 8 and now.minute < 30:
            return
        morning = datetime.combine(now.date(), time(8), UTC)
        self.travel(morning if morning > now else morning + timedelta(days=1))


def rows(caller: Caller, path: str, **params: Any) -> list[Json]:
    """The rows of a list route."""
    answer = ok(caller.get(path, **params))
    found: list[Json] = answer[answer["dataName"]]
    return found


def instant(day: str, clock: str = "00:00", zone: str = "UTC") -> datetime:
    """A local date and time as an instant."""
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo(zone)).astimezone(UTC)


def wire(at: datetime) -> str:
    """RFC 3339 UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
