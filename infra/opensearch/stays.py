"""What stays at a listing cost and which nights are taken, as integers that a script in the index reckons with.

Days count from 1970-01-01, amounts are minor units, rates basis points. Where a day or a season has a value beside it,
both stand in one integer, so that the column, which OpenSearch keeps sorted, keeps them together.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from domain.money import EXPONENTS
from projections.projection import Document

EPOCH = date(1970, 1, 1).toordinal()
DAY = 10**13
"""What a day, or a season's place, counts before the amount beside it: more than any amount."""
STAYS = 10**6
"""What it counts before a number of nights."""


def day(text: str) -> int:
    """Days since the epoch."""
    return date.fromisoformat(text).toordinal() - EPOCH


def stay_columns(listing: Document, nights: Iterable[Document]) -> dict[str, Any]:
    """What the index keeps of a listing's prices and of its calendar."""
    currency = listing["currency"]
    listed = [night for night in nights if night.get("isActive")]
    seasons = listing.get("seasonalPricing") or []
    policies = listing.get("bookingPolicies") or {}
    taken = [day(night["date"]) for night in listed if not night["isAvailable"]]
    least = [day(n["date"]) * STAYS + n["minStay"] for n in listed if n.get("minStay") is not None]
    overrides = [day(n["date"]) * DAY + minor(n["priceOverride"], currency) for n in listed if _priced(n)]
    return {
        "taken": sorted(taken),
        "least": sorted(least),
        "overrides": sorted(overrides),
        "season_starts": [day(s["from"]) for s in seasons],
        "season_ends": [day(s["to"]) for s in seasons],
        "season_prices": [
            i * DAY + minor(s["pricePerNight"], currency)
            for i, s in enumerate(seasons)
            if s.get("pricePerNight") is not None
        ],
        "season_least": [i * STAYS + s["minStay"] for i, s in enumerate(seasons) if s.get("minStay") is not None],
        "price": minor(listing["pricePerNight"], currency),
        "min_stay": listing.get("minStay"),
        "max_stay": listing.get("maxStay"),
        "cleaning_fee": minor(policies.get("cleaningFee") or 0, currency),
        "weekly_rate": basis(policies.get("weeklyDiscountPercent")),
        "monthly_rate": basis(policies.get("monthlyDiscountPercent")),
        "tax_rate": basis(listing.get("cityTaxPercent")) or 0,
    }


def minor(amount: Decimal | int, currency: str) -> int:
    """Major units as documents have them in minor ones."""
    return int(Decimal(amount).scaleb(EXPONENTS[currency]))


def basis(percent: Decimal | int | None) -> int | None:
    """Percent as documents have it in basis points."""
    return None if percent is None else int(Decimal(percent) * 100)


def _priced(night: Document) -> bool:
    return night.get("priceOverride") is not None
