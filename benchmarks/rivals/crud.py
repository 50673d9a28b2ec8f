"""A CRUD application that makes the product's promises for a booking: the caller's token, session and role are checked as of
now, the price is computed from the listing and the calendar, no night is sold twice, a retry with the same key is answered
as the first was, other systems are told through an outbox, and all of it is one transaction."""

import hashlib
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import jwt
import msgspec
import psycopg
from fastapi import FastAPI, Request, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

TABLES = """
CREATE TABLE IF NOT EXISTS crud_user (id uuid PRIMARY KEY, role text NOT NULL, active bool NOT NULL);
CREATE TABLE IF NOT EXISTS crud_session (id uuid PRIMARY KEY, user_id uuid NOT NULL, ended bool NOT NULL);
CREATE TABLE IF NOT EXISTS crud_listing (id uuid PRIMARY KEY, host uuid NOT NULL, published bool NOT NULL, price int NOT NULL,
  cleaning int NOT NULL, weekly_rate int NOT NULL, tax_rate int NOT NULL, max_guests int NOT NULL, currency text NOT NULL, zone text NOT NULL);
CREATE TABLE IF NOT EXISTS crud_override (listing uuid, night date, price int, min_stay int, PRIMARY KEY (listing, night));
CREATE TABLE IF NOT EXISTS crud_reservation (id uuid PRIMARY KEY, listing uuid NOT NULL, guest uuid NOT NULL, check_in date NOT NULL,
  check_out date NOT NULL, guests int NOT NULL, total int NOT NULL, lines jsonb NOT NULL, status text NOT NULL, hold_until timestamptz NOT NULL);
CREATE INDEX IF NOT EXISTS crud_reservation_guest ON crud_reservation (guest);
CREATE INDEX IF NOT EXISTS crud_reservation_listing ON crud_reservation (listing);
CREATE TABLE IF NOT EXISTS crud_night (listing uuid, night date, reservation uuid NOT NULL, PRIMARY KEY (listing, night));
CREATE TABLE IF NOT EXISTS crud_idempotency (key text PRIMARY KEY, hash bytea NOT NULL, answer bytea NOT NULL, made_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS crud_outbox (id bigserial PRIMARY KEY, kind text NOT NULL, body jsonb NOT NULL, actor uuid, at timestamptz NOT NULL);
"""
CALLER = "SELECT u.role FROM crud_session s JOIN crud_user u ON u.id = s.user_id WHERE s.id = %b AND u.id = %b AND NOT s.ended AND u.active"
KNOWN = "SELECT hash, answer FROM crud_idempotency WHERE key = %b"
LISTING = "SELECT host, published, price, cleaning, weekly_rate, tax_rate, max_guests, currency, zone FROM crud_listing WHERE id = %b"
OVERRIDES = "SELECT night, price, min_stay FROM crud_override WHERE listing = %b AND night >= %b AND night < %b"
NIGHTS = "INSERT INTO crud_night (listing, night, reservation) SELECT %b, night, %b FROM unnest(%b::date[]) AS night"
RESERVE = """INSERT INTO crud_reservation (id, listing, guest, check_in, check_out, guests, total, lines, status, hold_until)
  VALUES (%b, %b, %b, %b, %b, %b, %b, %b::text::jsonb, 'pending', %b)"""
TELL = "INSERT INTO crud_outbox (kind, body, actor, at) VALUES ('reservation.requested', %b::text::jsonb, %b, %b)"
KEEP = "INSERT INTO crud_idempotency (key, hash, answer) VALUES (%b, %b, %b)"


class Booking(BaseModel):
    listingId: UUID
    checkIn: date
    checkOut: date
    guestCount: int


def refusal(status: int, code: str) -> Response:
    return Response(msgspec.json.encode({"errCode": code}), status, media_type="application/json")


