"""Quotes: a price promised for a while. A quote fixes the price, not the nights; nothing of it is stored here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import Refused
from domain.pricing import Price
from domain.stay import Nights


@dataclass(frozen=True, slots=True)
class Quote:
    """A price for these nights and guests at this listing, honoured until `expires_at` (UTC, not included)."""

    listing_id: UUID
    nights: Nights
    guest_count: int
    price: Price
    expires_at: datetime


def honoured(quote: Quote, listing_id: UUID, nights: Nights, guest_count: int, at: datetime) -> Price:
    """The price that the quote fixes. Raises QUOTE_MISMATCH if it is for something else, then QUOTE_EXPIRED."""
    asked = {"listingId": listing_id, "checkIn": nights.start, "checkOut": nights.end, "guestCount": guest_count}
    quoted = {
        "listingId": quote.listing_id,
        "checkIn": quote.nights.start,
        "checkOut": quote.nights.end,
        "guestCount": quote.guest_count,
    }
    differing = {name: str(value) for name, value in quoted.items() if value != asked[name]}
    if differing:
        raise Refused("QUOTE_MISMATCH", f"The quote is for another {', '.join(differing)}.", quoted=differing)
    if at >= quote.expires_at:
        raise Refused("QUOTE_EXPIRED", "The quote has expired; ask for a new one.", expiresAt=quote.expires_at)
    return quote.price
