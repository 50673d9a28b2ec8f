"""Documents and indexes that search engines are tried on: small, and full of edges."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.actor import Actor
from domain.catalogue import RESOURCES
from domain.resources.bookings import RESERVATION
from domain.resources.catalog import LISTING, LISTING_CALENDAR
from domain.resources.reviews import REVIEW
from projections.projection import Document
from read_api.search.declared import Index, Join

BY_NAME = {resource.name: resource for resource in RESOURCES}
HANNA, GUS, EVE, MO, ADA = (UUID(int=n) for n in range(1, 6))
ACTORS = {
    "nobody": Actor(),
    "host": Actor(HANNA, "user"),
    "guest": Actor(GUS, "user"),
    "stranger": Actor(EVE, "user"),
    "moderator": Actor(MO, "moderator"),
    "admin": Actor(ADA, "admin"),
}
LISTINGS = Index("listing", LISTING, texts=("title", "description"), points=("location",))
STAYS = Index(
    "stayView",
    RESERVATION,
    joins=(
        Join("listing", LISTING, by="listingId"),
        Join("nights", LISTING_CALENDAR, by="listingId", on="listingId", many=True, most=2),
        Join("review", REVIEW, by="id", on="reservationId", where=(("revieweeType", "listing"),)),
    ),
)
REVIEWS = Index("review", REVIEW)
NIGHTS = Index("listingCalendar", LISTING_CALENDAR, joins=(Join("listing", LISTING, by="listingId"),))
INDEXES = (LISTINGS, STAYS, REVIEWS, NIGHTS)

TITLES = ["Loft", "LOFT under the roofs", "Straße 5", "STRASSE 5", "İstanbul", "a_b%c\\d", "line\nbreak", "", "loft"]
PLACES: list[dict[str, Any] | None] = [
    {"lat": Decimal("48.8566"), "lon": Decimal("2.3522"), "city": "Paris", "countryCode": "FR"},
    {"lat": Decimal("-16.8"), "lon": Decimal("179.99"), "city": "Taveuni", "countryCode": "FJ"},
    {"lat": Decimal("-16.7"), "lon": Decimal("-179.98"), "city": "Ålesund", "countryCode": "FJ"},
    None,
]


def documents() -> dict[str, list[Document]]:
    """All of them, by the name of their read model."""
    listings = [_listing(n) for n in range(18)]
    return {
        "listing": listings,
        "listingCalendar": [_night(n, listings) for n in range(12)],
        "reservation": [_stay(n, listings) for n in range(16)],
        "review": [_review(n) for n in range(16)],
    }


def _common(id: int, n: int, **fields: Any) -> Document:
    at = f"2026-05-{1 + n % 7:02}T12:00:00.000Z"
    return {"id": str(UUID(int=id)), "isActive": n % 9 != 8, "recordVersion": 1 + n % 3, "createdAt": at} | {
        "updatedAt": at,
        **fields,
    }


def _listing(n: int) -> Document:
    return _common(
        100 + n,
        n,
        title=TITLES[n % len(TITLES)],
        amenityIds=[None, [], [str(UUID(int=7))], [str(UUID(int=7)), str(UUID(int=8))]][n % 4],
        hostId=str(HANNA if n % 3 else EVE),
        address=None if n % 5 else "Rue Là-Haut 1",
        pricePerNight=[Decimal("99.99"), Decimal(100), Decimal("100.01"), Decimal(7)][n % 4],
        description=["Quiet, bright; near the sea.", "Near the quiet sea", "Sea"][n % 3],
        propertyType=["loft", "house", "villa"][n % 3],
        location=PLACES[n % 4],
        currency=["EUR", "JPY"][n % 2],
        approvalType="instant",
        languagesSupported=[None, ["FR", "Élan"], ["en"]][n % 3],
        isPublished=n % 4 != 3,
        minStay=[None, 2][n % 2],
    )


def _night(n: int, listings: list[Document]) -> Document:
    listing = listings[n % 5]
    return _common(
        300 + n,
        n % 7,
        date=f"2026-06-{1 + n % 6:02}",
        listingId=listing["id"],
        hostId=listing["hostId"],
        isAvailable=bool(n % 2),
        bookedBy=None if n % 2 else str(UUID(int=200 + n)),
        priceOverride=None if n % 3 else Decimal("120.50"),
        minStay=None,
    )


def _stay(n: int, listings: list[Document]) -> Document:
    listing = listings[(5 * n) % len(listings)]
    return _common(
        200 + n,
        n,
        listingId=listing["id"],
        hostId=listing["hostId"],
        guestId=str(GUS if n % 2 else EVE),
        approvalType=["instant", "manual"][n % 2],
        bookingStatus=["pending", "confirmed", "complete", "cancelled"][n % 4],
        checkIn=f"2026-06-{1 + n:02}",
        checkOut=f"2026-06-{3 + n:02}",
        currency=listing["currency"],
        guestCount=1 + n % 3,
        totalPrice=Decimal(100 + n) / 4,
        disputeStatus="none",
        paymentConfirmation="pending",
        cancelledBy=None if n % 4 != 3 else "guest",
    )


def _review(n: int) -> Document:
    published = n % 3 == 0
    return _common(
        400 + n,
        n % 8,
        reservationId=str(UUID(int=200 + n % 8)),
        reviewerId=str(GUS if n % 2 else HANNA),
        revieweeId=str(UUID(int=100 + n)),
        revieweeType=["listing", "host", "guest"][n % 3 if n < 8 else 0],
        moderationStatus=["approved", "pending"][n % 5 == 0],
        isPublished=published,
        reviewText=["Lovely loft", "Sealed secret", "Loud"][n % 3],
        rating=1 + n % 5,
        blindSubmissionCode=f"CODE{n}",
        submittedAt="2026-05-09T10:00:00.000Z",
    )
