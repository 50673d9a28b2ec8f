"""All that the domain declares, in one place: what the event store, the projections and the surfaces are made from."""

from __future__ import annotations

from domain.calendar_month import CalendarMonth
from domain.kernel import Aggregate
from domain.listing import Listing
from domain.resource import Resource
from domain.resources.catalog import LISTING, LISTING_CALENDAR

AGGREGATES: tuple[type[Aggregate], ...] = (
    Listing,
    CalendarMonth,
)
"""Every aggregate; the names of its events are the log's vocabulary."""

RESOURCES: tuple[Resource, ...] = (
    LISTING,
    LISTING_CALENDAR,
)
"""Every resource that callers see."""
