"""What hosts say of single nights: prices, minimum stays, and that they are not to be had."""

from __future__ import annotations

from dataclasses import replace
from datetime import MAXYEAR, date, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from commands.calendar_nights import calendar
from commands.listing_messages import NightCount
from commands.listings import day_at
from commands.ports import Answer
from commands.registry import Command, Route
from commands.wire import UNSET, Day, Flag, Id, Message, Number, RecordVersion, Text
from commands.work import Work
from domain.access import LoggedIn
from domain.calendar_month import CalendarMonth, check_unentered, check_untaken
from domain.calendar_night import Entry, Place
from domain.errors import Invalid, NotThere
from domain.listing import Listing
from domain.money import Money, from_major
from domain.resources.catalog import LISTING, LISTING_CALENDAR, SERVICE
from domain.stay import Nights, checked_nights
from domain.zones import local_date

FARTHEST = 36_525
"""Days that a night may be away: a century. Nobody books so far ahead, and a calendar has an end."""

CalendarIds = Annotated[list[Text], Field(max_length=100)]


class CreateListingCalendar(Message):
    """What is to stand of one night, or of a range of nights, that the host has said nothing of."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"bookedBy"})

    listing_id: Id
    date: Day
    date_to: Day | None = None
    """The end of a range, not included."""
    is_available: Flag
    price_override: Number | None = None
    min_stay: NightCount | None = None
    i_cal_url: Text | None = None
    external_calendar_ids: CalendarIds | None = None


class UpdateListingCalendar(Message):
    """What is to change of one night."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"bookedBy"})

    listing_calendar_id: Id
    is_available: Flag = UNSET
    price_override: Number | None = UNSET
    min_stay: NightCount | None = UNSET
    i_cal_url: Text | None = UNSET
    external_calendar_ids: CalendarIds | None = UNSET
    record_version: RecordVersion | None = None


class DeleteListingCalendar(Message):
    """A night that the host wants to say nothing of any more."""

    listing_calendar_id: Id
    record_version: RecordVersion | None = None


async def create_listing_calendar(work: Work, m: CreateListingCalendar) -> Answer:
    """Say something of one night or of a whole range, or of none.

    Raises NotThere, NotAllowed, Invalid, ENTRY_EXISTS, NIGHTS_TAKEN.
    """
    listing, place = await _own(work, m.listing_id)
    nights = _nights(m, listing, local_date(listing.zone, work.at), work.services.terms.calendar_range_nights)
    entry = Entry(
        price=_price(m.price_override, listing),
        min_stay=m.min_stay,
        ical_url=m.i_cal_url,
        external_calendar_ids=None if m.external_calendar_ids is None else tuple(m.external_calendar_ids),
    )
    pieces = await calendar(work, m.listing_id, nights)
    check_unentered(night for month, part in pieces for night in month.entered(part))
    if not m.is_available:
        check_untaken(night for month, part in pieces for night in month.taken(part))
    for month, part in pieces:
        month.enter(place, part, entry, available=m.is_available)
    ids = tuple(CalendarMonth.night_id(m.listing_id, night) for night in nights)
    resource = LISTING_CALENDAR.name
    return Answer(resource, ids[0]) if m.date_to is None else Answer(resource, ids=ids)


async def update_listing_calendar(work: Work, m: UpdateListingCalendar) -> Answer:
    """Say something else of a night. Raises NotThere, NotAllowed, Invalid, STALE_VERSION, NIGHTS_TAKEN."""
    listing, month, night = await _entry(work, m.listing_calendar_id)
    entry = month.entry(night)
    said = m.sent("min_stay")
    if "price_override" in m.model_fields_set:
        said["price"] = _price(m.price_override, listing)
    if "i_cal_url" in m.model_fields_set:
        said["ical_url"] = m.i_cal_url
    if "external_calendar_ids" in m.model_fields_set:
        ids = m.external_calendar_ids
        said["external_calendar_ids"] = None if ids is None else tuple(ids)
    month.change(night, replace(entry, **said), m.sent("is_available").get("is_available"), m.record_version)
    return Answer(LISTING_CALENDAR.name, m.listing_calendar_id)


