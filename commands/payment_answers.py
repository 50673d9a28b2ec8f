"""How a payment is told of: in the reference's form, or as the answer that it was declined."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from commands.payment_provider import Answered
from commands.ports import Answer
from domain.money import Money, to_major
from domain.payment_attempt import LITERAL, PROVIDER_WORD, PaymentAttempt


def declined(attempt: PaymentAttempt, told: Answered | None = None) -> Answer:
    """An answer, not a refusal: the attempt is recorded."""
    if told is not None and told.invalid is not None:
        fields = {"paymentUserParams.paymentMethodId": told.invalid}
        return Answer(status=400, extra={"errCode": "INVALID", "message": told.invalid, "detail": {"fields": fields}})

    def extra(told: Answered | None) -> dict[str, Any]:
        return {
            "errCode": "PAYMENT_DECLINED",
            "message": "The payment was declined; another may be tried while the hold lasts.",
            "detail": {"reason": attempt.reason, "paymentResult": payment_result(attempt, told)},
        }

    return Answer(status=402, extra=extra(told), kept=extra(None) if _secret(told) else None)


def told_of(reservation: UUID, attempt: PaymentAttempt, told: Answered | None) -> Answer:
    """The reservation, and the attempt beside it."""

    def extra(told: Answered | None) -> dict[str, Any]:
        return {"paymentResult": payment_result(attempt, told)}

    return Answer("reservation", reservation, extra=extra(told), kept=extra(None) if _secret(told) else None)


def _secret(told: Answered | None) -> bool:
    """Whether what the provider told has something in it that is told once: a retry asks for it by a refresh."""
    return told is not None and told.client_secret is not None


def payment_result(attempt: PaymentAttempt, told: Answered | None) -> dict[str, Any]:
    """The attempt as it stands, in the reference's form. `paymentIntentInfo` is the provider's, in minor units."""
    charge = attempt.charge
    info: dict[str, Any] = {
        "id": attempt.intent,
        "status": PROVIDER_WORD[attempt.status],
        "amount": charge.amount,
        "currency": charge.currency.lower(),
    }
    if told is not None and _secret(told):
        info["clientSecret"] = told.client_secret
    params: dict[str, Any] = {"paymentMethodId": charge.method, **dict(charge.params)}
    if "settleAfterSeconds" in params:
        params["settleAfterSeconds"] = int(params["settleAfterSeconds"])
    return {
        "paymentTicketId": str(attempt.id),
        "orderId": str(charge.reservation),
        "paymentId": attempt.intent,
        "paymentStatus": PROVIDER_WORD[attempt.status],
        "paymentIntentInfo": info,
        "statusLiteral": LITERAL[attempt.status],
        "amount": to_major(Money(charge.amount, charge.currency)),
        "currency": charge.currency,
        "success": attempt.status in {"captured", "authorised"},
        "description": f"Reservation {charge.reservation}",
        "metadata": {"reservationId": str(charge.reservation), "attemptId": str(attempt.id)},
        "paymentUserParams": params,
    }
