"""A small marketplace to search in: documents as the read models have them, with all that is awkward about documents.

Some are named, for questions whose answers are known by heart; the rest is a crowd, the same each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any
from uuid import UUID, uuid5

from domain.actor import NOBODY, Actor
from domain.calendar_month import CalendarMonth
from domain.catalogue import RESOURCES
from domain.resource import Resource
from domain.resources.bookings import BOOKING_STATUS, RESERVATION
from domain.resources.catalog import LISTING, LISTING_CALENDAR, LISTING_LOCALE_TEXT
from domain.resources.identity import BRIEF_USER, USER
from domain.resources.payments import DISPUTE
from domain.resources.reviews import MODERATION, REVIEW, REVIEW_AGGREGATE
from projections.projection import Document
from read_api.search.declared import Index, Join

SPACE = UUID("5e34c411-0000-4000-8000-000000000000")
EXAMPLES = "Example Street 1"
"""The address of the named listings."""


def id_of(kind: str, name: str | int) -> str:
    """The id of the document of that name."""
    return str(uuid5(SPACE, f"{kind} {name}"))


def _user(name: str, role: Any = "user") -> Actor:
    return Actor(UUID(id_of("user", name)), role)


GINA, GUS, HUGO, HILDE = (_user(name) for name in ("gina", "gus", "hugo", "hilde"))
MODERATOR, ADMIN = _user("moderator", "moderator"), _user("admin", "admin")
PEOPLE = {
    "nobody": NOBODY,
    "guest": GINA,
    "other guest": GUS,
    "host": HUGO,
    "other host": HILDE,
    "moderator": MODERATOR,
    "admin": ADMIN,
}

LISTINGS = Index(
    "listing",
    LISTING,
    joins=(
        Join("texts", LISTING_LOCALE_TEXT, by="id", on="listingId", many=True),
        Join("host", USER, by="hostId"),
        Join("rating", REVIEW_AGGREGATE, by="id", on="revieweeId", where=(("revieweeType", "listing"),)),
    ),
    texts=("title", "location.city", "description", "texts.localizedTitle"),
    points=("location",),
)
BOOKINGS = Index(
    "booking",
    RESERVATION,
    joins=(
        Join("listing", LISTING, by="listingId"),
        Join("guest", BRIEF_USER, by="guestId"),
        Join("host", BRIEF_USER, by="listing.hostId"),
        Join("disputes", DISPUTE, by="id", on="reservationId", many=True, most=2),
    ),
    texts=("listing.title", "guest.fullname"),
)
REVIEWS = Index(
    "review", REVIEW, joins=(Join("listing", LISTING, by="revieweeId"),), texts=("reviewText", "listing.title")
)
NIGHTS = Index("listingCalendar", LISTING_CALENDAR, joins=(Join("listing", LISTING, by="listingId"),))
TEXTS = Index("listingLocaleText", LISTING_LOCALE_TEXT, texts=("localizedTitle",))
DISPUTES = Index("dispute", DISPUTE)
INDEXES = (LISTINGS, BOOKINGS, REVIEWS, NIGHTS, TEXTS, DISPUTES)
BY_NAME: Mapping[str, Resource] = {resource.name: resource for resource in RESOURCES}

TITLES = (
    "Straße am Fluß", "STRASSE AM FLUSS", "strasse", "İstanbul Loft", "istanbul loft", "ﬁne house", "Fine House",
    "e\u0301clair", "éclair", "50% off_now", "back\\slash", "a*b?c", "(brackets) [too] {and} a|pipe", "two\nlines",
    "tab\there", "", " ", "日本の家", "🏠 house", "loft", "Loft", "LOFT under the roofs", "Lofts under the roof",
    "the roofs under a loft", "ΟΔΟΣ", "οδός", "x" * 300, "null", "true", "1", "'quoted\"", "Ǆungla", "a.b", "<b>",
)  # fmt: skip
PLACES = (
    ("48.8566", "2.3522", "Paris"), ("52.52", "13.405", "Berlin"), ("-16.5", "179.9", "Taveuni"),
    ("-16.5", "-179.9", "Taveuni"), ("-17.0", "180", None), ("-17.0", "-180", None), ("90", "0", "Pole"),
    ("-89.999", "45.5", None), ("0", "0", "Île de l'Équateur"), ("48.8567", "2.3523", "PARIS"),
    ("41.0082", "28.9784", "İstanbul"), ("51.5074", "-0.1278", "London"),
)  # fmt: skip
PRICES = {
    "EUR": ("0.01", "99.99", "100", "100.00", "100.1", "100.10", "120.5", "999999999.99"),
    "JPY": ("1", "100", "12000"),
    "KWD": ("7.345", "7.3450", "100.1"),
}
DAY = date(2031, 3, 28)


class World:
    """All documents by the names of their read models and by id."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Document]] = {}
        self._dice = Random(20)  # the same crowd each time
        self._hours = count()
        self._people()
        self._listings()
        self._bookings()
        self._reviews()

    def put(self, model: str, name: str | int, **fields: Any) -> Document:
        """One document. Some are as old as others, and one in nine was deleted."""
        hour = next(self._hours) // 2
        at = f"{datetime(2031, 1, 1) + timedelta(hours=hour):%Y-%m-%dT%H:%M:%S}.000Z"  # noqa: DTZ001 - UTC it is
        common = {"isActive": hour % 9 != 5, "recordVersion": 1, "createdAt": at, "updatedAt": at}
        document: Document = {"id": id_of(model, name)} | common | fields
        self.documents.setdefault(model, {})[document["id"]] = document
        return document

    def _any(self, *choices: Any) -> Any:
        return self._dice.choice(choices)

    def _people(self) -> None:
        for name in ("gina", "gus", "hugo", "hilde", "moderator", "admin"):
            self.put(
                "user", name, isActive=True, email=f"{name}@example.com", fullname=name.title(), roleId="user",
                avatar=None, emailVerified=name < "h", preferredLanguage=None, bio=None,
            )  # fmt: skip

    def _listings(self) -> None:
        for number, title in enumerate(TITLES):
            self._listing(f"title {number}", title=title, address=EXAMPLES, isPublished=True, isActive=True)
        for number in range(50):
            self._listing(number, title=self._any(*TITLES))
        self._listing("sealed", title="Sealed", address=EXAMPLES, isPublished=False, isActive=True)
        self._listing("gone", title="Gone", address=EXAMPLES, isPublished=True, isActive=False)

    def _listing(self, name: str | int, **fields: Any) -> None:
        lat, lon, city = self._any(*PLACES)
        currency: str = self._any(*PRICES)
        given = {
            "hostId": str(self._any(HUGO, HILDE).id),
            "mainPhoto": self._any(None, "https://example.com/a.png"),
            "amenityIds": self._any(None, [], [id_of("amenity", 1)], [id_of("amenity", n) for n in (1, 2, 1)]),
            "photos": self._any(None, [], ["https://example.com/ß.png", "B"], ["b"]),
            "address": self._any("1 Road", "2 ROAD", "Straße 3"),
            "pricePerNight": Decimal(self._any(*PRICES[currency])),
            "description": self._any("Quiet.", "Lofts of the best", "Ein Haus am Meer\nund mehr", "w " * 4_500),
            "propertyType": self._any("apartment", "house", "loft"),
            "location": {"lat": Decimal(lat), "lon": Decimal(lon), "timeZone": "Etc/UTC", "city": city},
            "currency": currency,
            "minStay": self._any(None, 1, 2, 10),
            "maxStay": self._any(None, 5, 30),
            "seasonalPricing": self._any(None, [], _seasons()),
            "approvalType": self._any("instant", "manual"),
            "bookingPolicies": self._any(None, {}, {"maxGuests": 4}, {"maxGuests": 12, "advanceNoticeDays": 0}),
            "languagesSupported": self._any(None, [], ["en"], ["de", "EN"]),
            "houseRules": self._any(None, "", "No İ smoking"),
            "isPublished": self._any(True, True, False),
            "cityTaxPercent": self._any(None, Decimal(0), Decimal("5.5"), Decimal("5.50")),
        } | fields
        listing = self.put("listing", name, **given)
        self._around(listing, name)

    def _around(self, listing: Document, name: str | int) -> None:
        for code, title in (("de", "Häuser am Fluß"), ("fr", "Sous les toits")):
            if self._any(True, False):
                self.put(
                    "listingLocaleText", f"{name} {code}", listingId=listing["id"], languageCode=code,
                    localizedTitle=title, localizedDescription=self._any("Still", "Calme"),
                    ownerId=listing["hostId"],
                )  # fmt: skip
        for night in range(self._any(0, 0, 3)):
            on = DAY + timedelta(night)
            id = str(CalendarMonth.night_id(UUID(listing["id"]), on))
            fields = {
                "id": id, "listingId": listing["id"], "date": on.isoformat(), "hostId": listing["hostId"],
                "isAvailable": self._any(True, False), "minStay": self._any(None, 3),
                "priceOverride": self._any(None, Decimal(149)), "bookedBy": self._any(None, id_of("reservation", 1)),
                "iCalUrl": self._any(None, "https://example.com/Secret.ics"),
                "externalCalendarIds": self._any(None, [], ["ext-A", "ext-b"], ["EXT-a"]),
                "isEntered": True, "isBlocked": False, "claimedBy": None, "timeZone": "Etc/UTC",
            }  # fmt: skip
            self.put("listingCalendar", id, **fields)
        if self._any(True, False):
            self.put(
                "reviewAggregate", f"{name} listing", isActive=True, revieweeId=listing["id"], revieweeType="listing",
                averageRating=self._any(None, Decimal("4.5"), Decimal("4.50"), Decimal("3.33")), reviewCount=2,
                visibilityStatus=self._any("public", "public", "hidden"), ratingSum=9, reviewIds=[],
            )  # fmt: skip

    def _bookings(self) -> None:
        listings = [*self.documents["listing"].values()]
        for number in range(60):
            listing = self._any(*listings)
            lost = self._any(False, False, False, True)
            self.put(
                "reservation", number, listingId=self._any(None, id_of("listing", "never")) if lost else listing["id"],
                approvalType=listing["approvalType"], bookingStatus=self._any(*BOOKING_STATUS),
                hostId=listing["hostId"], guestId=str(self._any(GINA, GUS).id),
                checkIn=(DAY + timedelta(number % 7)).isoformat(), checkOut=(DAY + timedelta(9)).isoformat(),
                currency=listing["currency"], guestCount=self._any(1, 2, 10),
                totalPrice=Decimal(self._any(*PRICES[listing["currency"]])),
                iCalExportUrl=None, disputeStatus=self._any("none", "active"),
                holdExpiresAt=self._any(None, "2031-01-01T00:15:00.000Z", "2031-01-01T00:15:00.001Z"),
                paymentConfirmation=self._any("pending", "paid"), cancelledBy=self._any(None, "guest"),
                priceLines=[{"kind": "night", "amount": Decimal(1)}], refund=None, timeZone="Etc/UTC",
                reviewsLeft=self._any(None, {"guest": True, "host": False}),
                reviewsCloseAt=self._any(None, "2031-05-01T10:00:00.000Z", "2031-05-02T10:00:00.000Z"),
            )  # fmt: skip
        for number in range(40):
            booking = self.documents["reservation"][id_of("reservation", number % 12)]
            self.put(
                "dispute", number, reservationId=booking["id"], guestId=booking["guestId"], hostId=booking["hostId"],
                raisedBy=booking[self._any("guestId", "hostId")], issueType="Noise", description="It was LOUD.",
                reportedAt="2031-02-01T00:00:00.000Z", resolutionStatus=self._any("pending", "resolved"),
                refundAmount=self._any(None, Decimal("12.5")), refundApproved=self._any(None, True, False),
                adminId=None, relatedPaymentId=None, resolvedAt=None, currency="EUR",
            )  # fmt: skip

    def _reviews(self) -> None:
        listings = [*self.documents["listing"]]
        for number in range(60):
            self.put(
                "review", number, isPublished=self._any(True, False), moderationStatus=self._any(*MODERATION),
                reviewText=self._any("Sealed words", "Loved the Straße", ""), rating=self._any(1, 2, 3, 4, 5),
                blindSubmissionCode=self._any("code-A", "code-b"), revieweeType="listing",
                revieweeId=self._any(*listings), reservationId=id_of("reservation", number),
                reviewerId=str(self._any(GINA, GUS).id), submittedAt="2031-04-01T00:00:00.000Z",
            )  # fmt: skip


def _seasons() -> list[dict[str, Any]]:
    return [{"from": "2031-03-29", "to": "2031-04-02", "pricePerNight": Decimal(120), "minStay": 2}]
