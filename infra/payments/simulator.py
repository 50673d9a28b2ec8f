"""The payment simulator: Stripe's test methods, played on this product's own database and clock.

It behaves as a provider outside does. It keeps what it was told in tables of its own, a transaction a call, so that a
crash between its answer and the product's record is a real one; it does the same key once.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import LiteralString, TypeVar
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from commands.payment_provider import JUST_NOW, NEVER_MADE, Answered, ProviderAway, Refunding, Returned
from commands.ports import Unavailable
from domain.errors import Invalid
from domain.payment_attempt import AttemptStatus, Charge, Report
from domain.payment_steps import GiveBack, key_of
from infra.postgres.line import Line


class Method(StrEnum):
    """The test methods."""

    PAYS = "pm_card_visa"
    DECLINES = "pm_card_chargeDeclined"
    ASKS = "pm_card_authenticationRequired"
    WAITS = "pm_card_processing"


SETTLES_AFTER = timedelta(minutes=10)
MOST_SECONDS = 366 * 24 * 3600

R = TypeVar("R")
Connection = AsyncConnection[TupleRow]

INSERT: LiteralString = """INSERT INTO simulator_payment
    (id, key, amount, currency, manual, status, fails, settles_at, charge, reason)
  VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING"""
BY_KEY: LiteralString = """SELECT id, key, amount, currency, manual, status, fails, settles_at, charge, reason
  FROM simulator_payment WHERE key = %s FOR UPDATE"""
BY_ID: LiteralString = """SELECT id, key, amount, currency, manual, status, fails, settles_at, charge, reason
  FROM simulator_payment WHERE id = %s FOR UPDATE"""
UPDATE: LiteralString = """UPDATE simulator_payment
  SET status = %s, settles_at = %s, charge = %s, reason = %s WHERE id = %s"""
REFUNDED: LiteralString = """SELECT coalesce(sum(amount), 0)::bigint FROM simulator_refund
  WHERE payment = %s AND NOT returned"""
GIVE: LiteralString = "INSERT INTO simulator_refund (id, key, payment, amount) VALUES (%s, %s, %s, %s)"
RETURN: LiteralString = "UPDATE simulator_refund SET returned = true WHERE payment = %s AND key = %s"


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as the simulator keeps it."""

    id: str
    key: UUID
    amount: int
    currency: str
    manual: bool
    status: AttemptStatus
    fails: bool
    settles_at: datetime | None
    charge: str | None
    reason: str | None

    def settled(self) -> Payment:
        """After the bank, or the guest, has done their part."""
        if self.fails:
            return self.failed("payment_failed")
        return replace(self, status="authorised", settles_at=None) if self.manual else self.taken()

    def taken(self) -> Payment:
        """After the money was taken."""
        return replace(self, status="captured", settles_at=None, charge=self.charge or _new("ch"))

    def failed(self, reason: str) -> Payment:
        """After it came to nothing."""
        return replace(self, status="failed", settles_at=None, reason=reason)

    def by(self, at: datetime) -> Payment:
        """As it stands at that time."""
        waits = self.status == "processing" and self.settles_at is not None and at >= self.settles_at
        return self.settled() if waits else self


