"""Stays as their parties see them, and the prices promised for them."""

from __future__ import annotations

from typing import get_args

from domain.access import Admin, Own, Staff
from domain.listing import ApprovalType
from domain.reservation import CancelledBy, DisputeStatus, PaymentConfirmation
from domain.resource import Field, Kind, Resource

SERVICE = "bookingManagement"
PARTIES = Own("guestId") | Own("hostId")
BOOKING_STATUS = ("pending", "confirmed", "complete", "cancelled", "declined")

RESERVATION = Resource(
    name="reservation",
    plural="reservations",
    service=SERVICE,
    path="/v1/reservations",
    doc="A stay that a guest asked for: held, then confirmed by payment or by the host, then complete; or called off.",
    owner="guestId",
    sees=PARTIES | Staff(),
    changes=PARTIES | Admin(),
    keeps_deleted=True,
    fields=(
        Field("listingId", Kind.ID, "Where.", required=True, filter=True, lookup=True),
        Field(
            "approvalType",
            Kind.ENUM,
            "Whether payment confirms it (instant) or the host does (manual); the listing's when it was asked for.",
            filter=True,
            enum=get_args(ApprovalType),
        ),
        Field(
            "bookingStatus",
            Kind.ENUM,
            "How far it has come. Sent with an update it is a request: confirmed or declined by the host, cancelled by "
            "guest, host or admin; the clock completes it.",
            filter=True,
            enum=BOOKING_STATUS,
        ),
        Field("hostId", Kind.ID, "Whose listing it is.", filter=True, lookup=True),
        Field("checkOut", Kind.DAY, "The day of departure, at the listing.", required=True),
        Field("guestId", Kind.ID, "Who asked for it.", filter=True, lookup=True),
        Field("checkIn", Kind.DAY, "The first night, at the listing.", required=True, filter=True),
        Field("currency", Kind.STRING, "ISO 4217 code of all its amounts."),
        Field("guestCount", Kind.INTEGER, "How many stay.", required=True),
        Field("totalPrice", Kind.MONEY, "What the guest pays."),
        Field("iCalExportUrl", Kind.STRING, "Address of a calendar that shows the stay."),
        Field("disputeStatus", Kind.ENUM, "What there is of disputes about it.", enum=get_args(DisputeStatus)),
        Field("bookingPoliciesSnapshot", Kind.OBJECT, "The listing's booking policies when it was asked for."),
        Field("iCalImportSource", Kind.STRING, "The calendar that it was imported from."),
        Field("cancellationPolicySnapshot", Kind.OBJECT, "The listing's cancellation policy when it was asked for."),
        Field(
            "paymentConfirmation",
            Kind.ENUM,
            "pending before a payment and after a decline; processing while one is under way or authorised; paid once "
            "captured, after refunds too; canceled once voided or expired.",
            filter=True,
            enum=get_args(PaymentConfirmation),
        ),
        Field(
            "priceLines", Kind.LIST, "Each night, then discount, cleaning fee, service fee, city tax.", of=Kind.OBJECT
        ),
        Field("holdExpiresAt", Kind.INSTANT, "Until when a pending one holds its nights."),
        Field("cancelledBy", Kind.ENUM, "Who called it off.", enum=get_args(CancelledBy)),
        Field(
            "refund",
            Kind.OBJECT,
            "What its cancellation gave back: `amount`, `lines`, and `trace` with the rule, the cut-offs and the "
            "instant that counted; null if nothing.",
        ),
        Field("timeZone", Kind.STRING, "The IANA zone of its dates."),
        Field(
            "reviewsLeft",
            Kind.OBJECT,
            "`guest` and `host`: whether that side has left all its reviews.",
            sees=PARTIES,
            timeless=True,  # that a side has left its reviews is all that the other may learn: not when
        ),
        Field("reviewsCloseAt", Kind.INSTANT, "Until when it can be reviewed, once it is complete.", sees=PARTIES),
    ),
)

QUOTE = Resource(
    name="quote",
    plural="quotes",
    service=SERVICE,
    path="/v1/quotes",
    doc="An itemised price, honoured until it expires. It fixes the price, not the nights; nothing of it is stored.",
    has_get=False,
    has_list=False,
    fields=(
        Field("quoteId", Kind.TEXT, "Sent with a reservation, it fixes the price.", required=True),
        Field("listingId", Kind.ID, "Where.", required=True),
        Field("checkIn", Kind.DAY, "The first night, at the listing.", required=True),
        Field("checkOut", Kind.DAY, "The day of departure, at the listing.", required=True),
        Field("guestCount", Kind.INTEGER, "How many stay.", required=True),
        Field("currency", Kind.STRING, "ISO 4217 code of its amounts.", required=True),
        Field("totalPrice", Kind.MONEY, "What the stay costs.", required=True),
        Field(
            "priceLines",
            Kind.LIST,
            "Each night, then discount, cleaning fee, service fee, city tax.",
            required=True,
            of=Kind.OBJECT,
        ),
        Field("expiresAt", Kind.INSTANT, "Until when it is honoured.", required=True),
    ),
)
