"""Entries that an admin files, and what may be said of an attempt to pay: nearly nothing, the process writes it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field

from commands.ports import Answer
from commands.registry import Command, Route
from commands.wire import UNSET, Id, Instant, Message, NonEmpty, Number, RecordVersion, Text
from commands.work import Work
from domain.access import Admin
from domain.errors import NotThere, Refused
from domain.money import exponent, from_major
from domain.payment_attempt import LITERAL, PROVIDER_WORD, PaymentAttempt
from domain.payment_record import Entry, PaymentRecord, RecordStatus
from domain.reservation import Reservation
from domain.resources.bookings import SERVICE


def web_address(text: str) -> str:
    """The text, if it is an address that a browser goes to. Raises ValueError."""
    if not text.startswith(("https://", "http://")):
        raise ValueError("is not a web address")
    return text


WebAddress = Annotated[Text, AfterValidator(web_address)]
AttemptId = Annotated[Id, Field(alias="sys_reservationPaymentId")]


class CreatePaymentRecord(Message):
    """A note in the books of a stay."""

    reservation_id: Id
    stripe_charge_id: Text | None = None
    payout_amount_host: Number | None = None
    payment_intent_id: NonEmpty
    currency: NonEmpty
    city_tax: Number | None = None
    refund_amount: Number | None = None
    amount_paid: Number
    payment_status: RecordStatus
    platform_fee: Number | None = None
    payment_date: Instant | None = None


class CreateReservationPayment(Message):
    """An attempt that nobody may make up."""

    order_id: Id | None = None
    payment_id: Text | None = None
    payment_status: Text | None = None
    status_literal: Text | None = None
    redirect_url: Text | None = None


class UpdateReservationPayment(Message):
    """Where the browser of an attempt's guest goes afterwards."""

    attempt_id: AttemptId
    payment_id: Text | None = UNSET
    payment_status: Text | None = UNSET
    status_literal: Text | None = UNSET
    redirect_url: WebAddress | None = UNSET
    record_version: RecordVersion | None = None


class DeleteReservationPayment(Message):
    """An attempt that nobody may take away."""

    attempt_id: AttemptId


async def create_payment_record(work: Work, m: CreatePaymentRecord) -> Answer:
    """It moves no money and counts in no sum."""
    reservation = await work.load(Reservation, m.reservation_id, fresh=True)
    if not reservation.exists:
        raise NotThere("reservation")
    exponent(m.currency)

    def minor(amount: Decimal | None, field: str) -> int:
        return 0 if amount is None else from_major(amount, m.currency, field, least=0).minor

    record = work.begin(PaymentRecord)
    record.file(
        Entry(
            kind="manual",
            reservation=reservation.id,
            owner=None,
            currency=m.currency,
            status=m.payment_status,
            intent=m.payment_intent_id,
            charge=m.stripe_charge_id,
            amount_paid=minor(m.amount_paid, "amountPaid"),
            city_tax=minor(m.city_tax, "cityTax"),
            platform_fee=minor(m.platform_fee, "platformFee"),
            refund_amount=minor(m.refund_amount, "refundAmount"),
            payout_amount=minor(m.payout_amount_host, "payoutAmountHost"),
            paid_at=m.payment_date,
        )
    )
    return Answer("paymentRecord", record.id)


async def create_attempt(work: Work, m: CreateReservationPayment) -> Answer:  # noqa: ARG001 - whatever was sent
    """Only paying makes one. Raises SERVER_OWNED."""
    raise Refused("SERVER_OWNED", "An attempt to pay comes of startreservationpayment alone.")


async def update_attempt(work: Work, m: UpdateReservationPayment) -> Answer:
    """`redirectUrl` may be changed; what the process writes may be sent as it is. Raises SERVER_OWNED."""
    attempt = await _attempt(work, m)
    attempt.expect(m.record_version)
    server = {
        "payment_id": attempt.intent,
        "payment_status": PROVIDER_WORD[attempt.status],
        "status_literal": LITERAL[attempt.status],
    }
    if any(value != server[name] for name, value in m.sent(*server).items()):
        raise Refused("SERVER_OWNED", "Only the payment process writes how a payment stands.")
    if "redirect_url" in m.model_fields_set:
        attempt.redirect(m.redirect_url)
    return Answer("sys_reservationPayment", attempt.id)


async def delete_attempt(work: Work, m: DeleteReservationPayment) -> Answer:
    """It stays in the books. Raises SERVER_OWNED."""
    await _attempt(work, m)
    raise Refused("SERVER_OWNED", "An attempt to pay is never deleted.")


async def _attempt(work: Work, m: UpdateReservationPayment | DeleteReservationPayment) -> PaymentAttempt:
    attempt = await work.load(PaymentAttempt, m.attempt_id)
    if attempt.version == 0:
        raise NotThere("sys_reservationPayment")
    return attempt


ATTEMPTS = "/v1/reservationpayment"
ATTEMPT = "/v1/reservationpayment/{sys_reservationPaymentId}"
COMMANDS: tuple[Command, ...] = (
    Command(
        "createPaymentRecord",
        "Files a note (`kind` manual) in the books of a stay. It moves no money and counts in no sum.",
        CreatePaymentRecord,
        create_payment_record,
        Route("POST", "/v1/paymentrecords", SERVICE, status=201, action="create", data_name="paymentRecord"),
        who=Admin(),
    ),
    Command(
        "createReservationPayment",
        "Refused: an attempt to pay comes of startreservationpayment alone.",
        CreateReservationPayment,
        create_attempt,
        Route("POST", ATTEMPTS, SERVICE, status=201, action="create", data_name="sys_reservationPayment"),
        who=Admin(),
        refuses=("SERVER_OWNED",),
    ),
    Command(
        "updateReservationPayment",
        "Changes `redirectUrl` alone; how a payment stands is the payment process's to write.",
        UpdateReservationPayment,
        update_attempt,
        Route("PATCH", ATTEMPT, SERVICE, data_name="sys_reservationPayment"),
        who=Admin(),
        refuses=("STALE_VERSION", "SERVER_OWNED"),
    ),
    Command(
        "deleteReservationPayment",
        "Refused: an attempt to pay is never deleted.",
        DeleteReservationPayment,
        delete_attempt,
        Route("DELETE", ATTEMPT, SERVICE, action="delete", data_name="sys_reservationPayment"),
        who=Admin(),
        refuses=("SERVER_OWNED",),
    ),
)
