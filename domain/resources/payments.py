"""Payments and disputes as their parties see them."""

from __future__ import annotations

from typing import get_args

from domain.access import Admin, Own, Staff
from domain.dispute import Resolution
from domain.payment_record import RecordKind, RecordStatus
from domain.resource import Field, Kind, Resource

SERVICE = "bookingManagement"
OWNER_OR_ADMIN = Own("ownerId") | Admin()
PARTIES = Own("guestId") | Own("hostId")

PAYMENT_RECORD = Resource(
    name="paymentRecord",
    plural="paymentRecords",
    service=SERVICE,
    path="/v1/paymentrecords",
    doc="One entry in the books of a stay, never changed: a charge, a failed payment, a refund, a payout, a note.",
    owner="ownerId",
    sees=OWNER_OR_ADMIN,
    fields=(
        Field("reservationId", Kind.ID, "The stay that it is about.", required=True, filter=True, lookup=True),
        Field("stripeChargeId", Kind.STRING, "The provider's id of the charge."),
        Field("payoutAmountHost", Kind.MONEY, "What the host was paid; below 0: what was taken back."),
        Field("paymentIntentId", Kind.STRING, "The provider's id of the payment."),
        Field("currency", Kind.STRING, "ISO 4217 code of the amounts."),
        Field("cityTax", Kind.MONEY, "Of a charge: the part that is held for the authority."),
        Field("refundAmount", Kind.MONEY, "What the guest has back; below 0: what came back."),
        Field("amountPaid", Kind.MONEY, "What the guest paid."),
        Field("paymentStatus", Kind.ENUM, "What became of it.", enum=get_args(RecordStatus)),
        Field("platformFee", Kind.MONEY, "Of a charge: the guest's service fee and the host's fee together."),
        Field("paymentDate", Kind.INSTANT, "When it happened."),
        Field(
            "kind",
            Kind.ENUM,
            "What it is. A manual one is a note by an admin: it moves no money and counts in no sum.",
            enum=get_args(RecordKind),
        ),
        Field("ownerId", Kind.ID, "The guest, of a payout the host.", shown=False),
    ),
)

RESERVATION_PAYMENT = Resource(
    name="sys_reservationPayment",
    plural="sys_reservationPayments",
    service=SERVICE,
    path="/v1/reservationpayments",
    get_path="/v1/reservationpayment/{sys_reservationPaymentId}",
    id_param="sys_reservationPaymentId",
    finds=(
        ("/v1/reservationpaymentbyorderid/{orderId}", "orderId"),
        ("/v1/reservationpaymentbypaymentid/{paymentId}", "paymentId"),
    ),
    doc="One attempt to pay for a reservation.",
    owner="ownerId",
    sees=OWNER_OR_ADMIN,
    changes=Admin(),
    fields=(
        Field("ownerId", Kind.ID, "Who pays.", filter=True),
        Field("orderId", Kind.ID, "The reservation.", filter=True, lookup=True),
        Field("paymentId", Kind.STRING, "The provider's id of the payment.", filter=True, lookup=True),
        Field("paymentStatus", Kind.STRING, "How it stands, in the provider's word.", filter=True),
        Field(
            "statusLiteral",
            Kind.STRING,
            "How it stands: pending, processing, authorised, paid, failed or canceled.",
            filter=True,
        ),
        Field("redirectUrl", Kind.STRING, "Where the guest's browser goes afterwards.", filter=True),
    ),
)

DISPUTE = Resource(
    name="dispute",
    plural="disputes",
    service=SERVICE,
    path="/v1/disputes",
    doc="What the guest or the host of a stay holds against it, and how an admin settles that.",
    owner="raisedBy",
    sees=PARTIES | Staff(),
    changes=Own("raisedBy") | Admin(),
    fields=(
        Field("reportedAt", Kind.INSTANT, "When it was opened."),
        Field("reservationId", Kind.ID, "The stay that it is about.", required=True, filter=True, lookup=True),
        Field("raisedBy", Kind.ID, "The guest or the host."),
        Field("adminId", Kind.ID, "The admin at work on it."),
        Field("issueType", Kind.STRING, "What kind of issue it is.", required=True),
        Field("description", Kind.TEXT, "What happened.", required=True, personal=True),
        Field("relatedPaymentId", Kind.ID, "The payment record, or the attempt to pay, that it is about."),
        Field("resolutionStatus", Kind.ENUM, "How far it has come.", filter=True, enum=get_args(Resolution)),
        Field("resolvedAt", Kind.INSTANT, "When it was closed."),
        Field("refundApproved", Kind.BOOLEAN, "Whether the guest was given money back; false while it is open."),
        Field("refundAmount", Kind.MONEY, "How much the guest was given back."),
        Field("guestId", Kind.ID, "The guest of the stay.", shown=False),
        Field("hostId", Kind.ID, "The host of the stay.", shown=False),
        Field("currency", Kind.STRING, "Of the amount.", shown=False),
    ),
)
