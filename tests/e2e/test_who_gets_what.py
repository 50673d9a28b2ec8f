"""Who gets what: every route, and the status that each kind of caller is answered with.

The table is read by columns:

    nobody     without credentials
    other      someone with an account who has nothing to do with the resource
    owner      whose it is: the user themself, a listing's host, a stay's guest, a review's author …
    moderator, admin, superAdmin

A cell with two statuses is one where the rules leave both readings open; each says why.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.e2e.talk import Caller, Json, Person, ok, told
from tests.e2e.test_payments import event, signed
from tests.e2e.world import LOFT, World

COLUMNS = ("nobody", "other", "owner", "moderator", "admin", "superAdmin")

TABLE = """
# route                                              target        nobody other owner moder admin super

# Pages of the whole product
GET    /                                             -             200    200   200   200   200   200
GET    /docs                                         -             200    200   200   200   200   200
GET    /openapi.json                                 -             200    200   200   200   200   200
GET    /swagger                                      -             200    200   200   200   200   200
GET    /health                                       -             200    200   200   200   200   200
GET    /admin/health                                 -             200    200   200   200   200   200
GET    /favicon.ico                                  -             200    200   200   200   200   200
GET    /sandbox/clock                                -             200    200   200   200   200   200
POST   /sandbox/clock                                clock         401    403   403   403   200   200

# Sessions
GET    /login                                        -             200    200   200   200   200   200
POST   /login                                        login         200    200   200   200   200   200
POST   /logout                                       logout        200    200   200   200   200   200
GET    /relogin                                      -             401    200   200   200   200   200
GET    /publickey                                    -             200    200   200   200   200   200
GET    /currentuser                                  -             401    200   200   200   200   200
GET    /permissions                                  -             401    200   200   200   200   200
GET    /permissions/{permissionName}                 permission    401    200   200   200   200   200

# Users: self and admin
POST   /v1/registeruser                              newcomer      201    201   201   201   201   201
POST   /v1/users                                     newcomer      401    403   403   403   201   201
GET    /v1/users                                     -             401    403   403   403   200   200
GET    /v1/searchusers                               keyword       401    403   403   403   200   200
GET    /v1/users/{userId}                            user          401    404   200   404   200   200
# "history: owner and staff" and "what a caller may not see: 404" differ about a moderator, who sees no users.
GET    /v1/users/{userId}/history                    user          401    404   200   200|404 200 200
GET    /v1/briefuser/{userId}                        user          401    200   200   200   200   200
PATCH  /v1/users/{userId}                            user          401    403|404 403 403|404 200 200
PATCH  /v1/profile/{userId}                          user          401    404   200   404   200   200
PATCH  /v1/userrole/{userId}                         user.role     401    403|404 403 403|404 200 200
PATCH  /v1/userpassword/{userId}                     user.password 401    404   200   404   403|401|400 403|401|400
PATCH  /v1/userpasswordbyadmin/{userId}              user.byadmin  401    403|404 403 403|404 200 200
DELETE /v1/users/{userId}                            user          401    403|404 403 403|404 200 200
DELETE /v1/archiveprofile/{userId}                   user          401    404   200   404   200|403 200|403

# API keys: admin
POST   /v1/apikeys                                   apikey.new    401    403   403   403   201   201
GET    /v1/apikeys                                   -             401    403   403   403   200   200
GET    /v1/apikeys/{apiKeyId}                        apikey        401    403|404 200 403|404 200 200
GET    /v1/apikeys/{apiKeyId}/history                apikey        401    403|404 200 403|404|200 200 200
PATCH  /v1/apikeys/{apiKeyId}                        apikey        401    403|404 200 403|404 200 200

