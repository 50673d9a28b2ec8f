"""All that the domain declares, in one place: what the event store, the projections and the surfaces are made from."""

from __future__ import annotations

from domain.api_key import ApiKey
from domain.calendar_month import CalendarMonth
from domain.claim import Claim
from domain.credential import Credential
from domain.dispute import Dispute
from domain.kernel import Aggregate
from domain.listing import Listing
from domain.message import Message
from domain.message_report import MessageReport
from domain.message_thread import MessageThread
from domain.note import Note
from domain.operator import Operator
from domain.payment import Payment
from domain.payment_attempt import PaymentAttempt
from domain.payment_record import PaymentRecord
from domain.record import Record
from domain.reservation import Reservation
from domain.resource import Resource
from domain.resources.bookings import QUOTE, RESERVATION
from domain.resources.catalog import LISTING, LISTING_AMENITY, LISTING_CALENDAR, LISTING_LOCALE_TEXT
from domain.resources.dashboards import SAVED_FILTER
from domain.resources.identity import API_KEY, BRIEF_USER, USER, USER_SEARCH
from domain.resources.messaging import GOT_MESSAGE, MESSAGE, MESSAGE_REPORT, MESSAGE_THREAD
from domain.resources.operators import OPERATOR
from domain.resources.payments import DISPUTE, PAYMENT_RECORD, RESERVATION_PAYMENT
from domain.resources.reviews import REVIEW, REVIEW_AGGREGATE
from domain.review import Review
from domain.review_window import ReviewWindow
from domain.session import Session
from domain.super_admins import SuperAdmins
from domain.user import User

AGGREGATES: tuple[type[Aggregate], ...] = (
    Claim,
    User,
    Credential,
    Session,
    SuperAdmins,
    ApiKey,
    Listing,
    CalendarMonth,
    Record,
    Reservation,
    Payment,
    PaymentAttempt,
    PaymentRecord,
    Dispute,
    ReviewWindow,
    Review,
    MessageThread,
    Message,
    MessageReport,
    Note,
    Operator,
)
"""Every aggregate; the names of its events are the log's vocabulary."""

RESOURCES: tuple[Resource, ...] = (
    USER,
    USER_SEARCH,
    BRIEF_USER,
    API_KEY,
    LISTING,
    LISTING_CALENDAR,
    QUOTE,
    RESERVATION,
    PAYMENT_RECORD,
    RESERVATION_PAYMENT,
    DISPUTE,
    LISTING_AMENITY,
    LISTING_LOCALE_TEXT,
    REVIEW,
    REVIEW_AGGREGATE,
    MESSAGE_THREAD,
    MESSAGE,
    GOT_MESSAGE,
    MESSAGE_REPORT,
    OPERATOR,
    SAVED_FILTER,
)
"""Every resource that callers see."""