class Simulator:
    """A payment provider for demonstrations, tests and sandboxes. It moves no real money."""

    def __init__(self, conninfo: str) -> None:
        self._line = Line(conninfo, "innkeep simulator")

    async def close(self) -> None:
        """Hang up."""
        await self._line.close()

    def check(self, method: str, params: Mapping[str, str]) -> None:
        if method not in list(Method):
            raise Invalid({"paymentUserParams.paymentMethodId": f"is none of {', '.join(Method)}"})
        if "settleAfterSeconds" in params and not 0 <= int(params["settleAfterSeconds"]) <= MOST_SECONDS:
            raise Invalid({"paymentUserParams.settleAfterSeconds": f"must be from 0 to {MOST_SECONDS}"})
        if params.get("outcome", "succeeded") not in {"succeeded", "failed"}:
            raise Invalid({"paymentUserParams.outcome": "must be succeeded or failed"})

    async def start(
        self,
        attempt: UUID,
        charge: Charge,
        at: datetime,
        age: timedelta = JUST_NOW,  # noqa: ARG002 - keys are never forgotten here
    ) -> Answered:
        """A method waits for the guest or the bank, or settles at once. `outcome: failed` decides how what waits
        settles, and fails the capture of what was authorised at once.
        """
        made = _started(attempt, charge, at)

        async def work(connection: Connection) -> Answered:
            await _insert(connection, made)
            return await _after(connection, BY_KEY, attempt, at, lambda payment: payment)

        return await self._call(work)

    async def find(
        self,
        attempt: UUID,
        charge: Charge,
        at: datetime,
        age: timedelta,  # noqa: ARG002 - it is there or not
    ) -> Answered:
        """What was never made is kept as failed: a start that is still on its way comes to nothing then."""
        never = replace(_started(attempt, charge, at).failed(NEVER_MADE), charge=None)

        async def work(connection: Connection) -> Answered:
            await _insert(connection, never)
            return await _after(connection, BY_KEY, attempt, at, lambda payment: payment)

        return await self._call(work)

    async def retrieve(self, intent: str, at: datetime) -> Answered:
        return await self._step(intent, at, lambda payment: payment)

    async def refresh(self, intent: str, at: datetime) -> Answered:
        return await self._step(intent, at, lambda p: p.settled() if p.status == "requires_action" else p)

    async def capture(self, intent: str, key: str, at: datetime) -> Answered:  # noqa: ARG002 - a state is captured once
        def taken(payment: Payment) -> Payment:
            if payment.status != "authorised":
                return payment
            return payment.failed("capture_failed") if payment.fails else payment.taken()

        return await self._step(intent, at, taken)

    async def void(self, intent: str, key: str, at: datetime) -> Answered:  # noqa: ARG002 - a state is voided once
        """What the bank is at work on cannot be voided, as at Stripe."""

        def voided(payment: Payment) -> Payment:
            able = payment.status in {"requires_action", "authorised", "failed"}
            return replace(payment, status="voided", settles_at=None) if able else payment

        return await self._step(intent, at, voided)

    async def refund(
        self,
        intent: str,
        charge: Charge,  # noqa: ARG002 - a payment has one
        back: GiveBack,
        at: datetime,
    ) -> Refunding:
        async def work(connection: Connection) -> Refunding:
            payment = (await _found(connection, BY_ID, intent)).by(at)
            cursor = await connection.execute("SELECT id FROM simulator_refund WHERE key = %s", [back.key])
            if (known := await cursor.fetchone()) is not None:
                return Refunding(done=True, id=known[0])
            gone = await (await connection.execute(REFUNDED, [intent])).fetchone()
            if payment.status != "captured" or gone is None or gone[0] + back.amount > payment.amount:
                return Refunding(done=False, reason="charge_has_less_left")
            id = _new("re")
            await connection.execute(GIVE, [id, back.key, intent, back.amount])
            return Refunding(done=True, id=id)

        return await self._call(work)

    async def believe(self, attempt: UUID, charge: Charge, report: Report, at: datetime) -> None:
        """Whoever signs callbacks plays the provider: the payment becomes what they say."""
        made = replace(_started(attempt, charge, at), id=report.intent or _new("pi"))

        def said(known: Payment) -> Payment:
            if report.status == "processing":
                return replace(known, status="processing", settles_at=known.settles_at or at + SETTLES_AFTER)
            if report.status == "captured":
                return replace(known.taken(), charge=report.charge or known.charge or _new("ch"))
            return replace(known, status=report.status, settles_at=None, reason=report.reason)

        async def work(connection: Connection) -> Answered:
            await _insert(connection, made)
            return await _after(connection, BY_KEY, attempt, at, said)

        await self._call(work)

    async def returned(self, intent: str, back: Returned) -> None:
        """As above: what came back may be given anew."""

        async def work(connection: Connection) -> None:
            await connection.execute(RETURN, [intent, key_of(back.refund, back.tries)])

        await self._call(work)

    async def _step(self, intent: str, at: datetime, step: Callable[[Payment], Payment]) -> Answered:
        return await self._call(lambda connection: _after(connection, BY_ID, intent, at, step))

    async def _call(self, work: Callable[[Connection], Awaitable[R]]) -> R:
        async def in_one(connection: Connection) -> R:
            async with connection.transaction():
                return await work(connection)

        try:
            return await self._line.use(in_one)
        except Unavailable as away:
            raise ProviderAway(str(away)) from away


def _started(attempt: UUID, charge: Charge, at: datetime) -> Payment:
    params = dict(charge.params)
    fails = params.get("outcome") == "failed"
    made = Payment(
        _new("pi"), attempt, charge.amount, charge.currency, charge.manual, "processing", fails, None, None, None
    )
    match charge.method:
        case Method.DECLINES:
            return made.failed("card_declined")
        case Method.ASKS:
            return replace(made, status="requires_action")
        case Method.WAITS:
            seconds = params.get("settleAfterSeconds")
            after = SETTLES_AFTER if seconds is None else timedelta(seconds=int(seconds))
            return replace(made, settles_at=at + after)
        case _:
            return replace(made, status="authorised") if charge.manual else made.taken()


async def _insert(connection: Connection, made: Payment) -> None:
    values = [made.id, made.key, made.amount, made.currency, made.manual, made.status]
    await connection.execute(INSERT, [*values, made.fails, made.settles_at, made.charge, made.reason])


async def _after(
    connection: Connection, query: LiteralString, by: object, at: datetime, step: Callable[[Payment], Payment]
) -> Answered:
    """Bring the payment up to that time, let the step happen to it, and tell."""
    before = await _found(connection, query, by)
    after = step(before.by(at))
    if after != before:
        await _update(connection, after)
    return Answered(Report(after.status, after.id, after.charge, after.reason, after.settles_at))


async def _update(connection: Connection, to: Payment) -> None:
    await connection.execute(UPDATE, [to.status, to.settles_at, to.charge, to.reason, to.id])


async def _found(connection: Connection, query: LiteralString, by: object) -> Payment:
    row = await (await connection.execute(query, [by])).fetchone()
    if row is None:
        raise ProviderAway(f"the simulator knows no payment {by}")
    return Payment(*row)


def _new(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(12)}"
