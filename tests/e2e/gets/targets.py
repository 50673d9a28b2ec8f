"""What the requests of the table are about, made anew for each that changes something."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.callbacks import event, signed
from tests.e2e.talk import Caller, Json, Person, ok
from tests.e2e.world import LOFT, World


@dataclass
class Target:
    """What a request is about: who owns it, what fills its path, and what is sent."""

    owner: Caller
    path: dict[str, str] = field(default_factory=dict)
    body: Any = None
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


class Targets:
    """Makes what a row needs, new for each request that changes something."""

    def __init__(self, world: World, host: Person, guest: Person) -> None:
        self.world, self.host, self.guest = world, host, guest
        self._over: Json | None = None

    def make(self, name: str) -> Target:
        """A target by its name in the table."""
        kind, _, what = name.partition(".")
        if kind == "-":
            return Target(self.guest)
        maker: Callable[[str], Target] = getattr(self, kind)
        return maker(what)

    def over(self) -> Json:
        """A stay that is over, with its payout; shared, since nothing here changes it."""
        if self._over is None:
            self._over = self.world.completed(self.guest, self.host, nights=2)
            self.world.advance("P2D")
        return self._over

    def clock(self, _: str) -> Target:
        return Target(self.guest, body={"advance": "PT1S"})

    def login(self, _: str) -> Target:
        return Target(self.guest, body={"username": self.guest.email, "password": self.guest.password})

    def logout(self, _: str) -> Target:
        return Target(self.world.login(self.guest.email))

    def permission(self, _: str) -> Target:
        return Target(self.guest, {"permissionName": "adminPanel.access"})

    def keyword(self, _: str) -> Target:
        return Target(self.guest, params={"keyword": "person"})

    def newcomer(self, _: str) -> Target:
        return Target(
            self.guest, body={"email": f"{self.world.unique()}@example.com", "password": "12345678", "fullname": "x"}
        )

    def user(self, what: str) -> Target:
        person = self.world.person()
        body = {
            "role": {"roleId": "moderator"},
            "password": {"oldPassword": person.password, "newPassword": "another one"},
            "byadmin": {"password": "another one"},
        }.get(what, {"bio": self.world.unique()})
        return Target(person, {"userId": person.id}, body)

    def apikey(self, what: str) -> Target:
        if what == "new":
            return Target(self.guest, body={"active": True, "description": "x"})
        maker = self.world.person("admin")
        made = ok(maker.post("/v1/apikeys", {"active": True}), 201)["apiKey"]
        return Target(maker, {"apiKeyId": made["id"]}, {"description": "other"})

    def listing(self, what: str) -> Target:
        if what == "new":
            return Target(self.host, body=LOFT)
        return Target(self.host, {"listingId": self.world.listing(self.host)["id"]}, {"title": "Other"})

    def hidden(self, _: str) -> Target:
        return Target(
            self.host, {"listingId": self.world.listing(self.host, isPublished=False)["id"]}, {"title": "Other"}
        )

    def night(self, what: str) -> Target:
        place = self.world.listing(self.host, isPublished=what != "hidden")
        body = {"listingId": place["id"], "date": self.world.day(5), "isAvailable": False}
        if what:
            return Target(self.host, body=body)
        made = ok(self.host.post("/v1/listingcalendars", body), 201)["listingCalendar"]
        return Target(self.host, {"listingCalendarId": made["id"]}, {"minStay": 2})

    def amenity(self, what: str) -> Target:
        if what == "new":
            return Target(self.host, body={"name": self.world.unique()})
        made = ok(self.world.root.post("/v1/listingamenities", {"name": self.world.unique()}), 201)["listingAmenity"]
        return Target(self.host, {"listingAmenityId": made["id"]}, {"iconUrl": "https://x.example"})

    def text(self, what: str) -> Target:
        body = {
            "listingId": self.world.listing(self.host)["id"],
            "languageCode": "fr",
            "localizedTitle": "x",
            "localizedDescription": "x",
        }
        if what == "new":
            return Target(self.host, body=body)
        made = ok(self.host.post("/v1/listinglocaletexts", body), 201)["listingLocaleText"]
        return Target(self.host, {"listingLocaleTextId": made["id"]}, {"localizedTitle": "y"})

    def quote(self, _: str) -> Target:
        return Target(self.guest, params=self.world.stay(self.world.listing(self.host)))

    def stay(self, what: str) -> Target:
        world = self.world
        place = world.listing(self.host, approvalType="manual" if what == "accept" else "instant")
        if what == "new":
            return Target(self.guest, body=world.stay(place))
        stay = world.book(self.guest, place)
        path = {"reservationId": stay["id"]}
        if what == "accept":
            world.pay(self.guest, stay)
            return Target(self.host, path, {"bookingStatus": "confirmed"})
        if what == "pay":
            return Target(self.guest, path, {"paymentUserParams": {"paymentMethodId": "pm_card_visa"}})
        if what == "refresh":
            world.pay(self.guest, stay, "pm_card_authenticationRequired")
            return Target(self.guest, path, {})
        if what == "settle":
            return Target(self.guest, path, {})  # nothing waits for another try
        return Target(self.host if what == "host" else self.guest, path, {"bookingStatus": "cancelled"})

    def callback(self, _: str) -> Target:
        stay = self.world.book(self.guest, self.world.listing(self.host))
        result = ok(self.world.start(self.guest, stay, "pm_card_processing"))["paymentResult"]
        raw = json.dumps(event(stay, result["paymentId"])).encode()
        return Target(self.guest, headers={"Stripe-Signature": signed(raw, at=time.time())}, raw=raw)

    def charge(self, what: str) -> Target:
        stay = self.over()
        if what == "note":
            note = {
                "reservationId": stay["id"],
                "paymentIntentId": "x",
                "currency": "EUR",
                "amountPaid": 1,
                "paymentStatus": "paid",
            }
            return Target(self.guest, body=note)
        return Target(self.guest, {"paymentRecordId": self.world.records(stay, "charge")[0]["id"]})

    def payout(self, _: str) -> Target:
        return Target(self.host, {"paymentRecordId": self.world.records(self.over(), "payout")[0]["id"]})

    def attempt(self, what: str) -> Target:
        stay = self.over()
        made = ok(self.guest.get(f"/v1/reservationpaymentbyorderid/{stay['id']}"))["sys_reservationPayment"]
        path = {"sys_reservationPaymentId": made["id"], "orderId": stay["id"], "paymentId": made["paymentId"]}
        new = {"orderId": stay["id"], "paymentId": "pi_x", "paymentStatus": "succeeded", "statusLiteral": "succeeded"}
        return Target(
            self.guest, path, new if what == "new" else {"redirectUrl": f"https://x.example/{self.world.unique()}"}
        )

    def dispute(self, what: str) -> Target:
        stay = self.world.confirmed(self.guest, self.world.listing(self.host))
        body = {"reservationId": stay["id"], "issueType": "noise", "description": "x"}
        if what == "new":
            return Target(self.guest, body=body)
        made = ok(self.guest.post("/v1/disputes", body), 201)["dispute"]
        return Target(
            self.guest,
            {"disputeId": made["id"]},
            {"resolutionStatus": "reviewing"} if what == "move" else {"description": "y"},
        )

    def review(self, _: str) -> Target:
        return Target(self.guest, body=self._opinion(self.world.completed(self.guest, self.host), "listing"))

    def index(self, what: str) -> Target:
        return Target(self.guest, {"indexName": what or "reservation"}, {"filters": {}})

    def view(self, what: str) -> Target:
        made: Target = getattr(self, what)("")
        index = {"stay": "reservation", "sealed": "review"}.get(what, what)
        return Target(made.owner, {"indexName": index, "id": next(iter(made.path.values()))})

    def filter(self, what: str) -> Target:
        kept = {"filterName": self.world.unique(), "conditions": []}
        if what == "new":
            return Target(self.guest, {"indexName": "reservation"}, kept)
        made = ok(self.guest.post("/bff-api/reservation/filters", kept), 201)["savedFilter"]
        return Target(self.guest, {"indexName": "reservation", "filterId": made["id"]})

    def sealed(self, what: str) -> Target:
        stay = self.world.completed(self.guest, self.host)
        made = ok(self.guest.post("/v1/reviews", self._opinion(stay, "listing")), 201)["review"]
        return Target(
            self.guest,
            {"reviewId": made["id"]},
            {"moderationStatus": "approved"} if what == "rule" else {"reviewText": "y"},
        )

    def published(self, _: str) -> Target:
        stay = self.world.completed(self.guest, self.host)
        made = ok(self.guest.post("/v1/reviews", self._opinion(stay, "listing")), 201)["review"]
        ok(self.guest.post("/v1/reviews", self._opinion(stay, "host")), 201)
        ok(self.host.post("/v1/reviews", self._opinion(stay, "guest")), 201)
        return Target(self.guest, {"reviewId": made["id"]}, {"moderationStatus": "approved"})

    def aggregate(self, _: str) -> Target:
        made = self.published("")
        review = ok(self.guest.get(f"/v1/reviews/{made.path['reviewId']}"))["review"]
        found = ok(self.guest.get("/v1/reviewaggregates", revieweeId=review["revieweeId"]))["reviewAggregates"]
        return Target(self.host, {"reviewAggregateId": found[0]["id"]})

    def thread(self, what: str) -> Target:
        place = self.world.listing(self.host, isPublished=what != "hidden")
        if what == "hidden":
            return Target(self.host, body={"listingId": place["id"]})
        if what == "place":
            return Target(self.guest, body={"listingId": place["id"]})
        about = {"reservationId": self.world.book(self.guest, place)["id"]}
        if what == "stay":
            return Target(self.guest, body=about)
        made = ok(self.guest.post("/v1/messagethreads", about), 201)["messageThread"]
        return Target(self.host if what == "host" else self.guest, {"messageThreadId": made["id"]}, {"isOpen": False})

    def message(self, what: str) -> Target:
        thread = self.thread("").path["messageThreadId"]
        body = {"threadId": thread, "content": "x"}
        if what == "new":
            return Target(self.guest, body=body)
        made = ok(self.guest.post("/v1/messages", body), 201)["message"]
        sent = {
            "host": {"isRead": True},
            "flag": {"isFlagged": True, "flagReason": "rude"},
            "rule": {"isModerated": True},
        }.get(what, {"content": "y"})
        owner = self.host if what == "host" else self.guest
        return Target(owner, {"messageId": made["id"], "threadId": thread}, sent)

    def report(self, what: str) -> Target:
        body = {"messageId": self.message("").path["messageId"], "reportReason": "rude"}
        if what in {"new", "own"}:
            return Target(self.host if what == "new" else self.guest, body=body)
        made = ok(self.host.post("/v1/messagereports", body), 201)["messageReport"]
        owner = self.guest if what == "sender" else self.host
        return Target(owner, {"messageReportId": made["id"]}, {"moderationStatus": "reviewed"})

    def operator(self, what: str) -> Target:
        body = {"name": "x", "phone": "1", "email": f"{self.world.unique()}@example.com"}
        if what == "new":
            return Target(self.host, body=body)
        made = ok(self.world.root.post("/operators/create", body), 201)
        return Target(self.host, {"operatorId": made["operatorId"]}, {"name": "y", "phone": "2"})

    def _opinion(self, stay: Json, kind: str) -> Json:
        who = {"listing": "listingId", "host": "hostId", "guest": "guestId"}[kind]
        return {
            "reservationId": stay["id"],
            "revieweeType": kind,
            "revieweeId": stay[who],
            "rating": 5,
            "reviewText": "x",
        }
