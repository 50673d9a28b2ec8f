"""One attempt to pay for a stay: what was asked of the payment provider, and what the provider answered.

What is to be asked is recorded first (`asked`), the answer after it. A crash in between leaves something to resume:
the same question, with the same idempotency key. Answers come in any order and more than once; a stale one is no news.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, get_args
from uuid import UUID

from domain.errors import Invalid
from domain.kernel import Aggregate, event

AttemptStatus = Literal["opened", "requires_action", "processing", "authorised", "captured", "failed", "voided"]
STATUSES: tuple[AttemptStatus, ...] = get_args(AttemptStatus)
OPEN: frozenset[str] = frozenset({"opened", "requires_action", "processing", "authorised"})
"""Money may still come of it."""

RESUME_AFTER = timedelta(seconds=30)
"""A question without an answer for so long is asked again."""
CHECK_AFTER = timedelta(minutes=15)
"""How a payment stands of which nothing was heard for so long is looked up."""

_NEWS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "opened": frozenset({"requires_action", "processing", "authorised", "captured", "failed", "voided"}),
        "requires_action": frozenset({"processing", "authorised", "captured", "failed", "voided"}),
        "processing": frozenset({"authorised", "captured", "failed", "voided"}),
        "authorised": frozenset({"captured", "voided"}),
        # Money that did move counts, whatever was heard before: it is kept or given back.
        "failed": frozenset({"authorised", "captured"}),
        "voided": frozenset({"captured"}),
        "captured": frozenset(),
    }
)
"""What is news after what. The rest was overtaken on its way."""


PROVIDER_WORD: Mapping[str, str] = MappingProxyType(
    {
        "opened": "processing",
        "requires_action": "requires_action",
        "processing": "processing",
        "authorised": "requires_capture",
        "captured": "succeeded",
        "failed": "requires_payment_method",
        "voided": "canceled",
    }
)
"""The provider's word for each status, as `paymentStatus` shows it."""

LITERAL: Mapping[str, str] = MappingProxyType(
    {
        "opened": "pending",
        "requires_action": "pending",
        "processing": "processing",
        "authorised": "authorised",
        "captured": "paid",
        "failed": "failed",
        "voided": "canceled",
    }
)
"""Our word for each, as `statusLiteral` shows it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the provider says of an attempt."""

    status: AttemptStatus
    intent: str | None = None
    """The provider's id of the payment."""
    charge: str | None = None
    """The provider's id of the charge, once there is one."""
    reason: str | None = None
    """Why it failed, as a code."""
    check_at: datetime | None = None
    """When the provider expects to know more (UTC)."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What the guest is to pay, and how."""

    reservation: UUID
    guest: UUID
    amount: int
    """Minor units."""
    currency: str
    method: str
    """The provider's id of the payment method."""
    manual: bool
    """Authorise now and capture later, instead of both at once."""
    params: tuple[tuple[str, str], ...] = ()
    """What else the caller told the provider."""
    redirect_url: str | None = None


class PaymentAttempt(Aggregate):
    """One attempt, from its start to captured, failed or voided."""

    TOPIC = "payment_attempt"

    def __init__(self) -> None:
        self.charge: Charge
        self.status: AttemptStatus = "opened"
        self.intent: str | None = None
        self.charge_id: str | None = None
        self.reason: str | None = None
        self.since: datetime
        self.redirect_url: str | None = None
        self.asked: Literal["start", "capture", "void"] | None = None
        """What the provider was asked and has not answered yet."""
        self.wanted = True
        """False once nobody wants its money any more: what still comes of it is voided or given back."""
        self.voids = 0
        """How often the provider was asked to void it."""
        self.accepted = False
        """The host has accepted: when captured, the stay is confirmed."""
        self.check_at: datetime | None = None
        """When it is looked up how it stands."""

    @property
    def open(self) -> bool:
        """Whether money may still come of it."""
        return self.version > 0 and self.status in OPEN

    def start(self, charge: Charge, at: datetime) -> None:
        """Ask the provider for the money."""
        if self.version == 0:
            self._opened(charge=charge, at=at, resume_at=at + RESUME_AFTER)

    def ask_capture(self, at: datetime) -> None:
        """Take the money that is authorised, as the host has accepted."""
        if self.status == "authorised" and self.asked != "capture":
            self._capture_asked(resume_at=at + RESUME_AFTER)

    def unwant(self, at: datetime) -> None:
        """Nobody wants its money any more: void it if it is still open.

        A start without an answer is answered first, since only then is it known what there is to void.
        """
        if self.open and self.asked == "start" and self.wanted:
            self._given_up()
        elif self.open and self.asked not in {"start", "void"}:
            self._void_asked(resume_at=at + RESUME_AFTER)

    def report(self, report: Report) -> bool:
        """Take down what the provider says, if it is news; answers whether it was."""
        told = report.status in _NEWS[self.status]
        if told:
            self._reported(report=report)
        return told

    def look_again(self, at: datetime) -> None:
        """Look again later at what is still open, each time after twice as long: a callback may have been lost."""
        check_at = at + max(CHECK_AFTER, at - self.since)
        if self.open and check_at != self.check_at:
            self._check_postponed(check_at=check_at)

    def capture_failed(self, reason: str | None) -> None:
        """The provider would not take the money; the authorisation is gone."""
        if self.status == "authorised":
            self._reported(report=Report("failed", self.intent, self.charge_id, reason))

    def stands(self) -> None:
        """The provider could not void it: what comes of it is given back when it comes."""
        if self.asked == "void":
            self._void_refused()

    def redirect(self, url: str | None) -> None:
        """Say where the guest's browser goes afterwards."""
        if url is not None and not url:
            raise Invalid({"redirectUrl": "is empty"})
        if url != self.redirect_url:
            self._redirected(redirect_url=url)

    @event("Opened", topic="payment_attempt.opened.v1")
    def _opened(self, charge: Charge, at: datetime, resume_at: datetime) -> None:
        self.charge, self.redirect_url, self.asked, self.since = charge, charge.redirect_url, "start", at

    @event("CaptureAsked", topic="payment_attempt.capture_asked.v1")
    def _capture_asked(self, resume_at: datetime) -> None:
        self.asked, self.accepted = "capture", True

    @event("GivenUp", topic="payment_attempt.given_up.v1")
    def _given_up(self) -> None:
        self.wanted = False

    @event("VoidAsked", topic="payment_attempt.void_asked.v1")
    def _void_asked(self, resume_at: datetime) -> None:
        self.asked, self.wanted = "void", False
        self.voids += 1

    @event("VoidRefused", topic="payment_attempt.void_refused.v1")
    def _void_refused(self) -> None:
        self.asked = None

    @event("Reported", topic="payment_attempt.reported.v1")
    def _reported(self, report: Report) -> None:
        self.status, self.reason = report.status, report.reason
        self.intent = report.intent or self.intent
        self.charge_id = report.charge or self.charge_id
        self.asked, self.check_at = None, report.check_at

    @event("CheckPostponed", topic="payment_attempt.check_postponed.v1")
    def _check_postponed(self, check_at: datetime) -> None:
        self.check_at = check_at

    @event("Redirected", topic="payment_attempt.redirected.v1")
    def _redirected(self, redirect_url: str | None) -> None:
        self.redirect_url = redirect_url
