"""A CRUD application that makes the product's promises for a booking.

The caller's token, session and role are checked as of now; the price is computed from the listing and its calendar; no
night is sold twice; a retry with the same key is answered as the first was; other systems are told through an outbox,
which is the audit log too; and all of it is one transaction, in two round trips.
"""

import hashlib
import hmac
import os
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import jwt
import msgspec
import psycopg
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import FastAPI, Request, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from benchmarks.rivals.web import new_app, new_pool

TABLES = """
CREATE TABLE crud_user (id uuid PRIMARY KEY, role text NOT NULL, active bool NOT NULL);
CREATE TABLE crud_session (id uuid PRIMARY KEY, user_id uuid NOT NULL, ended bool NOT NULL);
CREATE TABLE crud_listing (id uuid PRIMARY KEY, host uuid NOT NULL, published bool NOT NULL, price int NOT NULL,
  cleaning int NOT NULL, weekly_rate int NOT NULL, tax_rate int NOT NULL, max_guests int NOT NULL,
  currency text NOT NULL, zone text NOT NULL, policies jsonb NOT NULL, cancellation jsonb NOT NULL);
CREATE TABLE crud_override (listing uuid, night date, price int, min_stay int, PRIMARY KEY (listing, night));
CREATE TABLE crud_reservation (id uuid PRIMARY KEY, listing uuid NOT NULL, guest uuid NOT NULL, host uuid NOT NULL,
  check_in date NOT NULL, check_out date NOT NULL, guests int NOT NULL, total int NOT NULL, lines jsonb NOT NULL,
  policies jsonb NOT NULL, cancellation jsonb NOT NULL, status text NOT NULL, hold_until timestamptz NOT NULL,
  version int NOT NULL DEFAULT 1, made_at timestamptz NOT NULL, changed_at timestamptz NOT NULL);
CREATE INDEX crud_reservation_guest ON crud_reservation (guest, made_at);
CREATE INDEX crud_reservation_host ON crud_reservation (host, made_at);
CREATE INDEX crud_reservation_listing ON crud_reservation (listing, made_at);
CREATE INDEX crud_reservation_due ON crud_reservation (hold_until) WHERE status = 'pending';
CREATE TABLE crud_night (listing uuid, night date, reservation uuid NOT NULL, PRIMARY KEY (listing, night));
CREATE TABLE crud_idempotency (key text PRIMARY KEY, hash bytea NOT NULL, answer bytea NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX crud_idempotency_age ON crud_idempotency (made_at);
CREATE TABLE crud_outbox (id bigserial PRIMARY KEY, kind text NOT NULL, body jsonb NOT NULL, actor uuid,
  address text, at timestamptz NOT NULL);
"""
CALLER = """SELECT u.role FROM crud_session s JOIN crud_user u ON u.id = s.user_id
  WHERE s.id = %b AND u.id = %b AND NOT s.ended AND u.active"""
KNOWN = "SELECT hash, answer FROM crud_idempotency WHERE key = %b"
LISTING = """SELECT host, published, price, cleaning, weekly_rate, tax_rate, max_guests, currency, zone,
  policies::text, cancellation::text FROM crud_listing WHERE id = %b"""
OVERRIDES = """SELECT night, price, min_stay FROM crud_override
  WHERE listing = %b AND night >= %b AND night < %b"""
NIGHTS = "INSERT INTO crud_night (listing, night, reservation) SELECT %b, night, %b FROM unnest(%b::date[]) AS night"
RESERVE = """INSERT INTO crud_reservation (id, listing, guest, host, check_in, check_out, guests, total, lines,
    policies, cancellation, status, hold_until, made_at, changed_at)
  VALUES (%b, %b, %b, %b, %b, %b, %b, %b, %b::text::jsonb, %b::text::jsonb, %b::text::jsonb, 'pending', %b, %b, %b)"""
TELL = """INSERT INTO crud_outbox (kind, body, actor, address, at)
  VALUES ('reservation.requested', %b::text::jsonb, %b, %b, %b)"""
KEEP = "INSERT INTO crud_idempotency (key, hash, answer) VALUES (%b, %b, %b)"
REMEMBERED = 10_000
"""Tokens whose signature is not checked again."""