async def delete_listing_calendar(work: Work, m: DeleteListingCalendar) -> Answer:
    """Say nothing of a night any more: a block is freed, a stay is not. Raises NotThere, NotAllowed, STALE_VERSION."""
    _, month, night = await _entry(work, m.listing_calendar_id)
    month.drop(night, m.record_version)
    return Answer(LISTING_CALENDAR.name, m.listing_calendar_id)


async def _own(work: Work, listing_id: UUID) -> tuple[Listing, Place]:
    """The listing, as far as it is the caller's to change. Raises NotThere, NotAllowed."""
    listing = await work.load(Listing, listing_id, fresh=True)
    facts = listing.facts
    work.admit(LISTING, facts)
    assert listing.host is not None  # noqa: S101 - it has facts
    return listing, Place(listing_id, listing.host, listing.zone)


async def _entry(work: Work, entry_id: UUID) -> tuple[Listing, CalendarMonth, date]:
    """The night of an entry: found where callers read it, decided on in its stream. Raises NotThere, NotAllowed."""
    known = await work.services.documents.find(LISTING_CALENDAR.name, entry_id)
    if known is None:
        raise NotThere(LISTING_CALENDAR.name)
    night, listing_id = date.fromisoformat(known["date"]), UUID(known["listingId"])
    try:
        listing, _ = await _own(work, listing_id)
    except NotThere:
        raise NotThere(LISTING_CALENDAR.name) from None
    month = await work.load(CalendarMonth, CalendarMonth.id_of(listing_id, night))
    month.entry(night)
    return listing, month, night


def _nights(m: CreateListingCalendar, listing: Listing, today: date, most: int) -> Nights:
    start = day_at(listing.zone, m.date)
    if abs((start - today).days) > FARTHEST or start.year >= MAXYEAR:
        raise Invalid({"date": f"is more than {FARTHEST} days away"})
    if m.date_to is None:
        return Nights(start, start + timedelta(days=1))
    nights = checked_nights(start, day_at(listing.zone, m.date_to), "dateTo")
    if len(nights) > most:
        raise Invalid({"dateTo": f"makes a range of {len(nights)} nights; at most {most} are set at once"})
    return nights


def _price(price: Decimal | None, listing: Listing) -> Money | None:
    return None if price is None else from_major(price, listing.offer.currency, "priceOverride", least=1)


def _route(method: str, path: str, **told: Any) -> Route:
    return Route(method, f"{LISTING_CALENDAR.path}{path}", SERVICE, data_name=LISTING_CALENDAR.name, **told)


COMMANDS: tuple[Command, ...] = (
    Command(
        name="createListingCalendar",
        doc="Add a calendar entry for a listing and date: its availability, its price, its minimum stay. With `dateTo` "
        "(exclusive) for a whole range, all or nothing; the answer is then `listingCalendars`.",
        message=CreateListingCalendar,
        handler=create_listing_calendar,
        route=_route("POST", "", status=201, action="create"),
        who=LoggedIn(),
        refuses=("ENTRY_EXISTS", "NIGHTS_TAKEN"),
    ),
    Command(
        name="updateListingCalendar",
        doc="Update a calendar entry: its availability, its price, its minimum stay. Never touches a reservation.",
        message=UpdateListingCalendar,
        handler=update_listing_calendar,
        route=_route("PATCH", "/{listingCalendarId}"),
        who=LoggedIn(),
        refuses=("STALE_VERSION", "NIGHTS_TAKEN"),
    ),
    Command(
        name="deleteListingCalendar",
        doc="Delete a calendar entry by the host or an admin: a block is freed, a reservation is not.",
        message=DeleteListingCalendar,
        handler=delete_listing_calendar,
        route=_route("DELETE", "/{listingCalendarId}", action="delete"),
        who=LoggedIn(),
        refuses=("STALE_VERSION",),
    ),
)
