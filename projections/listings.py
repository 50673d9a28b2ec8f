"""Listings as their callers see them."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Any

from domain.kernel import Recorded
from domain.listing import BookingPolicies, Cancellation, Listing, Location, Offer
from domain.money import major, percent
from domain.pricing import Season
from domain.resources.catalog import LISTING
from projections.projection import Document, Projection, born, changed, id_text, on


def created(_: Document | None, event: Recorded, __: Any) -> Document:
    """A new listing."""
    fact: Any = event.fact
    return born(event, **offer(fact.offer), hostId=id_text(fact.host), isPublished=fact.published)


def altered(document: Document | None, event: Recorded, _: Any) -> Document:
    """All that the host says of it, anew."""
    fact: Any = event.fact
    return changed(document, event, **offer(fact.offer), isPublished=fact.published)


def published(document: Document | None, event: Recorded, _: Any) -> Document:
    """On the market."""
    return changed(document, event, isPublished=True)


def unpublished(document: Document | None, event: Recorded, _: Any) -> Document:
    """Off the market."""
    return changed(document, event, isPublished=False)


def deleted(document: Document | None, event: Recorded, _: Any) -> Document:
    """Gone for good."""
    return changed(document, event, isActive=False)


def offer(of: Offer) -> Document:
    """What a host says of a listing, in the words of the wire."""
    return {
        "title": of.title,
        "amenityIds": _texts(of.amenity_ids),
        "mainPhoto": of.main_photo,
        "photos": _texts(of.photos),
        "address": of.address,
        "pricePerNight": major(of.price_per_night, of.currency),
        "description": of.description,
        "propertyType": of.property_type,
        "location": location(of.location),
        "maxStay": of.max_stay,
        "minStay": of.min_stay,
        "currency": of.currency,
        "seasonalPricing": None if of.seasons is None else [season(s, of.currency) for s in of.seasons],
        "approvalType": of.approval_type,
        "bookingPolicies": None if of.policies is None else booking_policies(of.policies, of.currency),
        "cancellationPolicy": cancellation_policy(of.cancellation),
        "languagesSupported": _texts(of.languages),
        "houseRules": of.house_rules,
        "cityTaxPercent": _percent(of.city_tax_rate),
    }


def location(of: Location) -> Document:
    """Degrees as decimals."""
    place = {"city": of.city, "countryCode": of.country_code, "timeZone": of.time_zone}
    return {"lat": _degrees(of.lat), "lon": _degrees(of.lon)} | _said(place)


def season(of: Season, currency: str) -> Document:
    """A period with its own price or minimum stay."""
    price = None if of.price_per_night is None else major(of.price_per_night, currency)
    own = _said({"pricePerNight": price, "minStay": of.min_stay})
    return {"from": of.nights.start.isoformat(), "to": of.nights.end.isoformat()} | own


def booking_policies(of: BookingPolicies, currency: str) -> Document:
    """What the host said; what they left out is left out here too."""
    fee = None if of.cleaning_fee is None else major(of.cleaning_fee, currency)
    return _said(
        {
            "maxGuests": of.max_guests,
            "cleaningFee": fee,
            "weeklyDiscountPercent": _percent(of.weekly_discount_rate),
            "monthlyDiscountPercent": _percent(of.monthly_discount_rate),
            "checkInTime": _clock(of.check_in_time),
            "checkOutTime": _clock(of.check_out_time),
            "advanceNoticeDays": of.advance_notice_days,
            "bookingWindowDays": of.booking_window_days,
        }
    )


def cancellation_policy(of: Cancellation) -> Document:
    """A tier's name, or the steps as the host gave them."""
    if not of.steps:
        return {"tier": of.tier}
    steps = [{"hoursBeforeCheckIn": s.hours_before_check_in, "refundPercent": percent(s.refund_rate)} for s in of.steps]
    return {"steps": steps}


def _said(fields: Document) -> Document:
    return {name: value for name, value in fields.items() if value is not None}


def _texts(values: tuple[object, ...] | None) -> list[str] | None:
    return None if values is None else [str(value) for value in values]


def _percent(rate: int | None) -> Decimal | None:
    return None if rate is None else percent(rate)


def _clock(at: time | None) -> str | None:
    return None if at is None else f"{at:%H:%M}"


def _degrees(billionths: int) -> Decimal:
    """Without the zeros that nobody wrote."""
    whole, rest = divmod(abs(billionths), 10**9)
    text = f"{whole}.{rest:09}".rstrip("0").rstrip(".")
    return Decimal(f"-{text}" if billionths < 0 else text)


LISTINGS = Projection(
    LISTING.name,
    on(Listing, Created=created, Changed=altered, Published=published, Unpublished=unpublished, Deleted=deleted),
)
