"""Every projection, in one place."""

from __future__ import annotations

from projections.calendars import CALENDARS
from projections.identity import API_KEYS, USERS
from projections.listings import LISTINGS
from projections.operators import OPERATORS
from projections.projection import Projection
from projections.records import RECORDS
from projections.reservations import RESERVATIONS
from projections.reviews import REVIEW_AGGREGATES, REVIEWS

PROJECTIONS: tuple[Projection, ...] = (
    USERS,
    API_KEYS,
    LISTINGS,
    CALENDARS,
    *RECORDS,
    RESERVATIONS,
    REVIEWS,
    REVIEW_AGGREGATES,
    OPERATORS,
)
