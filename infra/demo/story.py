"""The story of a marketplace.

Hanna lists, Gus searches, he and Ada book, pay, ask and cancel, both sides review blind, a dispute is refunded, and
a feed is followed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import httpx

from infra.demo.client import Person, newcomer
from infra.demo.places import CABIN, LOFT

Tell = Callable[[str, str], None]
"""Told of each step: a headline, and what came of it."""


def money(amount: float, currency: str = "EUR") -> str:
    """As people write it; both currencies of the story have hundredths."""
    return f"{amount:,.2f} {currency}"


@dataclass
class Story:
    """Plays itself, step by step; each step is real, and fails loudly if the product does not do as it should."""

    http: httpx.AsyncClient
    tell: Tell
    admin_email: str
    admin_password: str
    run: str
    made: dict[str, Any] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """The steps in order."""
        return (
            self.people_arrive,
            self.hanna_lists,
            self.gus_searches,
            self.gus_books,
            self.gus_asks_and_hanna_answers,
            self.ada_comes_too_late,
            self.ada_asks_and_hanna_accepts,
            self.ada_cancels,
            self.time_passes,
            self.both_sides_review,
            self.hanna_looks_at_her_dashboard,
            self.a_dispute_is_refunded,
            self.money_adds_up,
            self.an_outside_system_follows,
            self.nothing_is_forgotten,
        )

    async def play(self) -> None:
        """All of it. Raises `client.Unexpected` at the first step that does not go as told."""
        for step in self.steps:
            await step()

    async def today(self) -> date:
        """The date by the product's clock."""
        now = (await self.people["admin"].ask("GET", "/sandbox/clock")).json()["now"]
        return datetime.fromisoformat(now).date()

    async def people_arrive(self) -> None:
        """An admin logs in; a host and two guests register."""
        admin = Person(self.http, "admin")
        await admin.log_in(self.admin_email, self.admin_password)
        self.people["admin"] = admin
        for name in ("Hanna", "Gus", "Ada"):
            self.people[name] = await newcomer(self.http, name, self.run)
        self.tell("People arrive", "Hanna the host, Gus and Ada the guests are registered and logged in")

    async def hanna_lists(self) -> None:
        """Two listings, one booked at once, one on request; a dearer night and a blocked one."""
        hanna = self.people["Hanna"]
        loft = await hanna.post("/v1/listings", LOFT, "listing")
        cabin = await hanna.post("/v1/listings", CABIN, "listing")
        self.made |= {"loft": loft["id"], "cabin": cabin["id"], "arrival": await self.today() + timedelta(days=20)}
        fair = self.made["arrival"] + timedelta(days=2)
        night = {"listingId": loft["id"], "date": f"{fair}", "isAvailable": True, "priceOverride": 180}
        answer = await hanna.ask("POST", "/v1/listingcalendars", night)
        self.made["listed"] = answer.headers["X-Event-Position"]
        zones = loft["location"]["timeZone"], cabin["location"]["timeZone"]
        self.tell(
            "Hanna lists",
            f"a loft ({zones[0]}) booked at once, a cabin ({zones[1]}) on request; the night of {fair} costs more",
        )

    async def gus_searches(self) -> None:
        """A word with a slip in it, and dates: what is free, cheapest stay first, counted by type and place."""
        arrival = self.made["arrival"]
        dates = f"checkIn={arrival}&checkOut={arrival + timedelta(days=4)}"
        query = f"q=lfot&{dates}&guests=2&currency=EUR&sort=price&pageRowCount=5"
        answer = await self.people["Gus"].ask("GET", f"/v1/search/listings?{query}", seen=self.made["listed"])
        found = answer.json()
        first, facets = found["listings"][0], found["facets"]
        counts = ", ".join(f"{c['value']} {c['count']}" for name in ("propertyType", "city") for c in facets[name])
        self.tell(
            "Gus searches “lfot”",
            f"“{first['title']}”, {money(first['stay']['totalPrice'])} for {first['stay']['nights']} nights; {counts}; "
            f"page 1 of {found['paging']['pageCount']}",
        )

    async def gus_books(self) -> None:
        """A quote, a reservation at that price, a payment that confirms it, and a retry that books nothing twice."""
        gus, arrival = self.people["Gus"], self.made["arrival"]
        stay = {
            "listingId": self.made["loft"],
            "checkIn": f"{arrival}",
            "checkOut": f"{arrival + timedelta(days=4)}",
            "guestCount": 2,
        }
        query = "&".join(f"{name}={value}" for name, value in stay.items())
        quote = await gus.get(f"/v1/quotes?{query}", "quote")
        body = stay | {"quoteId": quote["quoteId"], "totalPrice": quote["totalPrice"]}
        first = await gus.ask("POST", "/v1/reservations", body, key=f"gus-{self.run}")
        again = await gus.ask("POST", "/v1/reservations", body, key=f"gus-{self.run}")
        reservation = first.json()["reservation"]
        assert again.json()["reservation"]["id"] == reservation["id"]  # noqa: S101 - the story's own claim
        pay = {"paymentUserParams": {"paymentMethodId": "pm_card_visa"}}
        paid = await gus.patch(f"/v1/startreservationpayment/{reservation['id']}", pay, "reservation")
        self.made["stay"] = paid["id"]
        replayed = again.headers.get("Idempotent-Replayed") == "true"
        self.tell(
            "Gus books",
            f"{money(paid['totalPrice'])} quoted, paid, {paid['bookingStatus']}; "
            f"the retry was {'answered as the first' if replayed else 'another request'}",
        )

    async def gus_asks_and_hanna_answers(self) -> None:
        """A conversation about the stay, read by the two of them; a list marks nothing as read, the reader does."""
        gus, hanna = self.people["Gus"], self.people["Hanna"]
        thread = await gus.post("/v1/messagethreads", {"reservationId": self.made["stay"]}, "messageThread")
        asked = await gus.post("/v1/messages", {"threadId": thread["id"], "content": "Is there a lift?"}, "message")
        await hanna.patch(f"/v1/messages/{asked['id']}", {"isRead": True}, "message")
        await hanna.post("/v1/messages", {"threadId": thread["id"], "content": "There is, as of May."}, "message")
        told = await gus.get(f"/v1/threadmessages/{thread['id']}", "messages")
        words = " - ".join(f"“{message['content']}”" for message in told)
        self.tell("Gus asks, Hanna answers", f"{words}; the question is {'read' if told[0]['isRead'] else 'unread'}")

    async def ada_comes_too_late(self) -> None:
        """The same nights are not sold twice."""
        start = self.made["arrival"] + timedelta(days=1)
        body = {
            "listingId": self.made["loft"],
            "checkIn": f"{start}",
            "checkOut": f"{start + timedelta(days=2)}",
            "guestCount": 1,
        }
        refusal = (await self.people["Ada"].ask("POST", "/v1/reservations", body, expect=409)).json()
        self.tell("Ada comes too late", f"{refusal['errCode']}: {refusal['message']}")

    async def ada_asks_and_hanna_accepts(self) -> None:
        """On request: an authorised payment waits for the host, whose acceptance captures it."""
        ada, arrival = self.people["Ada"], self.made["arrival"] + timedelta(days=30)
        body = {
            "listingId": self.made["cabin"],
            "checkIn": f"{arrival}",
            "checkOut": f"{arrival + timedelta(days=3)}",
            "guestCount": 2,
        }
        asked = await ada.post("/v1/reservations", body, "reservation")
        pay = {"paymentUserParams": {"paymentMethodId": "pm_card_visa"}}
        held = await ada.patch(f"/v1/startreservationpayment/{asked['id']}", pay, "reservation")
        accepted = await self.people["Hanna"].patch(
            f"/v1/reservations/{asked['id']}", {"bookingStatus": "confirmed"}, "reservation"
        )
        self.made["request"] = asked["id"]
        self.tell(
            "Ada asks, Hanna accepts",
            f"{held['bookingStatus']} until {held['holdExpiresAt']}, then {accepted['bookingStatus']}",
        )

    async def ada_cancels(self) -> None:
        """A cancellation in time refunds by the policy, and says why."""
        path = f"/v1/reservations/{self.made['request']}"
        cancelled = await self.people["Ada"].patch(path, {"bookingStatus": "cancelled"}, "reservation")
        refund = cancelled["refund"]
        self.tell("Ada cancels", f"{money(refund['amount'], 'NOK')} come back by the rule {refund['trace']['rule']}")

    async def time_passes(self) -> None:
        """The sandbox's clock moves past the stay, and every deadline on the way is acted on."""
        await self.people["admin"].ask("POST", "/sandbox/clock", {"advance": "P25D"})
        stay = await self.people["Gus"].get(f"/v1/reservations/{self.made['stay']}", "reservation")
        self.tell(
            "Time passes",
            f"25 days later the stay is {stay['bookingStatus']}; reviews close at {stay['reviewsCloseAt']}",
        )

    async def both_sides_review(self) -> None:
        """Sealed until both sides are in; then all at once."""
        gus, hanna, ada = (self.people[name] for name in ("Gus", "Hanna", "Ada"))
        of_listing = f"/v1/reviews?revieweeId={self.made['loft']}"
        for kind, reviewee, text in (
            ("listing", self.made["loft"], "Bright and quiet."),
            ("host", hanna.id, "A kind host."),
        ):
            body = {
                "reservationId": self.made["stay"],
                "revieweeType": kind,
                "revieweeId": reviewee,
                "rating": 5,
                "reviewText": text,
            }
            await gus.post("/v1/reviews", body, "review")
        sealed = await ada.get(of_listing, "reviews")
        body = {
            "reservationId": self.made["stay"],
            "revieweeType": "guest",
            "revieweeId": gus.id,
            "rating": 4,
            "reviewText": "Welcome back.",
        }
        answer = await hanna.ask("POST", "/v1/reviews", body)
        position = answer.headers["X-Event-Position"]
        shown = await ada.get(of_listing, "reviews", seen=position)
        rating = await ada.get(
            f"/v1/reviewaggregates?revieweeId={self.made['loft']}", "reviewAggregates", seen=position
        )
        average = rating[0]["averageRating"]
        outcome = f"others saw {len(sealed)} of the loft before Hanna's, {len(shown)} after: {average} of 5"
        self.tell("Both sides review, blind", outcome)

    async def hanna_looks_at_her_dashboard(self) -> None:
        """Her bookings with their guests, counted by how they stand."""
        query = "facets=bookingStatus&sortBy=checkIn&sortOrder=asc"
        found = (await self.people["Hanna"].ask("GET", f"/bff-api/BookingListView?{query}")).json()
        counts = ", ".join(f"{count['count']} {count['value']}" for count in found["facets"]["bookingStatus"])
        stays = ", ".join(f"{stay['guest']['fullname']} in “{stay['listing']['title']}”" for stay in found["items"])
        self.tell("Hanna looks at her dashboard", f"{counts}: {stays}")

    async def a_dispute_is_refunded(self) -> None:
        """Opened by the guest, moved by an admin, refunded once."""
        gus, admin = self.people["Gus"], self.people["admin"]
        body = {
            "reservationId": self.made["stay"],
            "issueType": "heating",
            "description": "The heating was off one night.",
        }
        dispute = await gus.post("/v1/disputes", body, "dispute")
        path = f"/v1/disputes/{dispute['id']}"
        await admin.patch(path, {"resolutionStatus": "reviewing"}, "dispute")
        closing = {"resolutionStatus": "resolved", "refundApproved": True, "refundAmount": 60}
        answer = await admin.ask("PATCH", path, closing)
        closed, position = answer.json()["dispute"], answer.headers["X-Event-Position"]
        stay = await gus.get(f"/v1/reservations/{self.made['stay']}", "reservation", seen=position)
        self.tell(
            "A dispute is refunded",
            f"{closed['resolutionStatus']}, {money(60)} back; the stay's disputes are {stay['disputeStatus']}",
        )

    async def money_adds_up(self) -> None:
        """Every movement is a record of its own."""
        records = await self.people["admin"].get(
            f"/v1/paymentrecords?reservationId={self.made['stay']}&sortOrder=asc", "paymentRecords"
        )
        moved = [(r["kind"], r["amountPaid"] or r["refundAmount"] or r["payoutAmountHost"]) for r in records]
        self.tell("The money", ", ".join(f"{kind} {money(amount)}" for kind, amount in moved))

    async def an_outside_system_follows(self) -> None:
        """An API key, an operator, and the feed that tells of it."""
        admin = self.people["admin"]
        key = (await admin.post("/v1/apikeys", {"description": "synchronisation"}, "apiKey"))["key"]
        outside = Person(self.http, "outside system", {"ApiAuth": key})
        body = {"email": f"op.{self.run}@company.example", "name": "Olga", "phone": "987654321"}
        made = (await outside.ask("POST", "/operators/create", body)).json()
        await outside.ask("PUT", f"/operators/{made['operatorId']}", {"name": "Olga N.", "phone": "987654321"})
        page: dict[str, Any] = {"nextId": 1, "events": []}
        mine = []
        while page["events"] or page["nextId"] == 1:
            page = (await outside.ask("GET", f"/operators/synchronization?startId={page['nextId']}")).json()
            mine += [e["type"] for e in page["events"] if e["operatorId"] == made["operatorId"]]
        self.tell("An outside system follows", f"{' then '.join(mine)}; next time it asks from {page['nextId']}")

    async def nothing_is_forgotten(self) -> None:
        """The whole life of the reservation, from the log."""
        body = (await self.people["Gus"].ask("GET", f"/v1/reservations/{self.made['stay']}/history")).json()
        entries = body["history"]
        self.tell(
            "Nothing is forgotten",
            f"the stay's history has {len(entries)} entries: " + ", ".join(e["event"] for e in entries),
        )
