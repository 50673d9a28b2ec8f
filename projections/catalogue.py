"""Every projection, in one place."""

from __future__ import annotations

from collections.abc import Iterable

from domain.kernel import Recorded
from domain.payment import Payment
from domain.payment_attempt import PaymentAttempt
from domain.reservation import Reservation
from domain.resources.dashboards import SAVED_FILTER
from domain.review_window import ReviewWindow
from projections import payments, reservations, reviews
from projections.calendars import CALENDARS
from projections.deadlines import Clear, DeadlineProjection, Set
from projections.disputes import DISPUTES
from projections.feed import FeedProjection
from projections.identity import API_KEYS, USERS
from projections.listings import LISTINGS
from projections.messaging import MESSAGE_REPORTS, MESSAGE_THREADS, MESSAGES
from projections.operators import OPERATOR_FEED, OPERATORS
from projections.payments import PAYMENT_RECORDS, RESERVATION_PAYMENTS
from projections.projection import Projection
from projections.records import RECORDS, record_projection
from projections.reservations import RESERVATIONS
from projections.reviews import REVIEW_AGGREGATES, REVIEWS

TIMED = {
    Reservation.TOPIC: reservations.deadlines,
    Payment.TOPIC: payments.deadlines,
    PaymentAttempt.TOPIC: payments.deadlines,
    ReviewWindow.TOPIC: reviews.deadlines,
}
"""What sets and clears deadlines, by the aggregate whose facts do."""


def _deadlines(event: Recorded) -> Iterable[Set | Clear]:
    timed = TIMED.get(event.name.partition(".")[0])
    return timed(event) if timed else ()


DEADLINES = DeadlineProjection(_deadlines, aggregates=frozenset(TIMED))

PROJECTIONS: tuple[Projection | FeedProjection | DeadlineProjection, ...] = (
    USERS,
    API_KEYS,
    LISTINGS,
    CALENDARS,
    *RECORDS,
    RESERVATIONS,
    PAYMENT_RECORDS,
    RESERVATION_PAYMENTS,
    DISPUTES,
    REVIEWS,
    REVIEW_AGGREGATES,
    MESSAGE_THREADS,
    MESSAGES,
    MESSAGE_REPORTS,
    record_projection(SAVED_FILTER),
    OPERATORS,
    OPERATOR_FEED,
    DEADLINES,
)
