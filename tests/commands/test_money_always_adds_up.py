"""Whatever guest, host, provider, clock and crashes do: money in = money out + held; what is refunded is not stayed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Literal, TypeVar
from uuid import UUID

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from commands.ports import Unavailable
from domain.actor import Actor
from domain.errors import DomainError
from domain.payment import Payment
from domain.payment_attempt import PaymentAttempt
from domain.reservation import Reservation
from infra.payments.simulator import Method, Simulator
from tests.commands.marketplace import Marketplace, open_marketplace, somebody
from tests.commands.till import Frail, Killed, call_back, ledger, refund_event, stripe_event

HOST, GUEST, ADMIN = somebody(), somebody(), somebody("admin")
T = TypeVar("T")
Trouble = Literal["none", "dies", "away"]

stays = st.integers(0, 11)
"""Which stay: the number is taken modulo how many there are."""
troubles = st.sampled_from(["none", "none", "none", "dies", "away"])
methods = st.sampled_from(list(Method))
delays = st.sampled_from([60, 1_200, 90_000])
outcomes = st.sampled_from(["succeeded", "succeeded", "failed"])
TOLD = ("succeeded", "processing", "payment_failed", "canceled", "amount_capturable_updated", "requires_action")
CALLS = {"start", "capture", "void", "refund"}


@dataclass
class Till:
    """One marketplace for all examples; each has listings of its own."""

    market: Marketplace
    provider: Frail
    database: str
    runner: asyncio.Runner


@dataclass
class Stay:
    """A reservation, and the dispute about it."""

    reservation: dict[str, Any]
    dispute: dict[str, Any] | None = None
    status: str = "pending"
    otherwise: dict[UUID, int] = field(default_factory=dict)
    """Refunds that the guest was given by other means than the provider."""

    @property
    def id(self) -> str:
        return str(self.reservation["id"])


class Money(RuleBasedStateMachine):
    """One guest, one host, an admin, two listings."""

    till: ClassVar[Till]

    def __init__(self) -> None:
        super().__init__()
        self.stays: list[Stay] = []
        self.listings: list[dict[str, Any]] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.till.runner.run(work)

    def ask(self, command: str, by: Actor, trouble: Trouble = "none", **body: Any) -> Any:
        """What is refused, or cut off, is so; what is asked for is not the point here."""
        provider = self.till.provider
        provider.dies_after = CALLS if trouble == "dies" else set()
        provider.away_for = CALLS if trouble == "away" else set()
        try:
            with suppress(DomainError, Unavailable, Killed):
                return self.run(self.till.market.ask(command, by, **body))
        finally:
            provider.dies_after, provider.away_for = set(), set()

    @initialize(first=methods, second=methods, seconds=delays, outcome=outcomes)
    def open(self, first: Method, second: Method, seconds: int, outcome: str) -> None:
        """Two stays whose guest pays at once: one instant, one that the host has to accept."""
        for approval, method in (("instant", first), ("manual", second)):
            self.listings.append(self.run(self.till.market.listing(HOST, approvalType=approval, cityTaxPercent=5.5)))
            self.book(len(self.listings) - 1, 0)
            self.pay(self.stays[-1], method, seconds, outcome, "none")

    @rule(listing=st.integers(0, 1), day=st.integers(0, 2), method=methods, trouble=troubles)
    def book_another(self, listing: int, day: int, method: Method, trouble: Trouble) -> None:
        """Nights that may be another's already."""
        before = len(self.stays)
        if before < 5:
            self.book(listing, day)
        for stay in self.stays[before:]:
            self.pay(stay, method, 1_200, "succeeded", trouble)

    def book(self, listing: int, day: int) -> None:
        with suppress(DomainError):
            self.stays.append(Stay(self.run(self.till.market.book(GUEST, self.listings[listing], 20 + day, 2))))

    @rule(which=stays, method=methods, seconds=delays, outcome=outcomes, trouble=troubles)
    def pay_again(self, which: int, method: Method, seconds: int, outcome: str, trouble: Trouble) -> None:
        for stay in self.among("pending", which=which):
            self.pay(stay, method, seconds, outcome, trouble)

    def pay(self, stay: Stay, method: Method, seconds: int, outcome: str, trouble: Trouble) -> None:
        """By any of the test methods; a payment that waits settles before the hold is over, or after it."""
        params = {"paymentMethodId": str(method), "settleAfterSeconds": seconds, "outcome": outcome}
        self.ask("startReservationPayment", GUEST, trouble, reservationId=stay.id, paymentUserParams=params)

    @rule(which=stays, trouble=troubles)
    def refresh(self, which: int, trouble: Trouble) -> None:
        self.ask("refreshReservationPayment", GUEST, trouble, reservationId=pick(self.stays, which).id)

    @rule(which=stays, attempt=st.integers(0, 2), kind=st.sampled_from(TOLD))
    def tell(self, which: int, attempt: int, kind: str) -> None:
        """The provider may say anything of any attempt, save that money which moved did not."""
        stay = pick(self.stays, which)
        known = self.run(self.attempts(stay))
        if known and possible(pick(known, attempt), kind):
            event = stripe_event(kind, stay.reservation, pick(known, attempt).intent)
            self.run(call_back(self.till.market, event))

    @rule(which=stays, refund=st.integers(0, 2))
    def give_in_vain(self, which: int, refund: int) -> None:
        """A refund that was given comes back; no more than twice, so that there is an end."""
        stay = pick(self.stays, which)
        payment = self.run(ledger(self.till.market, stay.reservation))
        by_provider = [(id, r) for id, r in payment.refunds.items() if not r.open and id not in stay.otherwise]
        given = [(id, r.tries) for id, r in by_provider if r.returns < 2]
        if given:
            id, tries = pick(given, refund)
            self.run(call_back(self.till.market, refund_event(stay.reservation, str(id), tries)))

    @rule(which=stays)
    def give_otherwise(self, which: int) -> None:
        """What waits for another try; where nothing does, that is refused."""
        stay = pick(self.stays, which)
        before = self.run(ledger(self.till.market, stay.reservation)).refunds
        self.ask("settleReservationRefund", ADMIN, reservationId=stay.id)
        after = self.run(ledger(self.till.market, stay.reservation)).refunds
        stay.otherwise |= {id: r.amount for id, r in after.items() if before[id].open and not r.open}

    @rule(
        which=stays,
        by=st.sampled_from([HOST, HOST, GUEST, ADMIN]),
        status=st.sampled_from(["confirmed", "declined", "cancelled"]),
        trouble=troubles,
    )
    def step(self, which: int, by: Actor, status: str, trouble: Trouble) -> None:
        for stay in self.among("pending", "confirmed", which=which):
            self.ask("updateReservation", by, trouble, reservationId=stay.id, bookingStatus=status)

    @rule(which=stays, by=st.sampled_from([HOST, GUEST]))
    def dispute(self, which: int, by: Actor) -> None:
        for stay in self.among("confirmed", "complete", "cancelled", which=which):
            body = {"reservationId": stay.id, "issueType": "noise", "description": "All night"}
            stay.dispute = self.ask("createDispute", by, "none", **body) or stay.dispute

    @rule(which=stays, amount=st.sampled_from([None, 10, 100, 1_000]), trouble=troubles)
    def settle(self, which: int, amount: int | None, trouble: Trouble) -> None:
        for stay in self.among("confirmed", "complete", "cancelled", which=which):
            if stay.dispute:
                id = stay.dispute["id"]
                self.ask("updateDispute", ADMIN, disputeId=id, resolutionStatus="reviewing")
                body: dict[str, Any] = {"resolutionStatus": "resolved", "refundApproved": True}
                if amount is not None:
                    body["refundAmount"] = amount
                self.ask("updateDispute", ADMIN, trouble, disputeId=id, **body)

    @rule(minutes=st.sampled_from([1, 1, 5, 10, 16, 1_500, 30_000]))
    def wait(self, minutes: int) -> None:
        self.run(self.till.market.pass_time(timedelta(minutes=minutes)))

    @invariant()
    def it_adds_up(self) -> None:
        """`ledger` looks at every moment of each ledger."""
        for stay in self.stays:
            payment = self.run(ledger(self.till.market, stay.reservation))
            stay.status = self.status(stay)
            assert stay.status != "confirmed" or payment.paying is not None
            late = {r.attempt for r in payment.refunds.values() if r.cause in {"late", "duplicate"}}
            assert payment.paying not in late, "never confirmed and refunded both"

    def teardown(self) -> None:
        """In the end every question is answered, and the provider's own books say the same."""
        try:
            if self.stays:
                self.run(self.till.market.pass_time(timedelta(days=40)))
            for stay in self.stays:
                self.check_end(stay)
        finally:
            super().teardown()

    def check_end(self, stay: Stay) -> None:
        payment = self.run(ledger(self.till.market, stay.reservation))
        status = self.status(stay)
        assert all(not refund.open for refund in payment.refunds.values())
        assert status not in {"pending", "confirmed"}
        for attempt, amount in payment.captured.items():
            back = sum(r.amount for r in payment.refunds.values() if r.attempt == attempt)
            assert attempt == payment.paying or back == amount, "never neither: it pays, or all of it went back"
        if payment.paying and status == "declined":
            assert payment.left == 0
        assert status != "complete" or payment.paying is not None
        if payment.attempts:
            by_provider = payment.refunded - sum(stay.otherwise.values())
            assert self.at_the_provider(payment) == (payment.money_in, by_provider)

    def at_the_provider(self, payment: Payment) -> tuple[int, int]:
        """What the simulator has taken, and given back, for these attempts."""
        taken = "SELECT coalesce(sum(amount), 0) FROM simulator_payment WHERE key = ANY(%s) AND status = 'captured'"
        given = (
            "SELECT coalesce(sum(r.amount), 0) FROM simulator_refund AS r JOIN simulator_payment AS p"
            " ON p.id = r.payment WHERE p.key = ANY(%s) AND NOT r.returned"
        )
        with psycopg.connect(self.till.database) as connection:
            found = [connection.execute(query, [list(payment.attempts)]).fetchone() for query in (taken, given)]
        return tuple(int(row[0]) if row else 0 for row in found)  # type: ignore[return-value]

    def among(self, *statuses: str, which: int) -> list[Stay]:
        """One of the stays that are so far, if any is. What is drawn never depends on it."""
        found = [stay for stay in self.stays if stay.status in statuses]
        return [pick(found, which)] if found else []

    def status(self, stay: Stay) -> str:
        id = UUID(stay.id)
        return Reservation.at(id, (event.fact for event in self.run(self.till.market.log(id)))).status

    async def attempts(self, stay: Stay) -> list[PaymentAttempt]:
        payment = await ledger(self.till.market, stay.reservation)
        return [
            PaymentAttempt.at(id, [event.fact for event in await self.till.market.log(id)]) for id in payment.attempts
        ]


def pick(of: list[T], which: int) -> T:
    return of[which % len(of)]


def possible(attempt: PaymentAttempt, kind: str) -> bool:
    """A provider that was asked something answers that first; and it takes no money that was let go."""
    if attempt.intent is None or attempt.asked is not None:
        return False
    return not (attempt.status == "voided" and kind == "succeeded")


@contextmanager
def one_marketplace(database: str) -> Iterator[Till]:
    simulator = Simulator(database)
    provider = Frail(simulator)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        market = runner.run(stack.enter_async_context(open_marketplace(database, payments=provider)))
        try:
            yield Till(market, provider, database, runner)
        finally:
            runner.run(stack.aclose())
            runner.run(simulator.close())


def test_money_in_is_money_out_and_held(database: str) -> None:
    with one_marketplace(database) as till:
        machine = type("Money", (Money,), {"till": till})
        slow = list(HealthCheck)
        run_state_machine_as_test(
            machine,
            settings=settings(deadline=None, max_examples=20, stateful_step_count=20, suppress_health_check=slow),
        )
