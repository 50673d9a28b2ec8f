"""What can be searched: an index for each resource that is listed, and the views that dashboards are made of.

Who sees which rows and fields is what the resources declare, for REST and for search alike.
"""

from __future__ import annotations

from domain.catalogue import RESOURCES
from domain.resource import Kind, Resource
from domain.resources.bookings import RESERVATION
from domain.resources.catalog import LISTING, LISTING_CALENDAR
from domain.resources.dashboards import SAVED_FILTER
from domain.resources.identity import BRIEF_USER
from domain.resources.messaging import MESSAGE, MESSAGE_THREAD
from domain.resources.payments import DISPUTE, PAYMENT_RECORD
from domain.resources.reviews import REVIEW
from read_api.search.declared import Index, Join
from read_api.search.listing_index import LISTINGS, RATING, TEXTS

SAVED_FILTERS = Index("savedFilter", SAVED_FILTER)
"""For the product itself: what users keep."""


def plain(resource: Resource) -> Index:
    """The index of a resource as it is: `q` looks in all its texts."""
    texts = tuple(f.name for f in resource.fields if f.shown and f.kind in {Kind.STRING, Kind.TEXT})
    return Index(resource.name, resource, texts=texts, lists=resource.lists, doc=resource.doc)


def _listing(by: str = "listingId") -> Join:
    return Join("listing", LISTING, by=by)


def _person(name: str, by: str) -> Join:
    return Join(name, BRIEF_USER, by=by)


GUEST, HOST = _person("guest", "guestId"), _person("host", "hostId")
PAYMENTS = Join("payments", PAYMENT_RECORD, by="id", on="reservationId", many=True)
STAY = Join("reservation", RESERVATION, by="reservationId")

VIEWS: tuple[Index, ...] = (
    Index(
        "ReservationDetailView",
        RESERVATION,
        joins=(
            _listing(),
            GUEST,
            HOST,
            PAYMENTS,
            Join("disputes", DISPUTE, by="id", on="reservationId", many=True),
            Join("reviews", REVIEW, by="id", on="reservationId", many=True),
        ),
        texts=("listing.title", "guest.fullname", "host.fullname"),
        doc="A stay with its listing, its parties, and what there is of payments, disputes and reviews about it.",
    ),
    Index(
        "ListingDetailView",
        LISTING,
        joins=(
            HOST,
            RATING,
            TEXTS,
            Join("calendar", LISTING_CALENDAR, by="id", on="listingId", many=True),
            Join("reviews", REVIEW, by="id", on="revieweeId", many=True, where=(("revieweeType", "listing"),)),
        ),
        texts=LISTINGS.texts,
        points=LISTINGS.points,
        doc="A listing with its host, its rating and reviews, its calendar and its texts in other languages.",
    ),
    Index(
        "BookingListView",
        RESERVATION,
        joins=(_listing(), GUEST, HOST),
        texts=("listing.title", "guest.fullname", "host.fullname"),
        doc="Stays with their listings and parties, as a list shows them.",
    ),
    Index(
        "chatContext",
        MESSAGE_THREAD,
        joins=(GUEST, HOST, _listing(), STAY),
        texts=("listing.title", "guest.fullname", "host.fullname"),
        doc="What a conversation is about: its parties, its listing, its stay.",
    ),
    Index(
        "MessageThreadView",
        MESSAGE_THREAD,
        joins=(GUEST, HOST, _listing(), STAY, Join("messages", MESSAGE, by="id", on="threadId", many=True)),
        texts=("listing.title", "guest.fullname", "host.fullname"),
        doc="A conversation with its newest messages.",
    ),
    Index(
        "ReviewDisplayView",
        REVIEW,
        joins=(_person("reviewer", "reviewerId"), _listing("revieweeId"), STAY),
        texts=("reviewText", "listing.title"),
        doc="A review with who wrote it and what it is about.",
    ),
    Index(
        "PaymentRecordView",
        PAYMENT_RECORD,
        joins=(STAY, _listing("reservation.listingId")),
        texts=("listing.title",),
        lists=PAYMENT_RECORD.lists,
        doc="A payment record with its stay and listing.",
    ),
    Index(
        "disputeDetailView",
        DISPUTE,
        joins=(
            STAY,
            _listing("reservation.listingId"),
            _person("opener", "raisedBy"),
            Join("payments", PAYMENT_RECORD, by="reservationId", on="reservationId", many=True),
        ),
        texts=("description", "listing.title"),
        lists=DISPUTE.lists,
        doc="A dispute with its stay, its opener and what was paid.",
    ),
)
LISTED = {"BookingListView", "MessageThreadView", "ReviewDisplayView", "PaymentRecordView", "disputeDetailView"}
"""The views that are asked for by their name alone; the others stand as indexes do."""

INDEXES: tuple[Index, ...] = (
    *(
        LISTINGS if resource is LISTING else plain(resource)
        for resource in RESOURCES
        if resource.has_list and resource.source is None
    ),
    *VIEWS,
)
"""All that callers can search."""
