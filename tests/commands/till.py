"""What tests do at the till: read the books, play the provider, cut the process off."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from commands.bus import Ask
from commands.payment_provider import Answered, PaymentProvider, ProviderAway, Refunding
from commands.payments import CallbackReservationPayment
from commands.ports import Answer
from domain.actor import NOBODY, SYSTEM, Actor
from domain.payment import Payment
from infra.http.envelope import decode, encode
from infra.settings import SANDBOX_WEBHOOK_SECRET
from tests.commands.marketplace import Marketplace, money

KIND = "kind"


class Killed(BaseException):
    """The process ends here, whatever it was about to do."""


class Frail:
    """A provider behind which the process is killed, or to which the line is cut, when it is told so.

    `dies_after` and `away_for` name calls: the first is made and its answer never comes back, the second never made.
    """

    def __init__(self, provider: PaymentProvider) -> None:
        self.provider = provider
        self.dies_after: set[str] = set()
        self.away_for: set[str] = set()
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        """What was asked, whatever came of it."""

    @contextmanager
    def killed_after(self, call: str) -> Iterator[None]:
        """What is done here dies behind that call."""
        self.dies_after = {call}
        with pytest.raises(Killed):
            yield
        self.dies_after = set()

    @contextmanager
    def cut_off(self, call: str) -> Iterator[None]:
        """That call does not get through meanwhile."""
        self.away_for = {call}
        yield
        self.away_for = set()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.provider, name)
        if name in {"check", "close"}:
            return call

        async def made(*asked: Any) -> Answered | Refunding | None:
            self.asked.append((name, asked))
            if name in self.away_for:
                raise ProviderAway("the line is cut")
            answered: Answered | Refunding | None = await call(*asked)
            if name in self.dies_after:
                raise Killed
            return answered

        return made


async def ledger(market: Marketplace, reservation: dict[str, Any]) -> Payment:
    """The money of a reservation, from the log; in = out + held is looked at every time."""
    stream = Payment.id_of(UUID(reservation["id"]))
    payment = Payment.at(stream)
    for event in await market.log(stream):
        event.fact.mutate(payment)
        assert payment.held >= 0
        assert payment.money_in == payment.refunded + payment.paid_out + payment.held
    return payment


async def books(market: Marketplace, reservation: dict[str, Any], by: Actor = SYSTEM) -> list[dict[str, Any]]:
    """The payment records of a reservation that the caller sees, the oldest first."""
    found = await market.product.services.documents.select("paymentRecord", reservationId=reservation["id"])
    shown = [await market.get("paymentRecord", record["id"], by) for record in found]
    return [record for record in shown if record is not None]


async def kinds(market: Marketplace, reservation: dict[str, Any], by: Actor = SYSTEM) -> list[str]:
    """Of these records."""
    return sorted(record[KIND] for record in await books(market, reservation, by))


async def total(market: Marketplace, reservation: dict[str, Any], field: str) -> Decimal:
    """The sum of one field over a reservation's records."""
    return sum((money(record[field]) for record in await books(market, reservation)), Decimal(0))


async def attempts(market: Marketplace, reservation: dict[str, Any]) -> list[dict[str, Any]]:
    """The attempts to pay for a reservation, the oldest first."""
    return await market.product.services.documents.select("sys_reservationPayment", orderId=reservation["id"])


def charged(database: str) -> int:
    """How many payments the simulator has taken."""
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM simulator_payment WHERE status = 'captured'").fetchone()
    return row[0] if row else 0


def given_back(database: str) -> int:
    """How many refunds the simulator has given."""
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM simulator_refund").fetchone()
    return row[0] if row else 0


def signed(body: bytes, at: int, secret: str = SANDBOX_WEBHOOK_SECRET) -> str:
    """The header that goes with a callback, as Stripe's documentation says it is made."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def stripe_event(kind: str, reservation: dict[str, Any] | None, intent: str | None, **over: Any) -> dict[str, Any]:
    """An event in Stripe's form."""
    payment: dict[str, Any] = {"id": intent, "object": "payment_intent"}
    if reservation is not None:
        payment["metadata"] = {"reservationId": reservation["id"]}
    event = {"id": f"evt_{uuid4().hex}", "object": "event", "type": f"payment_intent.{kind}"}
    return event | {"data": {"object": payment | over.pop("payment", {})}} | over


def refund_event(reservation: dict[str, Any], refund: str, tries: int = 1, **over: Any) -> dict[str, Any]:
    """An event in Stripe's form about a refund that came back; `refund` is the id of its first entry in the books."""
    metadata = {"reservationId": reservation["id"], "refundId": refund, "tries": str(tries)}
    refunded: dict[str, Any] = {"id": "re_1", "object": "refund", "status": "failed", "metadata": metadata}
    refunded["failure_reason"] = "lost_or_stolen_card"
    event = {"id": f"evt_{uuid4().hex}", "object": "event", "type": "refund.failed"}
    return event | {"data": {"object": refunded | over.pop("refunded", {})}} | over


async def call_back(market: Marketplace, event: dict[str, Any] | bytes, signature: str | None = None) -> dict[str, Any]:
    """All that a callback is answered with, and whether anything was recorded (`recorded`)."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    if signature is None:
        signature = signed(body, int(market.product.clock.real_now().timestamp()))
    message = CallbackReservationPayment(raw=body, signature=signature)

    def rendered(answer: Answer, shown: Any) -> bytes:
        return encode({"shown": shown, "status": answer.status, "extra": answer.extra})

    ask = Ask(NOBODY, market.now, market.product.clock.real_now(), rendered)
    done = await market.product.bus.run(market.product.registry["callbackReservationPayment"], message, ask)
    answered: dict[str, Any] = decode(done.body)
    return answered | {"recorded": done.recorded}