# Listings: published for anyone, hidden for host and staff
POST   /v1/listings                                  listing.new   401    201   201   201   201   201
GET    /v1/listings                                  -             200    200   200   200   200   200
GET    /v1/listings/{listingId}                      listing       200    200   200   200   200   200
GET    /v1/listings/{listingId}/history              listing       401    403|404 200 200   200   200
PATCH  /v1/listings/{listingId}                      listing       401    403   200   403   200   200
DELETE /v1/listings/{listingId}                      listing       401    403   200   403   200   200
GET    /v1/listings/{listingId}                      hidden        404    404   200   200   200   200
GET    /v1/listings/{listingId}/history              hidden        401|404 404  200   200   200   200
PATCH  /v1/listings/{listingId}                      hidden        401    404   200   403   200   200
DELETE /v1/listings/{listingId}                      hidden        401    404   200   403   200   200

# Calendars: as their listing
POST   /v1/listingcalendars                          night.new     401    403   201   403   201   201
POST   /v1/listingcalendars                          night.hidden  401    404   201   403   201   201
GET    /v1/listingcalendars                          -             200    200   200   200   200   200
GET    /v1/listingcalendars/{listingCalendarId}      night         200    200   200   200   200   200
GET    /v1/listingcalendars/{listingCalendarId}/history night      401    403|404 200 200   200   200
PATCH  /v1/listingcalendars/{listingCalendarId}      night         401    403   200   403   200   200
DELETE /v1/listingcalendars/{listingCalendarId}      night         401    403   200   403   200   200

# Amenities: anyone sees, admin changes (the owner column is a listing's host)
POST   /v1/listingamenities                          amenity.new   401    403   403   403   201   201
GET    /v1/listingamenities                          -             200    200   200   200   200   200
GET    /v1/listingamenities/{listingAmenityId}       amenity       200    200   200   200   200   200
GET    /v1/listingamenities/{listingAmenityId}/history amenity     401    403|404 403|404 200 200 200
PATCH  /v1/listingamenities/{listingAmenityId}       amenity       401    403   403   403   200   200
DELETE /v1/listingamenities/{listingAmenityId}       amenity       401    403   403   403   200   200

# Locale texts: as their listing
POST   /v1/listinglocaletexts                        text.new      401    403   201   403   201   201
GET    /v1/listinglocaletexts                        -             200    200   200   200   200   200
GET    /v1/listinglocaletexts/{listingLocaleTextId}  text          200    200   200   200   200   200
GET    /v1/listinglocaletexts/{listingLocaleTextId}/history text   401    403|404 200 200   200   200
PATCH  /v1/listinglocaletexts/{listingLocaleTextId}  text          401    403   200   403   200   200
DELETE /v1/listinglocaletexts/{listingLocaleTextId}  text          401    403   200   403   200   200

# Quotes and stays: guest, host and staff see (the owner is the guest; .host rows have the host there)
GET    /v1/quotes                                    quote         200    200   200   200   200   200
POST   /v1/reservations                              stay.new      401    201   201   201   201   201
GET    /v1/reservations                              -             401    200   200   200   200   200
GET    /v1/reservations/{reservationId}              stay          401    404   200   200   200   200
GET    /v1/reservations/{reservationId}              stay.host     401    404   200   200   200   200
GET    /v1/reservations/{reservationId}/history      stay          401    404   200   200   200   200
PATCH  /v1/reservations/{reservationId}              stay.cancel   401    404   200   403   200   200
PATCH  /v1/reservations/{reservationId}              stay.accept   401    404   200   403   200|403 200|403
DELETE /v1/reservations/{reservationId}              stay          401    404   200   403   200   200
DELETE /v1/reservations/{reservationId}              stay.host     401    404   200   403   200   200
PATCH  /v1/startreservationpayment/{reservationId}   stay.pay      401    404   200   403   403   403
PATCH  /v1/refreshreservationpayment/{reservationId} stay.refresh  401    404   200   403   200|403 200|403
POST   /v1/callbackreservationpayment                callback      200    200   200   200   200   200

