"""What guests and hosts do with stays: ask for them, accept, decline, call off."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from commands.booking_steps import STEPS, cancel
from commands.calendar_nights import claim_pieces
from commands.offers import Asked, GuestCount, Offered, offered, streams
from commands.ports import Answer, Wanted
from commands.quotes import shown
from commands.registry import Command, Route
from commands.wire import UNSET, Day, Id, LongText, Message, NonEmpty, Number, RecordVersion, Text
from commands.work import Work
from domain.agreement import Agreement, Links
from domain.booking_rules import check_price
from domain.calendar_night import Place
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from domain.listing import BookingPolicies
from domain.money import exponent, from_major
from domain.pricing import Price
from domain.quotes import Quote, honoured
from domain.reservation import Reservation
from domain.resources.bookings import RESERVATION, SERVICE
from domain.stay import Nights

DECIDED_BY_SERVER = frozenset(
    {
        "guestId",
        "approvalType",
        "bookingStatus",
        "disputeStatus",
        "paymentConfirmation",
        "bookingPoliciesSnapshot",
        "cancellationPolicySnapshot",
    }
)
USUAL = 62
"""Nights up to which a stay's calendar is read ahead."""
ABOUT_THE_PRICE = ("PRICE_DIFFERS", "QUOTE_MISMATCH", "QUOTE_EXPIRED")
ExportUrl = Annotated[Text | None, Field(alias="iCalExportUrl")]
ImportSource = Annotated[Text | None, Field(alias="iCalImportSource")]


class CreateReservation(Message):
    """Ask for a stay. Price and currency may be sent to be sure of them."""

    IGNORED: ClassVar[frozenset[str]] = DECIDED_BY_SERVER

    listing_id: Id
    check_in: Day
    check_out: Day
    guest_count: GuestCount
    currency: NonEmpty | None = None
    total_price: Annotated[Number, Field(gt=0)] | None = None
    host_id: Id | None = None
    quote_id: LongText | None = None
    ical_export_url: ExportUrl = None
    ical_import_source: ImportSource = None


class UpdateReservation(Message):
    """Ask for the next step of a stay, or name calendars kept elsewhere."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"disputeStatus"})

    reservation_id: Id
    booking_status: Literal["pending", "confirmed", "complete", "cancelled", "declined"] = UNSET
    ical_export_url: ExportUrl = UNSET
    ical_import_source: ImportSource = UNSET
    record_version: RecordVersion | None = None


class DeleteReservation(Message):
    """Call a stay off."""

    reservation_id: Id
    record_version: RecordVersion | None = None


async def create_reservation(work: Work, m: CreateReservation) -> Answer:
    """Hold the nights for the guest, at the listing's price or at the one that a quote fixed."""
    guest = _caller(work)
    if m.currency is not None:
        exponent(m.currency)
    quote = None if m.quote_id is None else work.services.quotes.read(m.quote_id)
    asked = Asked(m.listing_id, m.check_in, m.check_out, m.guest_count, guest)
    found = await offered(work, asked, fresh=False)
    if m.host_id not in {None, found.host}:
        raise Refused("SERVER_OWNED", "The host of a stay is the listing's.", hostId=found.host)
    reservation = work.begin(Reservation)
    price = _held(work, m, found, quote, reservation.id)
    offer = found.listing.offer
    agreement = Agreement(
        listing=m.listing_id,
        guest=guest,
        host=found.host,
        stay=found.stay,
        guest_count=m.guest_count,
        approval=offer.approval_type,
        price=price,
        cancellation=found.cancellation,
        booking_policies=offer.policies or BookingPolicies(),
    )
    links = Links(m.ical_export_url, m.ical_import_source)
    reservation.request(agreement, links, at=work.at, terms=work.services.terms)
    return Answer(RESERVATION.name, reservation.id)


def _ahead(m: CreateReservation) -> list[Wanted]:
    """The listing and, of a usual stay, its calendar."""
    start, end = m.check_in, m.check_out
    usual = not isinstance(start, datetime) and not isinstance(end, datetime) and 0 < (end - start).days <= USUAL
    return streams(m.listing_id, Nights(start, end) if usual else None, fresh=True)


async def update_reservation(work: Work, m: UpdateReservation) -> Answer:
    """A step, or new links; a step is one event, so they cannot both come at once."""
    reservation = await _seen(work, m.reservation_id)
    work.expect(reservation, m.record_version)
    links = replace(reservation.links, **m.sent("ical_export_url", "ical_import_source"))
    wanted = m.booking_status if m.sent("booking_status") else reservation.status
    if wanted == reservation.status:
        reservation.link(links)
        return Answer(RESERVATION.name, reservation.id)
    if links != reservation.links:
        raise Invalid({"bookingStatus": "cannot change together with iCalExportUrl or iCalImportSource"})
    return await STEPS[wanted](work, reservation)


