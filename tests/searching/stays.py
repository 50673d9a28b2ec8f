"""Free nights and prices of stays, of one listing's documents, by the domain's own rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from domain.money import from_major, rate
from domain.pricing import Rates, Season, min_stay, price
from domain.stay import Nights
from projections.projection import Document
from read_api.search.algebra import FreeNights, Stay


def free(asked: FreeNights, listing: Document, calendar: Iterable[Document]) -> bool:
    """Can the listing be had for these nights?"""
    entries = _entries(listing, calendar)
    length = (asked.end - asked.first).days
    taken = any(not entry["isAvailable"] for day, entry in entries.items() if asked.first <= day < asked.end)
    arrival = entries.get(asked.first)
    least = min_stay(asked.first, rates_of(listing), arrival["minStay"] if arrival else None, asked.least)
    return not taken and least <= length <= (listing["maxStay"] or asked.most)


def stay_price(stay: Stay, listing: Document, calendar: Iterable[Document]) -> int:
    """What the stay costs, in minor units."""
    rates = rates_of(listing)
    overrides = {
        day: _minor(entry["priceOverride"], rates.currency)
        for day, entry in _entries(listing, calendar).items()
        if entry["priceOverride"] is not None
    }
    return price(Nights(stay.first, stay.end), rates, overrides, stay.terms).total


def rates_of(listing: Document) -> Rates:
    """What a listing asks, as its document says."""
    currency, policies = listing["currency"], listing["bookingPolicies"] or {}
    percents = {
        name: None if (percent := policies.get(f"{length}DiscountPercent")) is None else rate(Decimal(percent))
        for name, length in (("weekly_discount_rate", "weekly"), ("monthly_discount_rate", "monthly"))
    }
    return Rates(
        currency=currency,
        price_per_night=_minor(listing["pricePerNight"], currency),
        seasons=tuple(_season(season, currency) for season in listing["seasonalPricing"] or ()),
        min_stay=listing["minStay"],
        cleaning_fee=_minor(policies.get("cleaningFee") or 0, currency),
        city_tax_rate=rate(Decimal(listing["cityTaxPercent"] or 0)),
        **percents,
    )


def _season(season: dict[str, Any], currency: str) -> Season:
    own = season.get("pricePerNight")
    nights = Nights(date.fromisoformat(season["from"]), date.fromisoformat(season["to"]))
    return Season(nights, None if own is None else _minor(own, currency), season.get("minStay"))


def _entries(listing: Document, calendar: Iterable[Document]) -> dict[date, Document]:
    return {
        date.fromisoformat(entry["date"]): entry
        for entry in calendar
        if entry["listingId"] == listing["id"] and entry["isActive"]
    }


def _minor(amount: Any, currency: str) -> int:
    return from_major(Decimal(amount), currency).minor
