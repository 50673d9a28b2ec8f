"""What may speak against a stay, in the order in which it is said: each rule by its name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from domain.errors import Refused
from domain.money import major
from domain.pricing import Price
from domain.stay import Nights


class Wish(NamedTuple):
    """A stay as it is asked for, and all that is said of such stays. Absent numbers are no limits."""

    guest: UUID | None
    """Absent where nobody in particular asks, as for a quote."""
    host: UUID | None
    published: bool
    nights: Nights
    guests: int
    today: date
    """At the listing."""
    notice_days: int
    window_days: int
    min_stay: int
    max_stay: int
    max_guests: int | None

    @property
    def days_ahead(self) -> int:
        """From today at the listing to check-in."""
        return (self.nights.start - self.today).days


Rule = Callable[[Wish], None]
"""Raises Refused, or lets it pass."""


def listing_is_published(wish: Wish) -> None:
    """Raises LISTING_NOT_PUBLISHED."""
    if not wish.published:
        raise Refused("LISTING_NOT_PUBLISHED", "This listing is not published.")


def guest_is_not_the_host(wish: Wish) -> None:
    """Raises OWN_LISTING."""
    if wish.guest is not None and wish.guest == wish.host:
        raise Refused("OWN_LISTING", "Hosts do not book their own listings.")


def check_in_is_not_past(wish: Wish) -> None:
    """Today is allowed. Raises CHECK_IN_PAST."""
    if wish.days_ahead < 0:
        raise Refused("CHECK_IN_PAST", f"It is {wish.today} at the listing: check-in is past.", today=str(wish.today))


def notice_is_given(wish: Wish) -> None:
    """Raises NOTICE_TOO_SHORT."""
    if wish.days_ahead < wish.notice_days:
        raise Refused(
            "NOTICE_TOO_SHORT",
            f"This listing asks for {wish.notice_days} days of notice.",
            advanceNoticeDays=wish.notice_days,
        )


def not_too_far_ahead(wish: Wish) -> None:
    """Raises TOO_FAR_AHEAD."""
    if wish.days_ahead > wish.window_days:
        raise Refused(
            "TOO_FAR_AHEAD",
            f"This listing takes bookings at most {wish.window_days} days ahead.",
            bookingWindowDays=wish.window_days,
        )


def long_enough(wish: Wish) -> None:
    """Raises STAY_TOO_SHORT."""
    if len(wish.nights) < wish.min_stay:
        raise Refused(
            "STAY_TOO_SHORT", f"For this arrival a stay has at least {wish.min_stay} nights.", minStay=wish.min_stay
        )


def not_too_long(wish: Wish) -> None:
    """Raises STAY_TOO_LONG."""
    if len(wish.nights) > wish.max_stay:
        raise Refused("STAY_TOO_LONG", f"A stay here has at most {wish.max_stay} nights.", maxStay=wish.max_stay)


def few_enough_guests(wish: Wish) -> None:
    """Raises TOO_MANY_GUESTS."""
    if wish.max_guests is not None and wish.guests > wish.max_guests:
        raise Refused(
            "TOO_MANY_GUESTS", f"This listing takes at most {wish.max_guests} guests.", maxGuests=wish.max_guests
        )


RULES: tuple[Rule, ...] = (
    listing_is_published,
    guest_is_not_the_host,
    check_in_is_not_past,
    notice_is_given,
    not_too_far_ahead,
    long_enough,
    not_too_long,
    few_enough_guests,
)
"""In the order in which they are asked. Then: is the price as sent, is every night free, does the quote hold."""


def check(wish: Wish) -> None:
    """Raises Refused by the first rule that the wish breaks."""
    for rule in RULES:
        rule(wish)


def check_price(price: Price, currency: str | None, total: Decimal | None) -> None:
    """The price is what the guest thinks it is; what they did not say is not looked at. Raises PRICE_DIFFERS."""
    right = major(price.total, price.currency)
    if currency not in {None, price.currency} or total not in {None, right}:
        raise Refused(
            "PRICE_DIFFERS", f"The price is {right} {price.currency}.", totalPrice=right, currency=price.currency
        )
