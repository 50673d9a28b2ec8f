"""Listings of every kind of price, and words of one in several languages, as either search engine is given them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

from hypothesis import strategies as st

from domain.listing import BookingPolicies, Listing, Location, Offer
from domain.pricing import Rates, Season
from domain.resources.catalog import LISTING, LISTING_LOCALE_TEXT
from domain.stay import Nights
from read_api.search.declared import Index, Join

FIRST = date(2031, 3, 28)
TEXTS = Join("texts", LISTING_LOCALE_TEXT, by="id", on="listingId", many=True)
INDEX = Index("listing", LISTING, joins=(TEXTS,), texts=("title", "texts.localizedTitle"))
PLAIN = Offer(
    title="Loft",
    address="1 Road",
    description="Quiet.",
    property_type="loft",
    location=Location(48_000_000_000, 2_000_000_000, "Europe/Paris", city="Paris"),
    currency="EUR",
    price_per_night=10_000,
    approval_type="instant",
)

amounts = st.integers(min_value=1, max_value=10**6) | st.sampled_from([10**12, 5, 25, 50])
rates_ = st.integers(min_value=0, max_value=9_999)
days = st.integers(min_value=0, max_value=60)


@st.composite
def seasons(draw: st.DrawFn) -> tuple[Season, ...]:
    """Seasons in order that do not overlap, some of them next to each other."""
    ends = sorted(draw(st.sets(days, max_size=8)))
    pairs = [pair for pair in itertools.pairwise(ends) if draw(st.booleans())]
    made = []
    for start, end in pairs:
        nights = Nights(FIRST + timedelta(start - 10), FIRST + timedelta(end - 10))
        own = draw(st.none() | amounts), draw(st.none() | st.integers(min_value=1, max_value=9))
        made.append(Season(nights, *own))
    return tuple(made)


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    """Listings of every kind of price, in currencies of no, two, three and four digits."""
    policies = BookingPolicies(
        cleaning_fee=draw(st.none() | st.integers(min_value=0, max_value=10**5)),
        weekly_discount_rate=draw(st.none() | rates_),
        monthly_discount_rate=draw(st.none() | rates_),
    )
    return replace(
        PLAIN,
        currency=draw(st.sampled_from(["EUR", "JPY", "KWD", "CLF", "USD"])),
        price_per_night=draw(amounts),
        seasons=draw(st.none() | seasons()),
        policies=draw(st.none() | st.just(policies)),
        min_stay=draw(st.none() | st.integers(min_value=1, max_value=9)),
        max_stay=draw(st.none() | st.integers(min_value=9, max_value=50)),
        city_tax_rate=draw(st.none() | rates_),
    )


calendars = st.dictionaries(days.map(lambda day: FIRST + timedelta(day - 3)), st.tuples(
    st.none() | amounts, st.none() | st.integers(min_value=1, max_value=9), st.booleans(), st.booleans()
), max_size=8)  # fmt: skip
lengths = st.integers(min_value=1, max_value=40)

WORDED = (
    ("de", "Wohnung unter dem Dach", "", True),
    ("fr", "Sous les toits", "Une fenêtre à l'ouest", True),
    ("en", "Deleted", "", False),
)
"""Texts of a listing: language, title, description, whether it is there still."""
FOUND_BY = (
    ("loft", True),
    ("lotf pariss", True),
    ("lofts in the centre", False),
    ("dach wohnungen", True),
    ("wohnung loft paris quiet", True),
    ("deleted", False),
    ("toits fenetres", True),
    ("x", False),
)
"""Whether a listing like `PLAIN` with these texts is found by these words."""


def rates_of(offer: Offer) -> Rates:
    """What a listing of that offer asks."""
    listing = Listing.at(uuid4())
    listing.offered = offer
    return listing.rates