# Money: guest and admin see charges and attempts, host and admin payouts; nobody writes
GET    /v1/paymentrecords                            -             401    200   200   200   200   200
GET    /v1/paymentrecords/{paymentRecordId}          charge        401    404   200   404   200   200
GET    /v1/paymentrecords/{paymentRecordId}/history  charge        401    404   200   200|404 200 200
GET    /v1/paymentrecords/{paymentRecordId}          payout        401    404   200   404   200   200
POST   /v1/paymentrecords                            charge.note   401    403|404 403 403   201   201
GET    /v1/reservationpayments                       -             401    200   200   200   200   200
GET    /v1/reservationpayment/{sys_reservationPaymentId} attempt   401    404   200   404   200   200
GET    /v1/reservationpayment/{sys_reservationPaymentId}/history attempt 401 404 200 200|404 200  200
GET    /v1/reservationpaymentbyorderid/{orderId}     attempt       401    404   200   404   200   200
GET    /v1/reservationpaymentbypaymentid/{paymentId} attempt       401    404   200   404   200   200
POST   /v1/reservationpayment                        attempt.new   401    403|404|409 403|409 403|409 409 409
PATCH  /v1/reservationpayment/{sys_reservationPaymentId} attempt.url 401  403|404 403 403|404 200 200
DELETE /v1/reservationpayment/{sys_reservationPaymentId} attempt   401    403|404|409 403|409 403|404|409 409 409

# Disputes: parties and staff see, parties open, an admin moves
POST   /v1/disputes                                  dispute.new   401    404   201   403|409 403|409 403|409
GET    /v1/disputes                                  -             401    200   200   200   200   200
GET    /v1/disputes/{disputeId}                      dispute       401    404   200   200   200   200
GET    /v1/disputes/{disputeId}/history              dispute       401    404   200   200   200   200
PATCH  /v1/disputes/{disputeId}                      dispute.move  401    404   403   403   200   200
PATCH  /v1/disputes/{disputeId}                      dispute.text  401    404   200   403   200|403 200|403

# Reviews: sealed for author and staff, published for anyone
POST   /v1/reviews                                   review.new    401    404   201   403|409 403|409 403|409
GET    /v1/reviews                                   -             200    200   200   200   200   200
GET    /v1/reviews/{reviewId}                        sealed        404    404   200   200   200   200
GET    /v1/reviews/{reviewId}/history                sealed        401|404 404  200   200   200   200
PATCH  /v1/reviews/{reviewId}                        sealed.text   401    404   200   403   403   403
PATCH  /v1/reviews/{reviewId}                        sealed.rule   401    404   200|403 200 200   200
DELETE /v1/reviews/{reviewId}                        sealed        401    404   200   200   200   200
GET    /v1/reviews/{reviewId}                        published     200    200   200   200   200   200
GET    /v1/reviews/{reviewId}/history                published     401    403|404 200 200   200   200
PATCH  /v1/reviews/{reviewId}                        published.rule 401   403   200|403|409 200 200 200
DELETE /v1/reviews/{reviewId}                        published     401    403   409   200   200   200
GET    /v1/reviewaggregates                          -             200    200   200   200   200   200
GET    /v1/reviewaggregates/{reviewAggregateId}      aggregate     200    200   200   200   200   200
GET    /v1/reviewaggregates/{reviewAggregateId}/history aggregate  401|404 403|404 200|403|404 200 200 200

# Conversations: guest, host and staff see (the owner is the guest), the parties and an admin change
POST   /v1/messagethreads                            thread.stay   401    404   201   403   403   403
POST   /v1/messagethreads                            thread.place  401    201   201   201   201   201
POST   /v1/messagethreads                            thread.hidden 401    404   409   409   409   409
GET    /v1/messagethreads                            -             401    200   200   200   200   200
GET    /v1/messagethreads/{messageThreadId}          thread        401    404   200   200   200   200
GET    /v1/messagethreads/{messageThreadId}          thread.host   401    404   200   200   200   200
GET    /v1/messagethreads/{messageThreadId}/history  thread        401    404   200   200   200   200
PATCH  /v1/messagethreads/{messageThreadId}          thread.close  401    404   200   403   200   200
PATCH  /v1/messagethreads/{messageThreadId}          thread.host   401    404   200   403   200   200
DELETE /v1/messagethreads/{messageThreadId}          thread        401    404   200   403   200   200
DELETE /v1/messagethreads/{messageThreadId}          thread.host   401    404   200   403   200   200
GET    /v1/threadmessages/{threadId}                 message       401    404   200   200   200   200
GET    /v1/gotthreadmessages/{threadId}              message       401    404   200   200   200   200

