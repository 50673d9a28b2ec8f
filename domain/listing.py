"""A listing: a place that a host offers, what it costs, and on what terms it is let."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Literal
from uuid import UUID

from domain.errors import Invalid, NotThere, Refused
from domain.kernel import Aggregate, event
from domain.policies import GRACE, Grace, Policy, Step, custom, named
from domain.pricing import Rates, Season

PropertyType = Literal["apartment", "house", "villa", "room", "condo", "loft", "studio", "other"]
ApprovalType = Literal["instant", "manual"]


@dataclass(frozen=True, slots=True)
class Location:
    """Where it is: billionths of a degree, and the IANA zone whose calendar its nights are dates of."""

    lat: int
    lon: int
    time_zone: str
    city: str | None = None
    country_code: str | None = None


@dataclass(frozen=True, slots=True)
class BookingPolicies:
    """What the host asks of bookings; what is absent is the marketplace's own. Minor units and basis points."""

    max_guests: int | None = None
    cleaning_fee: int | None = None
    weekly_discount_rate: int | None = None
    monthly_discount_rate: int | None = None
    check_in_time: time | None = None
    check_out_time: time | None = None
    advance_notice_days: int | None = None
    booking_window_days: int | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The host's choice of cancellation policy: a published tier, or steps of their own."""

    tier: str = "flexible"
    steps: tuple[Step, ...] = ()

    def policy(self, grace: Grace = GRACE) -> Policy:
        """The policy it stands for, with the marketplace's grace. Raises Invalid."""
        return custom(self.steps, grace) if self.steps else named(self.tier, grace)


@dataclass(frozen=True, slots=True)
class Offer:
    """All that a host says about a listing and may change. Money is in minor units of `currency`.

    Seasons stand in order of date and do not overlap (`domain.pricing.checked_seasons`).
    """

    title: str
    address: str
    description: str
    property_type: PropertyType
    location: Location
    currency: str
    price_per_night: int
    approval_type: ApprovalType
    cancellation: Cancellation = Cancellation()
    seasons: tuple[Season, ...] | None = None
    policies: BookingPolicies | None = None
    min_stay: int | None = None
    max_stay: int | None = None
    city_tax_rate: int | None = None
    amenity_ids: tuple[UUID, ...] | None = None
    main_photo: str | None = None
    photos: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    house_rules: str | None = None

    @property
    def priced(self) -> frozenset[str]:
        """The parts of it that are amounts of the currency, by the names callers know them by."""
        parts = {
            "pricePerNight": True,
            "seasonalPricing": any(season.price_per_night is not None for season in self.seasons or ()),
            "bookingPolicies": self.policies is not None and bool(self.policies.cleaning_fee),
        }
        return frozenset(name for name, priced in parts.items() if priced)


class Listing(Aggregate):
    """Made, changed, published and deleted by its host; published listings can be booked."""

    TOPIC = "listing"

    def __init__(self) -> None:
        self.host: UUID | None = None
        self.offered: Offer | None = None
        self.published = False
        self.deleted = False

    @property
    def exists(self) -> bool:
        """Made, and not deleted."""
        return self.offered is not None and not self.deleted

    @property
    def offer(self) -> Offer:
        """What the host says of it. Raises NotThere if there is no such listing, or no more."""
        if self.offered is None or self.deleted:
            raise NotThere("listing")
        return self.offered

    @property
    def facts(self) -> dict[str, Any]:
        """What the rules of who may see and change it look at. Raises NotThere."""
        if not self.exists:
            raise NotThere("listing")
        return {"hostId": str(self.host), "isPublished": self.published}

    @property
    def zone(self) -> str:
        """The IANA zone of its calendar."""
        return self.offer.location.time_zone

    @property
    def policies(self) -> BookingPolicies:
        """What the host asks of bookings, none of it if nothing was said."""
        return self.offer.policies or BookingPolicies()

    @property
    def rates(self) -> Rates:
        """What a stay is priced by."""
        offer, policies = self.offer, self.policies
        return Rates(
            currency=offer.currency,
            price_per_night=offer.price_per_night,
            seasons=offer.seasons or (),
            min_stay=offer.min_stay,
            cleaning_fee=policies.cleaning_fee or 0,
            weekly_discount_rate=policies.weekly_discount_rate,
            monthly_discount_rate=policies.monthly_discount_rate,
            city_tax_rate=offer.city_tax_rate or 0,
        )

    def policy(self, grace: Grace = GRACE) -> Policy:
        """Its cancellation policy, as a reservation made now would keep it."""
        return self.offer.cancellation.policy(grace)

    def create(self, host: UUID, offer: Offer, *, published: bool) -> None:
        """Put it on the marketplace. Raises Invalid."""
        _check(offer)
        if self.offered is None:
            self._created(host=host, offer=offer, published=published)

    def check_currency(self, currency: str, sent: Collection[str]) -> None:
        """A currency changes only together with every price; `sent` names the parts that come anew.

        Raises WRONG_STATE, naming the prices that would be left. That the calendar has none is the calendar's to say.
        """
        left = sorted(self.offer.priced - set(sent))
        if currency != self.offer.currency and left:
            raise Refused(
                "WRONG_STATE",
                f"The currency changes only together with every price; these are still in {self.offer.currency}: "
                f"{', '.join(left)}.",
                prices=left,
            )

    def change(self, offer: Offer, *, published: bool) -> None:
        """Let it be offered like this from now on. Raises NotThere, Invalid."""
        _check(offer)
        if offer != self.offer:
            self._changed(offer=offer, published=published)
        elif published and not self.published:
            self._published()
        elif self.published and not published:
            self._unpublished()

    def unpublish(self) -> None:
        """Take it off the market; it stays its host's."""
        if self.exists and self.published:
            self._unpublished()

    def check_left(self, check_outs: Iterable[datetime], at: datetime) -> None:
        """Everyone who has a stay has checked out, as it was agreed with them. Raises LISTING_HAS_CLAIMS."""
        staying = sum(leaves > at for leaves in check_outs)
        if staying:
            raise Refused(
                "LISTING_HAS_CLAIMS",
                "It has holds or bookings not yet checked out; unpublish it instead.",
                stays=staying,
            )

    def delete(self) -> None:
        """Hide it for good, once `check_left`."""
        if self.exists:
            self._deleted()

    @event("Created", topic="listing.created.v1")
    def _created(self, host: UUID, offer: Offer, published: bool) -> None:
        self.host, self.offered, self.published = host, offer, published

    @event("Changed", topic="listing.changed.v1")
    def _changed(self, offer: Offer, published: bool) -> None:
        self.offered, self.published = offer, published

    @event("Published", topic="listing.published.v1")
    def _published(self) -> None:
        self.published = True

    @event("Unpublished", topic="listing.unpublished.v1")
    def _unpublished(self) -> None:
        self.published = False

    @event("Deleted", topic="listing.deleted.v1")
    def _deleted(self) -> None:
        self.deleted = True


def _check(offer: Offer) -> None:
    """Raises Invalid for what cannot be offered, whoever asks."""
    if offer.min_stay is not None and offer.max_stay is not None and offer.min_stay > offer.max_stay:
        raise Invalid({"minStay": "is above maxStay"})
    offer.cancellation.policy()
