"""Payment records and attempts as their owners see them, and the deadlines of the payment process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.kernel import Recorded
from domain.money import Money, to_major
from domain.payment_attempt import LITERAL, PROVIDER_WORD, Charge, PaymentAttempt, Report
from domain.payment_record import Entry, PaymentRecord
from domain.resources.payments import PAYMENT_RECORD, RESERVATION_PAYMENT
from projections.deadlines import Clear, Set
from projections.projection import Document, Projection, born, changed, id_text, instant, on

RESUME = "resumePayment"
CHECK = "checkPayment"
RESUME_REFUND = "resumeRefund"
PAY_OUT = "payOut"
"""The deadlines, and the commands that act on them."""


def _filed(_: Document | None, event: Recorded, __: Any) -> Document:
    fact: Any = event.fact
    entry: Entry = fact.entry

    def major(minor: int) -> Any:
        return to_major(Money(minor, entry.currency))

    return born(
        event,
        reservationId=id_text(entry.reservation),
        stripeChargeId=entry.charge,
        payoutAmountHost=major(entry.payout_amount),
        paymentIntentId=entry.intent,
        currency=entry.currency,
        cityTax=major(entry.city_tax),
        refundAmount=major(entry.refund_amount),
        amountPaid=major(entry.amount_paid),
        paymentStatus=entry.status,
        platformFee=major(entry.platform_fee),
        paymentDate=instant(entry.paid_at or event.at),
        kind=entry.kind,
        ownerId=None if entry.owner is None else id_text(entry.owner),
    )


def _opened(_: Document | None, event: Recorded, __: Any) -> Document:
    fact: Any = event.fact
    charge: Charge = fact.charge
    return born(
        event,
        ownerId=id_text(charge.guest),
        orderId=id_text(charge.reservation),
        paymentId=None,
        paymentStatus=PROVIDER_WORD["opened"],
        statusLiteral=LITERAL["opened"],
        redirectUrl=charge.redirect_url,
    )


def _reported(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    report: Report = fact.report
    before = document["paymentId"] if document else None
    return changed(
        document,
        event,
        paymentId=report.intent or before,
        paymentStatus=PROVIDER_WORD[report.status],
        statusLiteral=LITERAL[report.status],
    )


def _redirected(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, redirectUrl=fact.redirect_url)


def _unseen(document: Document | None, event: Recorded, _: Any) -> Document:
    """What the process asks of the provider shows only in the version."""
    return changed(document, event)


PAYMENT_RECORDS = Projection(PAYMENT_RECORD.name, on(PaymentRecord, Filed=_filed))

RESERVATION_PAYMENTS = Projection(
    RESERVATION_PAYMENT.name,
    on(
        PaymentAttempt,
        Opened=_opened,
        Reported=_reported,
        Redirected=_redirected,
        CaptureAsked=_unseen,
        GivenUp=_unseen,
        VoidAsked=_unseen,
        VoidRefused=_unseen,
        CheckPostponed=_unseen,
    ),
)


def deadlines(event: Recorded) -> Iterable[Set | Clear]:
    """Ask again what has no answer, look how a payment stands, pay the host."""
    fact: Any = event.fact
    match event.name:
        case "payment_attempt.opened.v1" | "payment_attempt.capture_asked.v1" | "payment_attempt.void_asked.v1":
            yield Set(RESUME, event.stream, fact.resume_at)
        case "payment_attempt.reported.v1":
            yield Clear(RESUME, event.stream)
            at = fact.report.check_at
            yield Clear(CHECK, event.stream) if at is None else Set(CHECK, event.stream, at)
        case "payment_attempt.void_refused.v1":
            yield Clear(RESUME, event.stream)
        case "payment_attempt.check_postponed.v1":
            yield Set(CHECK, event.stream, fact.check_at)
        case "payment.captured.v1":
            yield Set(PAY_OUT, event.stream, fact.payout_at)
        case "payment.payout_fell_due.v1":
            yield Clear(PAY_OUT, event.stream)
        case "payment.refund_asked.v1" | "payment.refund_refused.v1" | "payment.refund_failed.v1":
            yield Set(RESUME_REFUND, event.stream, fact.wake_at)
        case "payment.refunded.v1":
            wake = fact.wake_at
            yield Clear(RESUME_REFUND, event.stream) if wake is None else Set(RESUME_REFUND, event.stream, wake)