# Messages: the owner is the sender; .host rows have the reader there
POST   /v1/messages                                  message.new   401    404   201   403   403   403
GET    /v1/messages/{messageId}                      message       401    404   200   200   200   200
GET    /v1/messages/{messageId}                      message.host  401    404   200   200   200   200
GET    /v1/messages/{messageId}/history              message       401    404   200   200   200   200
GET    /v1/messages/{messageId}/history              message.host  401    404   403   200   200   200
PATCH  /v1/messages/{messageId}                      message.text  401    404   200   403   200   200
PATCH  /v1/messages/{messageId}                      message.host  401    404   200   403   403   403
PATCH  /v1/messages/{messageId}                      message.flag  401    404   403   200   200   200
PATCH  /v1/messages/{messageId}                      message.rule  401    404   403   200   200   200
DELETE /v1/messages/{messageId}                      message       401    404   200   403   200   200
DELETE /v1/messages/{messageId}                      message.host  401    404   403   403   200   200

# Reports: reporter, who sent the message, and staff see; staff move (the owner is the reporter)
POST   /v1/messagereports                            report.new    401    404   201   201   201   201
POST   /v1/messagereports                            report.own    401    404   403   201   201   201
GET    /v1/messagereports                            -             401    200   200   200   200   200
GET    /v1/messagereports/{messageReportId}          report        401    404   200   200   200   200
GET    /v1/messagereports/{messageReportId}          report.sender 401    404   200   200   200   200
GET    /v1/messagereports/{messageReportId}/history  report        401    404   200   200   200   200
PATCH  /v1/messagereports/{messageReportId}          report.move   401    403   403   200   200   200

# Operators: admin (and API keys)
GET    /operators                                    -             401    403   403   403   200   200
POST   /operators/create                             operator.new  401    403   403   403   201   201
GET    /operators/{operatorId}                       operator      401    403   403   403   200   200
GET    /operators/{operatorId}/history               operator      401    403|404 403|404 403|404|200 200 200
PUT    /operators/{operatorId}                       operator.put  401    403   403   403   200   200
DELETE /operators/{operatorId}                       operator      401    403   403   403   200   200
GET    /operators/synchronization                    -             401    403   403   403   200   200

