"""Payment callbacks: Stripe's event form, signed as Stripe signs. The simulator's are the same.

The library's own verifier looks at the signature, over the body as it came; nothing in it is read before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from stripe import SignatureVerificationError, WebhookSignature

from commands.payment_provider import Notice, Returned
from domain.errors import Invalid
from domain.payment_attempt import AttemptStatus, Report

TOLERANCE = 300
"""Seconds of the wall's time that a signature is good for."""

NAME = re.compile(r"[\x21-\x7e]{1,255}")

MEANS: Mapping[str, AttemptStatus] = MappingProxyType(
    {
        "payment_intent.succeeded": "captured",
        "payment_intent.amount_capturable_updated": "authorised",
        "payment_intent.processing": "processing",
        "payment_intent.requires_action": "requires_action",
        "payment_intent.payment_failed": "failed",
        "payment_intent.canceled": "voided",
    }
)
"""What each kind of event tells of an attempt."""

OF_REFUNDS = frozenset({"refund.failed", "refund.updated", "charge.refund.updated"})
"""Kinds of events that may tell of a refund that came back. All other kinds concern nobody here."""
CAME_BACK = frozenset({"failed", "canceled"})
"""A refund that is so far was taken on, and the guest does not have it."""
TRIES = re.compile(r"[1-9][0-9]{0,5}")


class StripeCallbacks:
    """Reads signed callbacks. Without a secret none is believed."""

    def __init__(self, secret: str | None) -> None:
        self._secret = secret

    def read(self, body: bytes, signature: str) -> Notice:
        self._verify(body, signature)
        event = _parsed(body)
        id, kind = event.get("id"), event.get("type")
        if not isinstance(id, str) or not NAME.fullmatch(id) or not isinstance(kind, str):
            raise Invalid({"body": "is no event: it needs an id and a type"})
        if kind in OF_REFUNDS:
            return _of_refund(id, _inside(event, "data", "object"))
        if kind not in MEANS:
            return Notice(id, None)
        intent = _inside(event, "data", "object")
        name = intent.get("id")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise Invalid({"data.object.id": "is no id of a payment"})
        return _notice(id, kind, name, intent)

    def _verify(self, body: bytes, signature: str) -> None:
        try:
            WebhookSignature.verify_header(body, signature, self._secret, TOLERANCE)
        except (SignatureVerificationError, ValueError, TypeError):  # the last two: what is not even text
            raise Invalid({"Stripe-Signature": "does not sign this body, or no longer"}) from None


def _notice(id: str, kind: str, intent_id: str, intent: Mapping[str, Any]) -> Notice:
    metadata = _inside(intent, "metadata")
    error = _inside(intent, "last_payment_error")
    charge = intent.get("latest_charge")
    status = MEANS[kind]
    return Notice(
        id,
        Report(
            status,
            intent_id,
            charge if isinstance(charge, str) and NAME.fullmatch(charge) else None,
            _text(error.get("decline_code") or error.get("code")) if status == "failed" else None,
        ),
        reservation=_id(metadata.get("reservationId")),
        attempt=_id(metadata.get("attemptId")),
    )


def _of_refund(id: str, refund: Mapping[str, Any]) -> Notice:
    """By the metadata that we gave the refund: one without was not asked for here."""
    metadata = _inside(refund, "metadata")
    which, tries = _id(metadata.get("refundId")), metadata.get("tries")
    if which is None or not isinstance(tries, str) or not TRIES.fullmatch(tries):
        return Notice(id, None)
    if refund.get("status") not in CAME_BACK:
        return Notice(id, None)
    returned = Returned(which, int(tries), _text(refund.get("failure_reason")))
    return Notice(id, None, reservation=_id(metadata.get("reservationId")), returned=returned)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid({"body": "is not JSON"}) from None
    if not isinstance(event, dict):
        raise Invalid({"body": "is no event"})
    return event


def _inside(value: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The object at that path; an empty one where there is none."""
    for name in path:
        inner = value.get(name)
        value = inner if isinstance(inner, dict) else {}
    return value


def _id(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and NAME.fullmatch(value) else None