def priced(asked: Booking, listing: tuple, overrides: dict[date, int]) -> tuple[int, list[dict[str, object]]]:
    _, _, price, cleaning, weekly, tax, *_ = listing
    days = (asked.checkOut - asked.checkIn).days
    nights = [asked.checkIn + timedelta(n) for n in range(days)]
    lines: list[dict[str, object]] = [{"kind": "night", "date": str(n), "amount": overrides.get(n, price)} for n in nights]
    gross = sum(overrides.get(n, price) for n in nights)
    discount = round(gross * weekly / 10_000) if days >= 7 else 0
    net = gross - discount
    extras = {"discount": -discount, "cleaningFee": cleaning, "serviceFee": round(net * 1400 / 10_000), "cityTax": round(net * tax / 10_000)}
    lines += [{"kind": kind, "amount": amount} for kind, amount in extras.items() if amount]
    return gross + sum(extras.values()), lines


def create_app() -> FastAPI:
    pool = AsyncConnectionPool(os.environ["RIVAL_DATABASE_URL"], min_size=8, max_size=8, open=False, kwargs={"autocommit": True, "prepare_threshold": 0})
    public = os.environ["RIVAL_PUBLIC_KEY"]
    secret = b"rival"

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
        raw = await request.body()
        try:
            claims = jwt.decode(request.headers["authorization"][7:], public, algorithms=["RS256"])
        except (KeyError, jwt.PyJWTError):
            return refusal(401, "UNAUTHENTICATED")
        user, session = UUID(claims["userId"]), UUID(claims["sessionId"])
        asked = Booking.model_validate_json(raw)
        key = f"{user} {request.headers['idempotency-key']}"
        digest = hmac.digest(secret, raw, hashlib.sha256)
        try:
            return await decide(asked, user, session, key, digest)
        except psycopg.errors.UniqueViolation as taken:
            if taken.diag.table_name == "crud_idempotency":
                async with pool.connection() as conn:
                    row = await (await conn.execute(KNOWN, [key], binary=True)).fetchone()
                return Response(bytes(row[1]), 201, media_type="application/json") if row else refusal(409, "KEY_IN_USE")
            return refusal(409, "NIGHTS_TAKEN")

    async def decide(asked: Booking, user: UUID, session: UUID, key: str, digest: bytes) -> Response:
        now = datetime.now(UTC)
        async with pool.connection() as conn, conn.transaction():
            if not await (await conn.execute(CALLER, [session, user], binary=True)).fetchone():
                return refusal(401, "UNAUTHENTICATED")
            known = await (await conn.execute(KNOWN, [key], binary=True)).fetchone()
            if known is not None:
                return Response(bytes(known[1]), 201, media_type="application/json") if bytes(known[0]) == digest else refusal(422, "KEY_REUSED")
            listing = await (await conn.execute(LISTING, [asked.listingId], binary=True)).fetchone()
            if listing is None or not listing[1]:
                return refusal(404, "NOT_FOUND")
            if listing[0] == user:
                return refusal(409, "OWN_LISTING")
            if not now.date() <= asked.checkIn <= now.date() + timedelta(730) or asked.checkOut <= asked.checkIn or asked.guestCount > listing[6]:
                return refusal(409, "RULES")
            rows = await (await conn.execute(OVERRIDES, [asked.listingId, asked.checkIn, asked.checkOut], binary=True)).fetchall()
            total, lines = priced(asked, listing, {night: price for night, price, _ in rows if price is not None})
            id, hold = uuid4(), now + timedelta(minutes=15)
            nights = [asked.checkIn + timedelta(n) for n in range((asked.checkOut - asked.checkIn).days)]
            shown = {"id": id, "listingId": asked.listingId, "guestId": user, "hostId": listing[0], "checkIn": asked.checkIn, "checkOut": asked.checkOut,
                     "guestCount": asked.guestCount, "totalPrice": total / 100, "currency": listing[7], "priceLines": lines, "bookingStatus": "pending", "holdExpiresAt": hold}
            body = msgspec.json.encode({"status": "OK", "statusCode": "201", "dataName": "reservation", "reservation": shown})
            text = msgspec.json.encode(lines).decode()
            async with conn.pipeline():
                await conn.execute(NIGHTS, [asked.listingId, id, nights])
                await conn.execute(RESERVE, [id, asked.listingId, user, asked.checkIn, asked.checkOut, asked.guestCount, total, text, hold])
                await conn.execute(TELL, [msgspec.json.encode(shown).decode(), user, now])
                await conn.execute(KEEP, [key, digest, body])
        return Response(body, 201, media_type="application/json")

    return app
