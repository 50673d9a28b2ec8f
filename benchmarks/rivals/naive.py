"""FastAPI and psycopg: one insert, and an exclusion constraint that keeps nights from being sold twice. Nothing else.

A range type of the core does for it: the days of a listing are a range of whole numbers of their own. So the constraint
needs no extension, and its index no second column.
"""

from datetime import date
from uuid import UUID, uuid4

import msgspec
import psycopg
from fastapi import FastAPI, Request, Response

from benchmarks.rivals.bare_insert import Booking
from benchmarks.rivals.web import new_app, new_pool

TABLES = """CREATE TABLE naive_reservation (id uuid PRIMARY KEY, listing uuid NOT NULL, check_in date NOT NULL,
  check_out date NOT NULL, guests int NOT NULL, made_at timestamptz NOT NULL DEFAULT now(),
  days int8range NOT NULL, EXCLUDE USING gist (days WITH &&))"""
INSERT = """INSERT INTO naive_reservation (id, listing, check_in, check_out, guests, days)
  VALUES (%b, %b, %b, %b, %b, int8range(%b::int8, %b::int8))"""
DAYS = 22
"""Bits of a number that say the day; those above say the listing."""


def number(listing: UUID, day: date) -> int:
    """The day's number among all days of all listings."""
    return (listing.int & ((1 << (63 - DAYS)) - 1)) << DAYS | day.toordinal()


def create_app() -> FastAPI:
    pool = new_pool()
    app = new_app(pool)

    @app.post("/v1/reservations")
    async def book(request: Request) -> Response:
        asked = Booking.model_validate_json(await request.body())
        id = uuid4()
        days = [number(asked.listing_id, asked.check_in), number(asked.listing_id, asked.check_out)]
        row = [id, asked.listing_id, asked.check_in, asked.check_out, asked.guest_count]
        try:
            async with pool.connection() as conn:
                await conn.execute(INSERT, [*row, *days])
        except psycopg.errors.ExclusionViolation:
            return Response(b'{"errCode":"NIGHTS_TAKEN"}', 409, media_type="application/json")
        body = msgspec.json.encode(
            {"reservation": {"id": id, "listingId": asked.listing_id, "bookingStatus": "pending"}}
        )
        return Response(body, 201, media_type="application/json")

    return app
