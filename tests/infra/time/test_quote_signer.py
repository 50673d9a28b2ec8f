"""Quotes as signed texts: they come back as they were, and none can be made up."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.pricing import CITY_TAX, CLEANING_FEE, DISCOUNT, NIGHT, SERVICE_FEE, Price, PriceLine
from domain.quotes import Quote
from domain.stay import Nights
from infra.quote_signer import SignedQuotes
from tests.domain.cancellations import EXAMPLE, STAY

SECRET = b"a secret of thirty-two bytes, no less"
SIGNER = SignedQuotes(SECRET)
QUOTE = Quote(UUID(int=7), STAY.nights, 2, EXAMPLE, datetime(2026, 5, 1, 12, 15, 0, 123456, tzinfo=UTC))

amounts = st.integers(1, 10**12)


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    """Any quote that can be made."""
    start = draw(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
    prices = draw(st.lists(amounts, min_size=1, max_size=40))
    days = [start + timedelta(days=n) for n in range(len(prices) + 1)]
    nights = [PriceLine(NIGHT, amount, day) for day, amount in zip(days, prices, strict=False)]
    kinds = draw(st.lists(st.sampled_from([DISCOUNT, CLEANING_FEE, SERVICE_FEE, CITY_TAX]), unique=True))
    others = [PriceLine(kind, draw(amounts) * (-1 if kind == DISCOUNT else 1)) for kind in kinds]
    price = Price(draw(st.sampled_from(["EUR", "JPY", "KWD"])), (*nights, *others), draw(st.integers(0, 10_000)))
    expires_at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=draw(st.integers(0, 10**16)))
    return Quote(draw(st.uuids()), Nights(start, days[-1]), draw(st.integers(1, 2**31 - 1)), price, expires_at)


@given(quotes())
def test_what_is_signed_comes_back_as_it_was(quote: Quote) -> None:
    assert SIGNER.read(SIGNER.sign(quote)) == quote


@given(st.text() | st.binary().map(repr))
def test_no_other_text_is_a_quote(text: str) -> None:
    with pytest.raises(Invalid):
        SIGNER.read(text)


def test_another_marketplaces_quote_is_none_of_ours() -> None:
    with pytest.raises(Invalid):
        SIGNER.read(SignedQuotes(b"another secret of thirty-two bytes").sign(QUOTE))


def test_an_unsigned_one_is_none() -> None:
    told = jwt.decode(SIGNER.sign(QUOTE), options={"verify_signature": False})
    with pytest.raises(Invalid):
        SIGNER.read(jwt.encode(told, "", "none"))


def test_another_token_by_the_same_secret_is_none() -> None:
    told = jwt.decode(SIGNER.sign(QUOTE), options={"verify_signature": False})
    for other in ({}, told | {"kind": "something else"}, {k: v for k, v in told.items() if k != "nights"}):
        with pytest.raises(Invalid):
            SIGNER.read(jwt.encode(other, SECRET, "HS256"))


def test_a_year_of_nights_fits_into_a_field() -> None:
    prices = tuple(PriceLine(NIGHT, 10**12, date.fromordinal(738_000 + n)) for n in range(365))
    nights = Nights(prices[0].night or date.min, date.fromordinal(738_365))
    assert len(SIGNER.sign(Quote(UUID(int=1), nights, 2, Price("EUR", prices, 300), QUOTE.expires_at))) < 50_000
