"""FastAPI and psycopg, one insert a request: no login, no rules, no price, no retry safety."""

from datetime import date
from uuid import UUID, uuid4

import msgspec
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from benchmarks.rivals.web import new_app, new_pool

TABLES = """CREATE TABLE bare_reservation (id uuid PRIMARY KEY, listing uuid NOT NULL, check_in date NOT NULL,
  check_out date NOT NULL, guests int NOT NULL, made_at timestamptz NOT NULL DEFAULT now())"""
INSERT = "INSERT INTO bare_reservation (id, listing, check_in, check_out, guests) VALUES (%b, %b, %b, %b, %b)"


class Booking(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    listing_id: UUID
    check_in: date
    check_out: date
    guest_count: int


def create_app() -> FastAPI:
    pool = new_pool()
    app = new_app(pool)

    @app.post("/v1/reservations")
    async def book(request: Request) -> Response:
        asked = Booking.model_validate_json(await request.body())
        id = uuid4()
        async with pool.connection() as conn:
            await conn.execute(INSERT, [id, asked.listing_id, asked.check_in, asked.check_out, asked.guest_count])
        body = msgspec.json.encode(
            {"reservation": {"id": id, "listingId": asked.listing_id, "bookingStatus": "pending"}}
        )
        return Response(body, 201, media_type="application/json")

    return app
