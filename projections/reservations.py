"""Reservations as their parties see them, and the deadlines that drive them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from domain.agreement import Agreement, Links
from domain.kernel import Recorded
from domain.listing import Cancellation
from domain.money import major
from domain.policies import Policy, steps_of
from domain.pricing import itemised
from domain.refunds import Refund
from domain.reservation import Reservation
from domain.resources.bookings import RESERVATION
from domain.review_window import ReviewWindow
from projections.deadlines import Clear, Set
from projections.listings import booking_policies, cancellation_policy
from projections.projection import Document, Projection, Target, born, changed, id_text, instant, on

EXPIRE = "expireHold"
COMPLETE = "completeStay"
"""The deadlines, and the commands that act on them."""


def _requested(_: Document | None, event: Recorded, __: Any) -> Document:
    fact: Any = event.fact
    return born(
        event,
        **_agreement(fact.agreement),
        **_links(fact.links),
        bookingStatus="pending",
        paymentConfirmation="pending",
        disputeStatus="none",
        holdExpiresAt=instant(fact.hold_expires_at),
        cancelledBy=None,
        refund=None,
        reviewsLeft={"guest": False, "host": False},
        reviewsCloseAt=None,
    )


def _authorised(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, paymentConfirmation="processing", holdExpiresAt=instant(fact.hold_expires_at))


def _capture_failed(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, paymentConfirmation="pending", holdExpiresAt=instant(fact.hold_expires_at))


def _confirmed(document: Document | None, event: Recorded, _: Any) -> Document:
    """Paid for; after it had expired, too."""
    return changed(
        document,
        event,
        bookingStatus="confirmed",
        paymentConfirmation="paid",
        cancelledBy=None,
        holdExpiresAt=None,
        refund=None,
    )


def _declined(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    paid = fact.payment_confirmation
    return changed(document, event, bookingStatus="declined", paymentConfirmation=paid, holdExpiresAt=None)


def _cancelled(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(
        document,
        event,
        bookingStatus="cancelled",
        paymentConfirmation=fact.payment_confirmation,
        cancelledBy=fact.by,
        refund=_refund(fact.refund, document["currency"]) if document is not None else None,
        holdExpiresAt=None,
        isActive=not fact.deleted,
    )


def _completed(document: Document | None, event: Recorded, _: Any) -> Document:
    return changed(document, event, bookingStatus="complete")


def _payment_noted(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, paymentConfirmation=fact.payment_confirmation)


def _paid_in_vain(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    refund = _refund(fact.refund, document["currency"]) if document is not None else None
    return changed(document, event, paymentConfirmation="paid", refund=refund)


def _dispute_noted(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, disputeStatus=fact.dispute_status)


def _linked(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, **_links(fact.links))


def _reviewable(document: Document | None, event: Recorded, _: Any) -> Document | None:
    fact: Any = event.fact
    return document and document | {"reviewsCloseAt": instant(fact.closes_at)}


def _side_completed(document: Document | None, event: Recorded, _: Any) -> Document | None:
    return _side(document, event, complete=True)


def _side_reopened(document: Document | None, event: Recorded, _: Any) -> Document | None:
    return _side(document, event, complete=False)


def _side(document: Document | None, event: Recorded, *, complete: bool) -> Document | None:
    """No version and no time tells anyone but the parties, who see the field, that there is a review."""
    fact: Any = event.fact
    return document and document | {"reviewsLeft": {**document["reviewsLeft"], fact.side: complete}}


def _agreement(of: Agreement) -> Document:
    return {
        "listingId": id_text(of.listing),
        "approvalType": of.approval,
        "hostId": id_text(of.host),
        "guestId": id_text(of.guest),
        "checkIn": of.stay.nights.start.isoformat(),
        "checkOut": of.stay.nights.end.isoformat(),
        "timeZone": of.stay.zone,
        "guestCount": of.guest_count,
        "currency": of.price.currency,
        "totalPrice": major(of.price.total, of.price.currency),
        "priceLines": itemised(of.price),
        "bookingPoliciesSnapshot": booking_policies(of.booking_policies, of.price.currency),
        "cancellationPolicySnapshot": dict(_policy(of.cancellation)),
    }


@lru_cache(maxsize=1_024)
def _policy(of: Policy) -> Document:
    return cancellation_policy(Cancellation(of.tier, steps_of(of)))


def _links(of: Links) -> Document:
    return {"iCalExportUrl": of.ical_export_url, "iCalImportSource": of.ical_import_source}


def _refund(of: Refund | None, currency: str) -> Document | None:
    if of is None or not of.amount:
        return None
    return {
        "amount": major(of.amount, currency),
        "lines": [{"kind": line.kind, "amount": major(line.amount, currency)} for line in of.lines],
        "trace": {
            "rule": of.trace.rule,
            "cutOffs": [{"rule": cut.rule, "until": instant(cut.until)} for cut in of.trace.cut_offs],
            "cancelledAt": instant(of.trace.cancelled_at),
        },
    }


def _targets(event: Recorded) -> Iterable[Target]:
    """A reservation's own events, and what its review window tells its parties."""
    fact: Any = event.fact
    return (Target(fact.originator_id if isinstance(fact, Reservation.Event) else fact.reservation),)


def _streams(document: Document) -> Sequence[UUID]:
    reservation = UUID(document["id"])
    return (reservation, ReviewWindow.id_of(reservation))


RESERVATIONS = Projection(
    RESERVATION.name,
    on(
        Reservation,
        Requested=_requested,
        Authorised=_authorised,
        CaptureFailed=_capture_failed,
        Confirmed=_confirmed,
        Revived=_confirmed,
        Declined=_declined,
        Cancelled=_cancelled,
        Completed=_completed,
        PaymentNoted=_payment_noted,
        PaidInVain=_paid_in_vain,
        DisputeNoted=_dispute_noted,
        Linked=_linked,
    )
    | on(ReviewWindow, Opened=_reviewable, SideCompleted=_side_completed, SideReopened=_side_reopened),
    targets=_targets,
    streams=_streams,
)


def deadlines(event: Recorded) -> Iterable[Set | Clear]:
    """The end of a hold while it is pending, and check-out while it is confirmed."""
    fact: Any = event.fact
    match event.name:
        case "reservation.requested.v1" | "reservation.authorised.v1" | "reservation.capture_failed.v1":
            yield Set(EXPIRE, event.stream, fact.hold_expires_at)
        case "reservation.confirmed.v1" | "reservation.revived.v1":
            yield Clear(EXPIRE, event.stream)
            yield Set(COMPLETE, event.stream, fact.completes_at)
        case "reservation.declined.v1" | "reservation.cancelled.v1" | "reservation.completed.v1":
            yield Clear(EXPIRE, event.stream)
            yield Clear(COMPLETE, event.stream)