# Search: published listings for all, and dashboards that show each what REST does
GET    /v1/search/listings                           -             200    200   200   200   200   200
GET    /bff-api/{indexName}/list                     index         401    200   200   200   200   200
POST   /bff-api/{indexName}/list                     index         401    200   200   200   200   200
GET    /bff-api/{indexName}/list                     index.listing 200    200   200   200   200   200
GET    /bff-api/{indexName}/list                     index.user    401    403   403   403   200   200
GET    /bff-api/{indexName}/list                     index.nothing 404    404   404   404   404   404
GET    /bff-api/{indexName}/count                    index         401    200   200   200   200   200
POST   /bff-api/{indexName}/count                    index         401    200   200   200   200   200
GET    /bff-api/{indexName}/schema                   index         401    200   200   200   200   200
GET    /bff-api/{indexName}/{id}                     view.stay     401    404   200   200   200   200
GET    /bff-api/{indexName}/{id}                     view.sealed   404    404   200   200   200   200
GET    /bff-api/{indexName}/filters                  index         401    200   200   200   200   200
POST   /bff-api/{indexName}/filters                  filter.new    401    201   201   201   201   201
DELETE /bff-api/{indexName}/filters/{filterId}       filter        401    404   200   404   404   404
GET    /bff-api/BookingListView                      -             401    200   200   200   200   200
GET    /bff-api/BookingListView/{id}                 view.stay     401    404   200   200   200   200
GET    /bff-api/MessageThreadView                    -             401    200   200   200   200   200
GET    /bff-api/MessageThreadView/{id}               view.thread   401    404   200   200   200   200
GET    /bff-api/ReviewDisplayView                    -             200    200   200   200   200   200
GET    /bff-api/ReviewDisplayView/{id}               view.sealed   404    404   200   200   200   200
GET    /bff-api/PaymentRecordView                    -             401    200   200   200   200   200
GET    /bff-api/PaymentRecordView/{id}               view.charge   401    404   200   404   200   200
GET    /bff-api/disputeDetailView                    -             401    200   200   200   200   200
GET    /bff-api/disputeDetailView/{id}               view.dispute  401    404   200   200   200   200
"""


@dataclass
class Target:
    """What a request is about: who owns it, what fills its path, and what is sent."""

    owner: Caller
    path: dict[str, str] = field(default_factory=dict)
    body: Any = None
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    method: str
    route: str
    target: str
    statuses: tuple[frozenset[int], ...]

    @property
    def name(self) -> str:
        """How a test of this row is called."""
        return f"{self.method} {self.route} {self.target}"


def read(table: str) -> list[Row]:
    """The rows of a table as written."""
    found = []
    for text in table.splitlines():
        if not text.strip() or text.startswith("#"):
            continue
        method, route, target, *cells = text.split()
        assert len(cells) == len(COLUMNS), text
        found.append(Row(method, route, target, tuple(frozenset(map(int, cell.split("|"))) for cell in cells)))
    return found


ROWS = read(TABLE)


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


@pytest.fixture(scope="module")
def targets(world: World, host: Person, guest: Person) -> Targets:
    world.morning()
    return Targets(world, host, guest)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_each_caller_gets_what_the_table_says(
    world: World, targets: Targets, stranger: Person, moderator: Person, admin: Person, row: Row
) -> None:
    wrong = []
    target = targets.make(row.target)
    for column, allowed in zip(COLUMNS, row.statuses, strict=True):
        if row.method != "GET" and column != "nobody":
            target = targets.make(row.target)
        callers = {
            "nobody": world.nobody,
            "other": stranger,
            "moderator": moderator,
            "admin": admin,
            "superAdmin": world.root,
        }
        caller = callers.get(column, target.owner)
        if row.route == "/logout" and column != "nobody":
            caller = world.login(
                getattr(caller, "email", targets.guest.email), getattr(caller, "password", targets.guest.password)
            )
        answer = ask(caller, row, target)
        if answer.status_code not in allowed:
            wrong.append(f"{column}: expected {sorted(allowed)}: {told(answer)}")
    assert not wrong, "\n".join(wrong)


def ask(caller: Caller, row: Row, target: Target) -> httpx.Response:
    """The request of a row."""
    path = row.route.format(**target.path)
    sent: dict[str, Any] = {"params": target.params or None, "follow_redirects": True}
    if target.raw is not None:
        sent["content"] = target.raw
    elif row.method in {"POST", "PATCH", "PUT"}:
        sent["json"] = target.body if target.body is not None else {}
    return caller.ask(row.method, path, target.headers, **sent)


def plain(route: str) -> str:
    """A route without its service's prefix and without the names of its parameters."""
    route = re.sub(r"^/[a-z]+-api(?=/|$)", "", route) or "/"
    route = re.sub(r"^/api/v1/(catalog|authserver)/integrations/auth-required/operators", "/operators", route)
    return re.sub(r"{\w+}", "{}", route)


def test_no_route_is_missing_from_the_table(world: World) -> None:
    """What the product says it has, the table has; and the product has what the reference asks for."""
    described = {
        (method.upper(), plain(route))
        for route, operations in ok(world.nobody.get("/openapi.json"))["paths"].items()
        for method in operations
        if method in {"get", "post", "put", "patch", "delete"}
    }
    listed = {(row.method, plain(row.route)) for row in ROWS}
    assert sorted(described - listed) == []
    # Pages that describe the product are not part of its description.
    pages = {
        ("GET", path)
        for path in ("/", "/docs", "/openapi.json", "/swagger", "/favicon.ico", "/health", "/admin/health", "/login")
    }
    assert sorted(listed - described - pages) == []
