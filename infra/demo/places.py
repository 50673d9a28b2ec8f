"""The places that the story is about, as their host lists them."""

from __future__ import annotations

LOFT = {
    "title": "Loft under the roofs",
    "description": "Quiet, bright, and five minutes from the river.",
    "address": "12 Rue des Martyrs",
    "propertyType": "loft",
    "approvalType": "instant",
    "isPublished": True,
    "pricePerNight": 120.00,
    "currency": "EUR",
    "cityTaxPercent": 5.5,
    "location": {"lat": 48.8566, "lon": 2.3522, "city": "Paris", "countryCode": "FR"},
    "bookingPolicies": {"maxGuests": 3, "cleaningFee": 45.00, "weeklyDiscountPercent": 7.5},
    "cancellationPolicy": {"tier": "moderate"},
}
CABIN = LOFT | {
    "title": "Cabin by the fjord",
    "address": "Strandvegen 3",
    "propertyType": "house",
    "approvalType": "manual",
    "pricePerNight": 1500,
    "currency": "NOK",
    "location": {"lat": 60.3913, "lon": 5.3221, "city": "Bergen", "countryCode": "NO"},
    "bookingPolicies": {"cleaningFee": 400},
    "cancellationPolicy": {"tier": "flexible"},
}
