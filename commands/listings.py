"""What hosts do with their listings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from commands.calendar_nights import months_to_come
from commands.leaving import keep_open
from commands.listing_messages import (
    BookingPoliciesPart,
    CancellationPart,
    CreateListing,
    DeleteListing,
    LocationPart,
    SeasonPart,
    UpdateListing,
)
from commands.ports import SOME, Answer
from commands.registry import Command, Route
from commands.stays import check_outs
from commands.work import Work
from domain.access import LoggedIn
from domain.errors import Invalid, NotThere, Refused
from domain.listing import BookingPolicies, Cancellation, Listing, Location, Offer
from domain.money import discount_rate, exponent, from_major, rate
from domain.policies import Step, custom, named
from domain.pricing import Season, checked_seasons
from domain.resources.catalog import LISTING, LISTING_CALENDAR, SERVICE
from domain.stay import checked_nights
from domain.user import User
from domain.zones import checked_zone, clock_time, local_date


class Zones(Protocol):
    """Knows which clock goes where."""

    def zone_at(self, lat: Decimal, lon: Decimal) -> str:
        """The IANA zone of a place, given in degrees; every place has one."""
        ...


async def create_listing(work: Work, m: CreateListing) -> Answer:
    """Put a listing on the marketplace. Raises Invalid, USER_GONE."""
    if work.actor.id is None:
        raise NotThere("host")
    place = _location(m.location, work.services.zones)
    listing = await work.load(Listing, work.new_id())
    listing.create(
        work.actor.id,
        Offer(**_said(m.sent(), m.currency, place.time_zone) | {"location": place}),
        published=m.is_published,
    )
    if m.is_published:
        await keep_open(work, work.actor.id)
    return Answer("listing", listing.id)


async def update_listing(work: Work, m: UpdateListing) -> Answer:
    """Change what was sent. Raises NotThere, NotAllowed, Invalid, STALE_VERSION, WRONG_STATE, USER_GONE."""
    listing = await work.load(Listing, m.listing_id)
    work.admit(LISTING, listing.facts)
    listing.expect(m.record_version)
    sent, before = m.sent(), listing.offer
    currency: str = sent.get("currency", before.currency)
    if currency != before.currency:
        await _change_currency(work, listing, currency, {n for n in sent if n in _PRICED})
    place = _location(m.location, work.services.zones) if "location" in sent else before.location
    changes = _said(sent, currency, place.time_zone)
    published = sent.get("is_published", listing.published)
    if published and not listing.published:
        await _check_host(work, listing)
    listing.change(replace(before, **changes | {"location": place}), published=published)
    return Answer("listing", listing.id)


async def delete_listing(work: Work, m: DeleteListing) -> Answer:
    """Hide a listing for good. Raises NotThere, NotAllowed, STALE_VERSION, LISTING_HAS_CLAIMS.

    The months that a stay could claim are closed with it: whoever claims nights at this very moment writes to one of
    them too, and only one of the two is recorded.
    """
    listing = await work.load(Listing, m.listing_id)
    work.admit(LISTING, listing.facts)
    listing.expect(m.record_version)
    months = await months_to_come(work, listing)
    listing.check_left(await check_outs(work, months), work.at)
    for month in months:
        month.close()
    listing.delete()
    return Answer("listing", listing.id)


async def _check_host(work: Work, listing: Listing) -> None:
    """Raise USER_GONE if the account of its host is closed: nobody would be there to let it."""
    if listing.host is None:
        return
    if (await work.load(User, listing.host, fresh=True)).status in {"archived", "deleted"}:
        raise Refused("USER_GONE", "The account of its host is closed: nobody is there to let it.")
    await keep_open(work, listing.host)


async def _change_currency(work: Work, listing: Listing, currency: str, sent: set[str]) -> None:
    """Only with every price, and not while the calendar has some. Raises Invalid, WRONG_STATE.

    The months to come are told, so that a price entered at this very moment is not taken for one of the new currency.
    """
    exponent(currency)
    listing.check_currency(currency, {_PRICED[name] for name in sent})
    priced = {"listingId": str(listing.id), "isActive": True, "priceOverride": SOME}
    if await work.services.documents.exists(LISTING_CALENDAR.name, **priced):
        raise Refused("WRONG_STATE", "The currency cannot change while the calendar has prices of its own.")
    for month in await months_to_come(work, listing):
        month.denominate(currency)


_PRICED = {
    "price_per_night": "pricePerNight",
    "seasonal_pricing": "seasonalPricing",
    "booking_policies": "bookingPolicies",
}
_AS_SENT = frozenset(
    {
        *("title", "address", "description", "property_type", "currency", "approval_type"),
        *("min_stay", "max_stay", "main_photo", "house_rules"),
    }
)


def _said(sent: dict[str, Any], currency: str, zone: str) -> dict[str, Any]:
    """What was sent, as the fields of an offer. Raises Invalid."""
    exponent(currency)
    said = {name: value for name, value in sent.items() if name in _AS_SENT}
    for name in sent.keys() & {"amenity_ids", "photos"}:
        said[name] = None if sent[name] is None else tuple(sent[name])
    if "languages_supported" in sent:
        said["languages"] = None if (spoken := sent["languages_supported"]) is None else tuple(spoken)
    if "price_per_night" in sent:
        said["price_per_night"] = from_major(sent["price_per_night"], currency, "pricePerNight", least=1).minor
    if "seasonal_pricing" in sent:
        said["seasons"] = _seasons(sent["seasonal_pricing"], currency, zone)
    if "booking_policies" in sent:
        said["policies"] = _policies(sent["booking_policies"], currency)
    if "cancellation_policy" in sent:
        said["cancellation"] = _cancellation(sent["cancellation_policy"])
    if "city_tax_percent" in sent:
        tax = sent["city_tax_percent"]
        said["city_tax_rate"] = None if tax is None else rate(tax, "cityTaxPercent")
    return said


def _location(part: LocationPart, zones: Zones) -> Location:
    zone = zones.zone_at(part.lat, part.lon) if part.time_zone is None else part.time_zone
    return Location(
        lat=round(part.lat.scaleb(9)),
        lon=round(part.lon.scaleb(9)),
        time_zone=checked_zone(zone, "location.timeZone"),
        city=part.city,
        country_code=part.country_code,
    )


def _seasons(parts: list[SeasonPart] | None, currency: str, zone: str) -> tuple[Season, ...] | None:
    if parts is None:
        return None
    return checked_seasons(_season(part, currency, zone, f"seasonalPricing.{n}") for n, part in enumerate(parts))


def _season(part: SeasonPart, currency: str, zone: str, field: str) -> Season:
    price = part.price_per_night
    return Season(
        checked_nights(day_at(zone, part.from_), day_at(zone, part.to), f"{field}.to"),
        None if price is None else from_major(price, currency, f"{field}.pricePerNight", least=1).minor,
        part.min_stay,
    )


def _policies(part: BookingPoliciesPart | None, currency: str) -> BookingPolicies | None:
    if part is None:
        return None
    fee, weekly, monthly = part.cleaning_fee, part.weekly_discount_percent, part.monthly_discount_percent
    arrival, leave = part.check_in_time, part.check_out_time
    of = "bookingPolicies."
    return BookingPolicies(
        max_guests=part.max_guests,
        cleaning_fee=None if fee is None else from_major(fee, currency, of + "cleaningFee", least=0).minor,
        weekly_discount_rate=None if weekly is None else discount_rate(weekly, of + "weeklyDiscountPercent"),
        monthly_discount_rate=None if monthly is None else discount_rate(monthly, of + "monthlyDiscountPercent"),
        check_in_time=None if arrival is None else clock_time(arrival, of + "checkInTime"),
        check_out_time=None if leave is None else clock_time(leave, of + "checkOutTime"),
        advance_notice_days=part.advance_notice_days,
        booking_window_days=part.booking_window_days,
    )


def _cancellation(part: CancellationPart | None) -> Cancellation:
    if part is None:
        return Cancellation()
    if (part.tier is None) == (part.steps is None):
        raise Invalid({"cancellationPolicy": "has either a tier or steps"})
    if part.tier is not None:
        return Cancellation(named(part.tier).tier)
    field = "cancellationPolicy.steps"
    steps = tuple(Step(s.hours_before_check_in, rate(s.refund_percent, field)) for s in part.steps or ())
    return Cancellation(custom(steps).tier, steps)


def day_at(zone: str, day: date | datetime) -> date:
    """A date as sent; of a date-time, the date that it is at the listing."""
    return local_date(zone, day) if isinstance(day, datetime) else day


COMMANDS: tuple[Command, ...] = (
    Command(
        name="createListing",
        doc="Create a new rental property listing. Whoever asks is its host.",
        message=CreateListing,
        handler=create_listing,
        route=Route("POST", "/v1/listings", SERVICE, status=201, action="create", data_name="listing"),
        who=LoggedIn(),
        refuses=("USER_GONE",),
    ),
    Command(
        name="updateListing",
        doc="Update an existing listing, publish it or take it off the market; by its host or an admin.",
        message=UpdateListing,
        handler=update_listing,
        route=Route("PATCH", "/v1/listings/{listingId}", SERVICE, data_name="listing"),
        who=LoggedIn(),
        refuses=("STALE_VERSION", "WRONG_STATE", "USER_GONE"),
    ),
    Command(
        name="deleteListing",
        doc="Delete (hide) a listing that has no hold and no booking not yet checked out; by its host or an admin.",
        message=DeleteListing,
        handler=delete_listing,
        route=Route("DELETE", "/v1/listings/{listingId}", SERVICE, action="delete", data_name="listing"),
        who=LoggedIn(),
        refuses=("STALE_VERSION", "LISTING_HAS_CLAIMS"),
    ),
)
