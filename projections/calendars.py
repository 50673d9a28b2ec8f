"""Nights of listings' calendars as callers see them: those that somebody has, and those that the host speaks of.

A night is listed while it is claimed or has an entry of the host's; each time it comes to be listed it begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from domain.calendar_month import CalendarMonth
from domain.calendar_night import STAYS, Entry, Place
from domain.kernel import Recorded
from domain.money import to_major
from domain.resources.catalog import LISTING_CALENDAR
from projections.projection import Document, Projection, Target, id_text, instant, on

UNCLAIMED: Document = {"claimedBy": None, "bookedBy": None}
UNSAID: Document = {
    "isEntered": False,
    "isBlocked": False,
    "priceOverride": None,
    "minStay": None,
    "iCalUrl": None,
    "externalCalendarIds": None,
}


def nights_of(event: Recorded) -> Iterable[Target]:
    """The nights that an event is about, each a document, with its date as the hint."""
    if not isinstance(event.fact, CalendarMonth.Event):
        return
    fact: Any = event.fact
    place: Place | None = getattr(fact, "place", None)
    listing: UUID | None = place.listing if place is not None else getattr(fact, "listing", None)
    nights: Iterable[date] = (fact.night,) if hasattr(fact, "night") else getattr(fact, "nights", ())
    if listing is not None:
        for night in nights:
            yield Target(CalendarMonth.night_id(listing, night), night)


def month_of(document: Document) -> Sequence[UUID]:
    """The stream of the month that the night is in."""
    return (CalendarMonth.id_of(UUID(document["listingId"]), date.fromisoformat(document["date"])),)


def claimed(document: Document | None, event: Recorded, night: date) -> Document:
    """Held or booked, or busy in another calendar."""
    fact: Any = event.fact
    by = id_text(fact.claim)
    return _listed(
        document, event, fact.place, night, {"claimedBy": by, "bookedBy": by if fact.kind in STAYS else None}
    )


def released(document: Document | None, event: Recorded, _: date) -> Document:
    """Free again, as far as the host does not block it."""
    return _touched(document, event, UNCLAIMED)


def entered(document: Document | None, event: Recorded, night: date) -> Document:
    """Spoken of by the host."""
    fact: Any = event.fact
    return _listed(document, event, fact.place, night, _said(fact.entry, available=fact.available))


def changed(document: Document | None, event: Recorded, _: date) -> Document:
    """Spoken of otherwise."""
    fact: Any = event.fact
    return _touched(document, event, _said(fact.entry, available=fact.available))


def dropped(document: Document | None, event: Recorded, _: date) -> Document:
    """Spoken of no more."""
    return _touched(document, event, UNSAID)


def _said(entry: Entry, *, available: bool) -> Document:
    ids = entry.external_calendar_ids
    return {
        "isEntered": True,
        "isBlocked": not available,
        "priceOverride": None if entry.price is None else to_major(entry.price),
        "minStay": entry.min_stay,
        "iCalUrl": entry.ical_url,
        "externalCalendarIds": None if ids is None else list(ids),
    }


def _listed(document: Document | None, event: Recorded, place: Place, night: date, fields: Document) -> Document:
    """The night as the event leaves it, listed from now on if it was not."""
    if document is not None and document["isActive"]:
        return _touched(document, event, fields)
    at = instant(event.at)
    return _seen(
        {
            "id": id_text(CalendarMonth.night_id(place.listing, night)),
            "date": night.isoformat(),
            "listingId": id_text(place.listing),
            "hostId": id_text(place.host),
            "timeZone": place.zone,
            **UNCLAIMED,
            **UNSAID,
            "isActive": True,
            "recordVersion": 1,
            "createdAt": at,
            "updatedAt": at,
            **fields,
        }
    )


def _touched(document: Document | None, event: Recorded, fields: Document) -> Document:
    """The night as the event leaves it: one version on."""
    if document is None:
        raise LookupError(f"{event.name} at {event.position} changes a night that is not listed")
    version = document["recordVersion"] + 1
    return _seen(document | {"recordVersion": version, "updatedAt": instant(event.at)} | fields)


def _seen(document: Document) -> Document:
    """With what follows from the rest; the document is nobody else's yet."""
    claimed = document["claimedBy"] is not None
    document["isAvailable"] = not claimed and not document["isBlocked"]
    document["isActive"] = claimed or document["isEntered"]
    return document


CALENDARS = Projection(
    LISTING_CALENDAR.name,
    on(CalendarMonth, Claimed=claimed, Released=released, Entered=entered, Changed=changed, Dropped=dropped),
    targets=nights_of,
    streams=month_of,
)
