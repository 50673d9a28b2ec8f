"""Quotes: what a stay costs, itemised and promised for a while. A question: nothing is recorded."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any, Protocol

from pydantic import BeforeValidator

from commands.offers import Asked, GuestCount, offered
from commands.ports import Answer
from commands.wire import Day, Id, Message
from commands.work import Work
from domain.calendar_month import check_untaken
from domain.money import Money, to_major
from domain.pricing import itemised
from domain.quotes import Quote
from domain.resources.bookings import QUOTE


class QuoteSigner(Protocol):
    """Makes a quote a text that its holder can bring back, and nobody can make up."""

    def sign(self, quote: Quote) -> str:
        """The quote as text."""
        ...

    def read(self, text: str) -> Quote:
        """The quote that was signed, however old it is. Raises Invalid for any other text."""
        ...


def _count(value: Any) -> Any:
    """A number as a query string has it."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        return int(value)
    return value


class GetQuote(Message):
    """What would this stay cost?"""

    listing_id: Id
    check_in: Day
    check_out: Day
    guest_count: Annotated[GuestCount, BeforeValidator(_count)]


async def quote(work: Work, m: GetQuote) -> Answer:
    """The price as a reservation would have it, refused where that would be; a host may ask for their own listing."""
    found = await offered(work, Asked(m.listing_id, m.check_in, m.check_out, m.guest_count, guest=None), fresh=True)
    check_untaken(found.calendar.taken)
    expires_at = work.at + work.services.terms.quote_validity
    return Answer(
        extra={QUOTE.name: shown(work, Quote(m.listing_id, found.stay.nights, m.guest_count, found.price, expires_at))}
    )


def shown(work: Work, of: Quote) -> dict[str, Any]:
    """The quote as its holder sees it, signed."""
    return {
        "quoteId": work.services.quotes.sign(of),
        "listingId": str(of.listing_id),
        "checkIn": of.nights.start.isoformat(),
        "checkOut": of.nights.end.isoformat(),
        "guestCount": of.guest_count,
        "currency": of.price.currency,
        "totalPrice": to_major(Money(of.price.total, of.price.currency)),
        "priceLines": itemised(of.price),
        "expiresAt": of.expires_at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z",
    }
