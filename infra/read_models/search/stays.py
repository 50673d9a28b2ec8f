"""Which listings a stay can be had at, as SQL: `FreeNights`, over the documents of listings and of their calendars.

A stay is free at most until the calendar's read model hears of a booking: reads that must see one wait for it.
"""

from __future__ import annotations

from infra.postgres import ready as sql
from infra.read_models.rules import Parameters
from read_api.search.algebra import FreeNights

CALENDAR = sql.SQL(
    "doc_listing_calendar AS {n} WHERE {n}.body->>'listingId' = {d}.id::text"
    " AND ({n}.body->>'date') COLLATE \"C\" >= {first} AND ({n}.body->>'date') COLLATE \"C\" < {end}"
    " AND {n}.body->'isActive' = 'true'::jsonb"
)
"""The listed nights `n` of the listing `d` in `[first, end)`: something to select from."""
SEASONS = sql.SQL(
    "jsonb_array_elements(CASE jsonb_typeof({d}.body->'seasonalPricing') WHEN 'array' THEN {d}.body->'seasonalPricing'"
    " END) AS of_the_year (season)"
)
"""The seasons of the listing `d`; none if it says none."""
IN_SEASON = sql.SQL("season->>'from' <= {0} AND {0} < season->>'to'")
"""Is the day in the season? Seasons do not overlap, and days are compared as text."""

FREE = sql.SQL(
    "(NOT EXISTS (SELECT 1 FROM {taken} AND {n}.body->'isAvailable' = 'false'::jsonb)"
    " AND {nights} <= coalesce(({d}.body->>'maxStay')::int, {most})"
    " AND {nights} >= coalesce((SELECT ({n}.body->>'minStay')::int FROM {arrival}),"
    " (SELECT (season->>'minStay')::int FROM {seasons} WHERE {in_season}),"
    " ({d}.body->>'minStay')::int, {least}))"
)


def free(condition: FreeNights, parameters: Parameters, d: sql.Identifier) -> sql.Composable:
    """Is the listing whose document is the row `d` to be had for these nights?"""
    n = sql.Identifier("night")
    first, end = parameters(condition.first.isoformat()), parameters(condition.end.isoformat())
    after = parameters(condition.first.isoformat() + "~")  # behind that day and before the next, as texts are ordered
    return FREE.format(
        n=n,
        d=d,
        nights=sql.SQL("{}::int").format(parameters((condition.end - condition.first).days)),
        taken=CALENDAR.format(n=n, d=d, first=first, end=end),
        arrival=CALENDAR.format(n=n, d=d, first=first, end=after),
        seasons=SEASONS.format(d=d),
        in_season=IN_SEASON.format(first),
        most=sql.Literal(condition.most),
        least=sql.Literal(condition.least),
    )
