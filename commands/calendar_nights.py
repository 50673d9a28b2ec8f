"""What bookings ask of a listing's calendar: to have nights, to give them back, to know their terms.

A stay over a month's end is one claim in each month's stream, all of them saved together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from commands.ports import SOME, Wanted
from commands.work import Work
from domain.calendar_month import CalendarMonth, check_untaken, streams_of
from domain.calendar_night import ClaimKind, Place
from domain.errors import NotThere
from domain.listing import Listing
from domain.resources.catalog import LISTING_CALENDAR
from domain.stay import Nights, months
from domain.zones import local_date

Pieces = Sequence[tuple[CalendarMonth, Nights]]
"""Some nights by the months that they are in, in order."""


class NightTerms(NamedTuple):
    """What the calendar says of some nights, where it says anything."""

    overrides: Mapping[date, int]
    """Prices of single nights, in minor units of the listing's currency."""
    min_stay: int | None
    """The fewest nights for an arrival on the first of them."""
    pieces: Pieces

    @property
    def taken(self) -> tuple[date, ...]:
        """Those that somebody has."""
        return tuple(night for month, part in self.pieces for night in month.taken(part))


async def claim_nights(work: Work, listing_id: UUID, claim_id: UUID, nights: Nights, kind: ClaimKind = "hold") -> None:
    """Have all of these nights, or none. The same claim twice is one claim.

    Raises NIGHTS_TAKEN, with the nights in `detail.nights`; NotThere if there is no such listing.
    """
    place = await _place(work, listing_id)
    claim_pieces(await calendar(work, listing_id, nights), place, claim_id, kind)


def claim_pieces(pieces: Pieces, place: Place, claim_id: UUID, kind: ClaimKind = "hold") -> None:
    """As `claim_nights`, of nights that are at hand. Raises NIGHTS_TAKEN."""
    if len(pieces) > 1:  # all of those taken are named, whichever month they are in
        check_untaken(night for month, part in pieces for night in month.taken(part, claim_id))
    for month, part in pieces:
        month.claim(place, claim_id, part, kind)


async def settle_nights(work: Work, listing_id: UUID, claim_id: UUID, nights: Nights) -> None:
    """A hold on these nights becomes a booking."""
    for month, _ in await calendar(work, listing_id, nights):
        month.settle(claim_id)


async def release_nights(work: Work, listing_id: UUID, claim_id: UUID, nights: Nights) -> None:
    """What the claim has of these nights is free again; what it has besides stays its own."""
    for month, part in await calendar(work, listing_id, nights):
        month.release(claim_id, part)


async def night_terms(work: Work, listing_id: UUID, nights: Nights, *, fresh: bool = False) -> NightTerms:
    """What the calendar says of these nights. Ask `fresh` if nothing will be claimed in the same command."""
    listing = await work.load(Listing, listing_id)
    pieces = await calendar(work, listing_id, nights, fresh=fresh)
    currency = listing.offer.currency
    overrides = {night: price for month, part in pieces for night, price in month.prices(part, currency).items()}
    return NightTerms(overrides, pieces[0][0].min_stay(nights.start) if pieces else None, pieces)


async def calendar(work: Work, listing_id: UUID, nights: Nights, *, fresh: bool = False) -> Pieces:
    """The months that these nights are in, each with its part of them, in order. Read together."""
    parts = streams_of(listing_id, nights)
    if len(parts) > 1:
        await work.load_all(Wanted(CalendarMonth, stream, fresh) for stream, _ in parts)
    return [(await work.load(CalendarMonth, stream, fresh=fresh), part) for stream, part in parts]


async def months_to_come(work: Work, listing: Listing) -> list[CalendarMonth]:
    """Every month that has a stay not yet checked out, or that a booking made now could claim, in order."""
    terms, policies = work.services.terms, listing.policies
    window = max(terms.booking_window_days, policies.booking_window_days or 0)
    longest = max(terms.max_stay_nights, listing.offer.max_stay or 0)
    since, today = earliest_last_night(work.at), local_date(listing.zone, work.at)
    days = {month for month, _ in months(Nights(since, today + timedelta(days=window + longest + 1)))}
    found = await work.services.documents.select(LISTING_CALENDAR.name, listingId=str(listing.id), bookedBy=SOME)
    booked = (date.fromisoformat(night["date"]) for night in found)
    days |= {night.replace(day=1) for night in booked if night >= since}
    streams = [CalendarMonth.id_of(listing.id, day) for day in sorted(days)]
    await work.load_all(Wanted(CalendarMonth, stream) for stream in streams)
    return [await work.load(CalendarMonth, stream) for stream in streams]


def earliest_last_night(at: datetime) -> date:
    """Whoever has not checked out at that instant has no earlier night as their last, wherever on earth they stay: the
    date there is a day behind UTC's at most.
    """
    return local_date("UTC", at) - timedelta(days=2)


async def _place(work: Work, listing_id: UUID) -> Place:
    listing = await work.load(Listing, listing_id)
    if not listing.exists or listing.host is None:
        raise NotThere("listing")
    return Place(listing_id, listing.host, listing.zone)
