"""What a listing asks for a stay, and what speaks against it: the same for a reservation and for a quote."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import Field, StrictInt

from commands.calendar_nights import NightTerms, night_terms
from commands.ports import Wanted
from commands.wire import Day
from commands.work import Work
from domain.booking_rules import Wish, check
from domain.calendar_month import CalendarMonth, streams_of
from domain.errors import NotThere
from domain.listing import Listing
from domain.policies import Grace, Policy
from domain.pricing import Price, min_stay, price
from domain.resources.catalog import LISTING
from domain.stay import Nights, Stay, checked_nights
from domain.terms import Terms
from domain.zones import local_date

GuestCount = Annotated[StrictInt, Field(ge=1, lt=2**31)]


class Asked(NamedTuple):
    """A stay as someone asks for it; dates with a time are taken at the listing."""

    listing: UUID
    check_in: Day
    check_out: Day
    guests: int
    guest: UUID | None
    """Absent where nobody in particular asks, as for a quote."""

    def nights(self, zone: str | None = None) -> Nights | None:
        """The nights, if it can be said without the listing's zone or with it. Raises Invalid if there are none."""
        start, end = _day(self.check_in, zone), _day(self.check_out, zone)
        return checked_nights(start, end) if start and end else None


class Offered(NamedTuple):
    """A stay that a listing would let, and for how much now. Whether its nights are free is another question."""

    listing: Listing
    host: UUID
    stay: Stay
    price: Price
    cancellation: Policy
    calendar: NightTerms


async def offered(work: Work, asked: Asked, *, fresh: bool) -> Offered:
    """What the listing asks for that stay.

    The listing is always read fresh, as nothing is written there; ask `fresh` for the calendar too if nothing will be
    claimed. Raises NotThere for a listing that the caller does not see, Invalid, Refused by `domain.booking_rules`.
    """
    terms, nights = work.services.terms, asked.nights()
    some = None if nights is None else _some(nights, terms)
    await work.load_all(streams(asked.listing, some, fresh=fresh))  # in one query, as far as the nights can be told
    listing = await work.load(Listing, asked.listing)
    work.admit(LISTING, listing.facts, to="see")
    if nights is None:
        nights = asked.nights(listing.zone)
    if nights is None or listing.host is None:
        raise NotThere("listing")
    some = _some(nights, terms)
    said = await night_terms(work, asked.listing, some, fresh=fresh)
    check(_wish(work, asked, nights, listing, said.min_stay))
    if some != nights:
        said = await night_terms(work, asked.listing, nights, fresh=fresh)
    policies = listing.policies
    return Offered(
        listing,
        listing.host,
        Stay(
            nights,
            listing.zone,
            terms.check_in_time if policies.check_in_time is None else policies.check_in_time,
            terms.check_out_time if policies.check_out_time is None else policies.check_out_time,
        ),
        price(nights, listing.rates, said.overrides, terms),
        listing.policy(Grace(terms.grace_hours, terms.grace_lead_days, terms.grace_below_nights)),
        said,
    )


def streams(listing: UUID, nights: Nights | None, *, fresh: bool) -> list[Wanted]:
    """What such a stay is decided on: the listing as it is now, and its calendar of these nights."""
    parts = streams_of(listing, nights) if nights is not None else ()
    calendar = (Wanted(CalendarMonth, stream, fresh) for stream, _ in parts)
    return [Wanted(Listing, listing, fresh=True), *calendar]


def _some(nights: Nights, terms: Terms) -> Nights:
    """What is read before it is known that the stay is not too long: all of a usual one, else the first night."""
    return nights if len(nights) <= terms.max_stay_nights else Nights(nights.start, nights.start + timedelta(days=1))


def _wish(work: Work, asked: Asked, nights: Nights, listing: Listing, arrival_min_stay: int | None) -> Wish:
    terms, offer, policies = work.services.terms, listing.offer, listing.policies
    notice, window = policies.advance_notice_days, policies.booking_window_days
    return Wish(
        guest=asked.guest,
        host=listing.host,
        published=listing.published,
        nights=nights,
        guests=asked.guests,
        today=local_date(listing.zone, work.at),
        notice_days=terms.advance_notice_days if notice is None else notice,
        window_days=terms.booking_window_days if window is None else window,
        min_stay=min_stay(nights.start, listing.rates, arrival_min_stay, terms.min_stay_nights),
        max_stay=terms.max_stay_nights if offer.max_stay is None else offer.max_stay,
        max_guests=policies.max_guests,
    )


def _day(of: Day, zone: str | None) -> date | None:
    if not isinstance(of, datetime):
        return of
    return None if zone is None else local_date(zone, of)
