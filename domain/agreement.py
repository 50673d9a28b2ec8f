"""What is agreed about a stay when it is asked for, and the calendars that its parties link to it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.listing import ApprovalType, BookingPolicies
from domain.policies import Policy
from domain.pricing import Price
from domain.stay import Stay


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who stays where, when, at what price and on what terms: fixed when it is asked for, whatever changes later."""

    listing: UUID
    guest: UUID
    host: UUID
    stay: Stay
    guest_count: int
    approval: ApprovalType
    price: Price
    cancellation: Policy
    booking_policies: BookingPolicies


@dataclass(frozen=True, slots=True)
class Links:
    """Calendars kept elsewhere, as the parties named them."""

    ical_export_url: str | None = None
    ical_import_source: str | None = None
