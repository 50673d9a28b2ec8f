"""A stay to speak about, and what may be done with it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from domain.agreement import Agreement, Links
from domain.listing import BookingPolicies
from domain.policies import named
from domain.refunds import NOT_PAID, Refund
from domain.reservation import CancelledBy, Reservation
from domain.stay import Nights, Stay
from domain.terms import Terms
from tests.domain.cancellations import EXAMPLE

GUEST = UUID(int=1)
HOST = UUID(int=2)
LISTING = UUID(int=3)
TERMS = Terms()
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ASKED = datetime(2026, 5, 1, 12, tzinfo=UTC)
STAY = Stay(Nights(date(2026, 6, 1), date(2026, 6, 9)), "Europe/Paris", time(15), time(11))
CHECK_OUT = datetime(2026, 6, 9, 9, tzinfo=UTC)
AGREEMENT = Agreement(
    LISTING, GUEST, HOST, STAY, 2, "instant", EXAMPLE, named("flexible"), BookingPolicies(max_guests=4)
)
MANUAL = replace(AGREEMENT, approval="manual")


def requested(r: Reservation, agreement: Agreement = AGREEMENT, at: datetime = ASKED) -> None:
    r.request(agreement, Links(), at=at, terms=TERMS)


def requested_by_hand(r: Reservation) -> None:
    requested(r, MANUAL)


def authorised(r: Reservation) -> None:
    r.authorised()


def confirmed(r: Reservation, at: datetime = ASKED + MINUTE) -> None:
    r.confirm(at=at)


def declined(r: Reservation) -> None:
    r.decline(at=ASKED, payment_confirmation="canceled")


def cancelled(r: Reservation, by: CancelledBy = "guest", at: datetime = ASKED + HOUR, **more: Any) -> None:
    refund: Refund | None = None if by == "expired" else r.refund_for(by, at)
    paid = refund is not None and refund.trace.rule != NOT_PAID
    r.cancel(by=by, at=at, refund=refund, payment_confirmation="paid" if paid else "canceled", **more)


def expired(r: Reservation) -> None:
    cancelled(r, "expired", r.hold_expires_at)


def revived(r: Reservation) -> None:
    r.revive(at=ASKED + HOUR)


def completed(r: Reservation, at: datetime = CHECK_OUT) -> None:
    r.complete(at=at)