class Booking(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    listing_id: UUID
    check_in: date
    check_out: date
    guest_count: int


class Listing(NamedTuple):
    host: UUID
    published: bool
    price: int
    cleaning: int
    weekly_rate: int
    tax_rate: int
    max_guests: int
    currency: str
    zone: str
    policies: str
    cancellation: str


class Refusal(Exception):
    def __init__(self, status: int, code: str) -> None:
        self.answer = Response(msgspec.json.encode({"errCode": code}), status, media_type="application/json")


class Tokens:
    """Reads tokens; a signature is checked once."""

    def __init__(self, public_pem: str) -> None:
        self.key: Any = load_pem_public_key(public_pem.encode())
        self.read: dict[str, dict[str, Any]] = {}

    def claims(self, header: str | None) -> dict[str, Any]:
        token = (header or "")[7:]
        claims = self.read.get(token)
        if claims is None:
            try:
                claims = jwt.decode(token, self.key, algorithms=["RS256"])
            except jwt.PyJWTError:
                raise Refusal(401, "UNAUTHENTICATED") from None
            if len(self.read) >= REMEMBERED:
                self.read.pop(next(iter(self.read)))
            self.read[token] = claims
        if claims["exp"] <= time.time():
            raise Refusal(401, "UNAUTHENTICATED")
        return claims


def check(asked: Booking, listing: Listing | None, user: UUID, today: date, min_stay: int) -> Listing:
    nights = (asked.check_out - asked.check_in).days
    if listing is None or not listing.published:
        raise Refusal(404, "NOT_FOUND")
    if listing.host == user:
        raise Refusal(409, "OWN_LISTING")
    if not today <= asked.check_in <= today + timedelta(730):
        raise Refusal(409, "CHECK_IN")
    if not max(1, min_stay) <= nights <= 365:
        raise Refusal(409, "STAY")
    if asked.guest_count > listing.max_guests:
        raise Refusal(409, "TOO_MANY_GUESTS")
    return listing


def priced(nights: list[date], listing: Listing, overrides: dict[date, int]) -> tuple[int, list[dict[str, Any]]]:
    lines: list[dict[str, Any]] = [
        {"kind": "night", "date": night, "amount": overrides.get(night, listing.price)} for night in nights
    ]
    gross = sum(line["amount"] for line in lines)
    discount = round(gross * listing.weekly_rate / 10_000) if len(nights) >= 7 else 0
    net = gross - discount
    extras = {
        "discount": -discount,
        "cleaningFee": listing.cleaning,
        "serviceFee": round(net * 1400 / 10_000),
        "cityTax": round(net * listing.tax_rate / 10_000),
    }
    lines += [{"kind": kind, "amount": amount} for kind, amount in extras.items() if amount]
    return gross + sum(extras.values()), lines


def shown(
    id: UUID, asked: Booking, user: UUID, listing: Listing, price: tuple[int, list[dict[str, Any]]], *, now: datetime
) -> dict[str, Any]:
    total, lines = price
    return {
        "id": id,
        "listingId": asked.listing_id,
        "approvalType": "instant",
        "approvalType_idx": 0,
        "hostId": listing.host,
        "guestId": user,
        "checkIn": asked.check_in,
        "checkOut": asked.check_out,
        "timeZone": listing.zone,
        "guestCount": asked.guest_count,
        "currency": listing.currency,
        "totalPrice": total / 100,
        "priceLines": [line | {"amount": line["amount"] / 100} for line in lines],
        "bookingPoliciesSnapshot": msgspec.Raw(listing.policies.encode()),
        "cancellationPolicySnapshot": msgspec.Raw(listing.cancellation.encode()),
        "bookingStatus": "pending",
        "bookingStatus_idx": 0,
        "paymentConfirmation": "pending",
        "paymentConfirmation_idx": 0,
        "disputeStatus": "none",
        "disputeStatus_idx": 0,
        "holdExpiresAt": now + timedelta(minutes=15),
        "cancelledBy": None,
        "refund": None,
        "isActive": True,
        "recordVersion": 1,
        "createdAt": now,
        "updatedAt": now,
        "_owner": user,
    }


def envelope(claims: dict[str, Any], reservation: dict[str, Any], started: float) -> bytes:
    return msgspec.json.encode(
        {
            "status": "OK",
            "statusCode": "201",
            "elapsedMs": int((time.perf_counter() - started) * 1000),
            "requestId": uuid4().hex,
            "userId": claims["userId"],
            "sessionId": claims["sessionId"],
            "dataName": "reservation",
            "method": "POST",
            "action": "create",
            "appVersion": "1",
            "rowCount": 1,
            "reservation": reservation,
        }
    )


class Bookings:
    """The one route, over a pool of connections."""

    def __init__(self, pool: AsyncConnectionPool, tokens: Tokens, secret: bytes) -> None:
        self.pool, self.tokens, self.secret = pool, tokens, secret

    async def book(self, request: Request) -> Response:
        started = time.perf_counter()
        raw = await request.body()
        try:
            claims = self.tokens.claims(request.headers.get("authorization"))
            asked = Booking.model_validate_json(raw)
            key = f"{claims['userId']} {request.headers['idempotency-key']}"
            digest = hmac.digest(self.secret, raw, hashlib.sha256)
            address = request.client.host if request.client else None
            async with self.pool.connection() as conn:
                return await self.decide(conn, asked, claims, key=key, digest=digest, address=address, started=started)
        except Refusal as refusal:
            return refusal.answer
        except psycopg.errors.UniqueViolation as taken:
            if taken.diag.table_name == "crud_idempotency":
                return await self.again(key, digest)
            return Refusal(409, "NIGHTS_TAKEN").answer

    async def again(self, key: str, digest: bytes) -> Response:
        async with self.pool.connection() as conn:
            known = await (await conn.execute(KNOWN, [key], binary=True)).fetchone()
        return replay(known, digest) if known else Refusal(409, "KEY_IN_USE").answer

    async def decide(
        self,
        conn: psycopg.AsyncConnection[Any],
        asked: Booking,
        claims: dict[str, Any],
        *,
        key: str,
        digest: bytes,
        address: str | None,
        started: float,
    ) -> Response:
        now = datetime.now(UTC)
        user, session = UUID(claims["userId"]), UUID(claims["sessionId"])
        async with conn.pipeline(), conn.transaction():  # what is not waited for is sent together
            caller = await conn.execute(CALLER, [session, user], binary=True)
            known = await conn.execute(KNOWN, [key], binary=True)
            found = await conn.execute(LISTING, [asked.listing_id], binary=True)
            said = await conn.execute(OVERRIDES, [asked.listing_id, asked.check_in, asked.check_out], binary=True)
            rows = await said.fetchall()
            role, kept, row = await caller.fetchone(), await known.fetchone(), await found.fetchone()
            if role is None:
                raise Refusal(401, "UNAUTHENTICATED")
            if kept is not None:
                return replay(kept, digest)
            min_stay = next((least for night, _, least in rows if night == asked.check_in and least), 1)
            listing = check(asked, Listing(*row) if row else None, user, now.date(), min_stay)
            nights = [asked.check_in + timedelta(n) for n in range((asked.check_out - asked.check_in).days)]
            price = priced(nights, listing, {night: price for night, price, _ in rows if price is not None})
            id = uuid4()
            reservation = shown(id, asked, user, listing, price, now=now)
            body = envelope(claims, reservation, started)
            kept_lines = msgspec.json.encode(price[1]).decode()
            told = msgspec.json.encode(reservation).decode()
            hold = reservation["holdExpiresAt"]
            dates = [asked.check_in, asked.check_out]
            snapshots = [listing.policies, listing.cancellation]
            await conn.execute(NIGHTS, [asked.listing_id, id, nights])
            values = [id, asked.listing_id, user, listing.host, *dates, asked.guest_count, price[0], kept_lines]
            await conn.execute(RESERVE, [*values, *snapshots, hold, now, now])
            await conn.execute(TELL, [told, user, address, now])
            await conn.execute(KEEP, [key, digest, body])
        return Response(body, 201, media_type="application/json")


def replay(known: tuple[Any, ...], digest: bytes) -> Response:
    hashed, answer = bytes(known[0]), bytes(known[1])
    if hashed != digest:
        return Refusal(422, "KEY_REUSED").answer
    return Response(answer, 201, media_type="application/json")


def create_app() -> FastAPI:
    pool = new_pool()
    bookings = Bookings(pool, Tokens(os.environ["RIVAL_PUBLIC_KEY"]), os.urandom(32))
    app = new_app(pool)
    app.add_api_route("/v1/reservations", bookings.book, methods=["POST"], response_model=None)
    return app
