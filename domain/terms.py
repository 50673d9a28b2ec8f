"""The numbers the marketplace's rules are built on, as one value that decisions take.

Every field is a default of the house; what a listing says for itself (its notice, window, stays, times) comes first.
"""

from dataclasses import dataclass, fields
from datetime import time, timedelta
from decimal import Decimal
from typing import Literal

Moderation = Literal["auto", "manual"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of business. The name of a field carries its unit.

    Raises:
        ValueError: a number is negative, or a percentage is above 100.
    """

    hold_minutes: int = 15
    """How long a new reservation holds its nights."""
    manual_hold_hours: int = 24
    """How long after the request the host has to accept an authorised one."""
    capture_retry_minutes: int = 15
    """How long the hold lasts on after a capture failed at acceptance."""
    quote_minutes: int = 15
    """How long a quoted price is honoured."""

    guest_service_fee_percent: Decimal = Decimal(14)
    """Of the net nights, paid by the guest."""
    host_fee_percent: Decimal = Decimal(3)
    """Of the net nights the host keeps."""
    weekly_discount_nights: int = 7
    """The stay from which a listing's weekly discount counts."""
    monthly_discount_nights: int = 28
    """The stay from which its monthly discount counts instead."""

    check_in_time: time = time(15)
    """Listing-local."""
    check_out_time: time = time(11)
    """Listing-local."""
    advance_notice_days: int = 0
    """The fewest days between today at the listing and check-in."""
    booking_window_days: int = 730
    """The most days between today at the listing and check-in."""
    min_stay_nights: int = 1
    max_stay_nights: int = 365
    calendar_range_nights: int = 731
    """The most calendar entries one command sets."""

    grace_hours: int = 24
    """After confirmation, how long a cancellation refunds everything."""
    grace_lead_days: int = 7
    """The fewest days between confirmation and check-in for that."""
    grace_below_nights: int = 28
    """Stays of this many nights or more have no grace."""

    payout_delay_hours: int = 24
    """From the check-in instant to the host's payout."""
    dispute_window_days: int = 60
    """From check-out, how long a dispute may be opened."""
    review_window_days: int = 14
    """From the check-out instant, how long a stay may be reviewed."""
    review_moderation: Moderation = "auto"
    """`auto` approves a review on submission, `manual` leaves it pending for staff."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | Decimal) and value < 0:
                raise ValueError(f"{field.name} is below 0")
            if field.name.endswith("_percent") and value > 100:
                raise ValueError(f"{field.name} is above 100")

    @property
    def hold(self) -> timedelta:
        """`hold_minutes` as a duration."""
        return timedelta(minutes=self.hold_minutes)

    @property
    def manual_hold(self) -> timedelta:
        """`manual_hold_hours` as a duration."""
        return timedelta(hours=self.manual_hold_hours)

    @property
    def capture_retry(self) -> timedelta:
        """`capture_retry_minutes` as a duration."""
        return timedelta(minutes=self.capture_retry_minutes)

    @property
    def quote_validity(self) -> timedelta:
        """`quote_minutes` as a duration."""
        return timedelta(minutes=self.quote_minutes)

    @property
    def grace(self) -> timedelta:
        """`grace_hours` as a duration."""
        return timedelta(hours=self.grace_hours)

    @property
    def grace_lead(self) -> timedelta:
        """`grace_lead_days` as a duration."""
        return timedelta(days=self.grace_lead_days)

    @property
    def payout_delay(self) -> timedelta:
        """`payout_delay_hours` as a duration."""
        return timedelta(hours=self.payout_delay_hours)

    @property
    def dispute_window(self) -> timedelta:
        """`dispute_window_days` as a duration."""
        return timedelta(days=self.dispute_window_days)

    @property
    def review_window(self) -> timedelta:
        """`review_window_days` as a duration."""
        return timedelta(days=self.review_window_days)
