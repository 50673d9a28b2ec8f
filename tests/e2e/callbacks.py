"""Callbacks as the payment provider signs and sends them."""

import hashlib
import hmac
import json
import time
from typing import Any
from uuid import uuid4

import httpx

from tests.e2e.talk import Json, Person, ok
from tests.e2e.world import World

CALLBACK = "/v1/callbackreservationpayment"
SECRET = "whsec_innkeep"


def event(stay: Json, payment: str, kind: str = "payment_intent.succeeded", **over: Any) -> Json:
    """An event as Stripe writes them."""
    status = {
        "succeeded": "succeeded",
        "payment_failed": "requires_payment_method",
        "processing": "processing",
        "canceled": "canceled",
    }
    amount = round(stay["totalPrice"] * 100)
    return {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "api_version": "2025-01-27.acacia",
        "created": int(time.time()),
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
        "data": {
            "object": {
                "id": payment,
                "object": "payment_intent",
                "amount": amount,
                "amount_received": amount if kind.endswith("succeeded") else 0,
                "currency": stay["currency"].lower(),
                "status": status.get(kind.rpartition(".")[2], "processing"),
                "metadata": {"reservationId": stay["id"], "orderId": stay["id"]},
                "latest_charge": f"ch_{uuid4().hex}",
            }
        },
    } | over


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None) -> str:
    """Stripe's signature header."""
    stamp = int(time.time() if at is None else at)
    mac = hmac.new(secret.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={mac}"


def call_back(world: World, told_event: Json, **how: Any) -> httpx.Response:
    """Send it, with the signature given, or signed as `signed` is told to."""
    body = json.dumps(told_event).encode()
    headers = {
        "Stripe-Signature": how.pop("signature", None) or signed(body, **how),
        "Content-Type": "application/json",
    }
    return world.nobody.ask("POST", CALLBACK, headers, content=body)


def open_payment(world: World, host: Person, guest: Person, **params: Any) -> tuple[Json, str]:
    """A stay whose payment is under way, and the payment's id."""
    stay = world.book(guest, world.listing(host))
    result = ok(world.start(guest, stay, "pm_card_processing", **params))["paymentResult"]
    return stay, result["paymentId"]
