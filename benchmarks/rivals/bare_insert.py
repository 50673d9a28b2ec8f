"""FastAPI and psycopg, one insert a request: no login, no rules, no price, no retry safety."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from uuid import UUID, uuid4

import msgspec
from fastapi import FastAPI, Request, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

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
    pool = AsyncConnectionPool(
        os.environ["RIVAL_DATABASE_URL"],
        min_size=int(os.environ.get("RIVAL_POOL", "8")),
        open=False,
        kwargs={"autocommit": True, "prepare_threshold": 0},
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/health")
    async def health() -> Response:
        return Response(b"{}", media_type="application/json")

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
