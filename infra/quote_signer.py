"""Quotes as signed texts: JSON Web Tokens of the product's own, so that nothing of a quote has to be stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import jwt
import msgspec

from domain.errors import Invalid
from domain.pricing import NIGHT, Price, PriceLine
from domain.quotes import Quote
from domain.stay import Nights

ALGORITHM = "HS256"
KIND = "innkeep quote"
"""Told apart from any other token that the same secret might sign."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What the token says. Nights follow each other from the first, so only their prices stand there."""

    kind: str
    listing: UUID
    check_in: date
    check_out: date
    guests: int
    currency: str
    nights: tuple[int, ...]
    others: tuple[tuple[str, int], ...]
    host_fee_rate: int
    expires_at: datetime


class SignedQuotes:
    """The port `commands.quotes.QuoteSigner`."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, quote: Quote) -> str:
        """The quote as text."""
        price = quote.price
        told = _Told(
            KIND,
            quote.listing_id,
            quote.nights.start,
            quote.nights.end,
            quote.guest_count,
            price.currency,
            price.night_prices,
            tuple((line.kind, line.amount) for line in price.lines if line.kind != NIGHT),
            price.host_fee_rate,
            quote.expires_at,
        )
        return jwt.encode(msgspec.to_builtins(told), self._secret, ALGORITHM)

    def read(self, text: str) -> Quote:
        """The quote that was signed, however old it is. Raises Invalid for any other text."""
        try:
            told = msgspec.convert(jwt.decode(text, self._secret, [ALGORITHM]), _Told)
        except (jwt.InvalidTokenError, msgspec.ValidationError):
            raise Invalid({"quoteId": "is not a quote of this marketplace"}) from None
        if told.kind != KIND:
            raise Invalid({"quoteId": "is not a quote of this marketplace"})
        nights = Nights(told.check_in, told.check_out)
        per_night = (PriceLine(NIGHT, amount, night) for night, amount in zip(nights, told.nights, strict=True))
        others = (PriceLine(kind, amount) for kind, amount in told.others)
        price = Price(told.currency, (*per_night, *others), told.host_fee_rate)
        return Quote(told.listing, nights, told.guests, price, told.expires_at)
