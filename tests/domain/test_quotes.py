"""A quote fixes the price, for what it was asked for and as long as it lasts."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from domain.errors import Refused
from domain.pricing import NIGHT, Price, PriceLine
from domain.quotes import Quote, honoured
from domain.stay import Nights

LISTING = UUID(int=7)
NIGHTS = Nights(date(2026, 6, 1), date(2026, 6, 2))
EXPIRES = datetime(2026, 5, 1, 12, 15, tzinfo=UTC)
QUOTE = Quote(LISTING, NIGHTS, 2, Price("EUR", (PriceLine(NIGHT, 100, NIGHTS.start),), 300), EXPIRES)
TICK = timedelta(microseconds=1)


def test_a_quote_is_honoured_until_it_expires() -> None:
    assert honoured(QUOTE, LISTING, NIGHTS, 2, EXPIRES - TICK) == QUOTE.price


def test_a_quote_is_expired_at_its_last_instant() -> None:
    with pytest.raises(Refused) as refusal:
        honoured(QUOTE, LISTING, NIGHTS, 2, EXPIRES)
    assert refusal.value.rule == "QUOTE_EXPIRED"


@pytest.mark.parametrize(
    ("listing", "nights", "guests", "differing"),
    [
        (UUID(int=8), NIGHTS, 2, ["listingId"]),
        (LISTING, Nights(NIGHTS.start, date(2026, 6, 3)), 2, ["checkOut"]),
        (LISTING, Nights(date(2026, 5, 31), NIGHTS.end), 1, ["checkIn", "guestCount"]),
    ],
)
def test_a_quote_for_something_else_is_a_mismatch_even_when_expired(
    listing: UUID, nights: Nights, guests: int, differing: list[str]
) -> None:
    with pytest.raises(Refused) as refusal:
        honoured(QUOTE, listing, nights, guests, EXPIRES)
    assert refusal.value.rule == "QUOTE_MISMATCH"
    assert list(refusal.value.detail["quoted"]) == differing