async def delete_reservation(work: Work, m: DeleteReservation) -> Answer:
    """It is called off, and stays readable."""
    reservation = await _seen(work, m.reservation_id)
    work.expect(reservation, m.record_version)
    return await cancel(work, reservation, deleted=True)


def _held(work: Work, m: CreateReservation, found: Offered, quote: Quote | None, claim: UUID) -> Price:
    """Claim the nights; answers what they cost.

    Raises PRICE_DIFFERS, NIGHTS_TAKEN, QUOTE_MISMATCH, QUOTE_EXPIRED, with the right quote where the price is wrong.
    """
    nights, terms = found.stay.nights, work.services.terms
    place = Place(m.listing_id, found.host, found.stay.zone)
    fixed = _fixed(quote, m, nights, work.at)
    price, total = fixed if isinstance(fixed, Price) else found.price, m.total_price
    if total is not None:
        from_major(total, m.currency or price.currency, "totalPrice")
    try:
        check_price(price, m.currency, total)
        claim_pieces(found.calendar.pieces, place, claim)
        if isinstance(fixed, Refused):
            raise fixed
    except Refused as refusal:
        if refusal.rule in ABOUT_THE_PRICE:
            offer = Quote(m.listing_id, nights, m.guest_count, price, work.at + terms.quote_validity)
            right = quote if quote is not None and isinstance(fixed, Price) else offer
            refusal.detail["quote"] = shown(work, right)
        raise
    return price


def _fixed(quote: Quote | None, m: CreateReservation, nights: Nights, at: datetime) -> Price | Refused | None:
    """The price that the quote fixes, or why it fixes none: said last, as what is wrong with the stay comes first."""
    if quote is None:
        return None
    try:
        return honoured(quote, m.listing_id, nights, m.guest_count, at)
    except Refused as refusal:
        return refusal


async def _seen(work: Work, id: UUID) -> Reservation:
    """The reservation, if the caller may change it. Raises NotThere, NotAllowed."""
    reservation = await work.load(Reservation, id)
    if not reservation.exists:
        raise NotThere(RESERVATION.name)
    work.admit(RESERVATION, {"guestId": str(reservation.guest), "hostId": str(reservation.host)})
    return reservation


def _caller(work: Work) -> UUID:
    if work.actor.id is None:
        raise NotAllowed("Only a user can ask for a stay.")
    return work.actor.id


COMMANDS: tuple[Command, ...] = (
    Command(
        "createReservation",
        "Asks for a stay and holds its nights for 15 minutes. Price, host, policies and dates' zone are the listing's; "
        "`totalPrice` and `currency` may be sent to be sure of them, `quoteId` to have the price that was quoted.",
        CreateReservation,
        create_reservation,
        Route("POST", "/v1/reservations", SERVICE, status=201, action="create", data_name="reservation"),
        ahead=_ahead,
        refuses=(
            "LISTING_NOT_PUBLISHED",
            "OWN_LISTING",
            "CHECK_IN_PAST",
            "NOTICE_TOO_SHORT",
            "TOO_FAR_AHEAD",
            "STAY_TOO_SHORT",
            "STAY_TOO_LONG",
            "TOO_MANY_GUESTS",
            *ABOUT_THE_PRICE[:1],
            "NIGHTS_TAKEN",
            *ABOUT_THE_PRICE[1:],
            "SERVER_OWNED",
        ),
    ),
    Command(
        "updateReservation",
        "Asks for the next step: `bookingStatus` confirmed or declined (the host, while a request is pending) or "
        "cancelled (guest, host or admin, before check-out). Or names calendars kept elsewhere. Nobody sets complete.",
        UpdateReservation,
        update_reservation,
        Route("PATCH", "/v1/reservations/{reservationId}", SERVICE, data_name="reservation"),
        refuses=("STALE_VERSION", "WRONG_STATE", "HOLD_EXPIRED", "PAYMENT_NOT_AUTHORISED"),
    ),
    Command(
        "deleteReservation",
        "Calls a stay off (guest, host or admin), as `bookingStatus` cancelled does. It stays readable.",
        DeleteReservation,
        delete_reservation,
        Route("DELETE", "/v1/reservations/{reservationId}", SERVICE, action="delete", data_name="reservation"),
        refuses=("STALE_VERSION", "WRONG_STATE"),
    ),
)
