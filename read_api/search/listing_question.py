"""From the parameters of a listing search to a question: what guests look for, in the one query language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import Protocol, get_args

from domain.errors import Invalid
from domain.listing import ApprovalType, PropertyType
from domain.money import from_major, known
from domain.pricing import PriceTerms
from domain.stay import Nights
from domain.zones import dates_at
from projections.words import folded, words
from read_api.search.algebra import (
    LONGEST_STAY,
    And,
    Box,
    ByDistance,
    ByField,
    ByRelevance,
    ByStayPrice,
    Condition,
    Facet,
    FreeNights,
    Lasting,
    Missing,
    OneOf,
    Or,
    Order,
    Question,
    Range,
    Stay,
    Told,
    Within,
)
from read_api.search.listing_index import LISTINGS
from read_api.search.parameters import Asking, day, decimal, id_text, numbers, whole

P = LISTINGS.places
GUESTS = "bookingPolicies.maxGuests"
NOTICE = "bookingPolicies.advanceNoticeDays"
WINDOW = "bookingPolicies.bookingWindowDays"

SORTS = ("relevance", "price", "-price", "rating", "distance", "newest")
PARAMETERS = (
    "q", "bbox", "near", "distance", "checkIn", "checkOut", "guests", "minPrice", "maxPrice", "currency",
    "propertyType", "amenityIds", "minRating", "approvalType", "languages", "sort", "language", "pageNumber",
    "pageRowCount", "cursor",
)  # fmt: skip
MOST_ROWS, USUAL_ROWS = 100, 25
MOST_WORDS, MOST_CHARACTERS, MOST_VALUES = 16, 300, 50
FARTHEST = 20_100_000
"""Metres: half around the earth, and a little."""
BANDS = (Decimal("4.5"), Decimal(4), Decimal(3))
"""Ratings that are counted: so many listings have at least this."""
FACETS = {
    "propertyType": Facet(P["propertyType"]),
    "amenityIds": Facet(P["amenityIds"]),
    "rating": Facet(P["rating.averageRating"], bounds=BANDS),
    "currency": Facet(P["currency"]),
    "city": Facet(P["location.city"]),
}


class StayTerms(PriceTerms, Protocol):
    """What the marketplace's terms say about stays where a listing says nothing."""

    @property
    def min_stay_nights(self) -> int:
        """The fewest nights of a stay."""

    @property
    def max_stay_nights(self) -> int:
        """The most nights of a stay."""

    @property
    def advance_notice_days(self) -> int:
        """The fewest days from today at the listing to check-in."""

    @property
    def booking_window_days(self) -> int:
        """The most days from today at the listing to check-in."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A listing search, checked."""

    question: Question
    page: int
    rows: int
    near: tuple[Decimal, Decimal] | None
    language: str | None
    cursor: str | None


def parse(parameters: Iterable[tuple[str, str]], now: datetime, terms: StayTerms) -> Asked:
    """The search that these parameters ask for. `now` is the product's time.

    Raises Invalid, naming each parameter that is unknown or does not fit, and what is allowed.
    """
    asking = Asking(parameters, PARAMETERS)
    near = asking.one("near", partial(numbers, bounds=(90, 180)), "latitude,longitude in degrees, such as 48.85,2.35")
    nights, told, price = _nights(asking), _words(asking), _price(asking)
    guests = asking.one("guests", partial(whole, least=1, most=10_000), "a whole number from 1")
    where = [
        *_place(asking, near),
        *([Told(told)] if told else []),
        *_kinds(asking),
        *([] if guests is None else [Or((Missing(P[GUESTS]), Range(P[GUESTS], low=Decimal(guests))))]),
        *([OneOf(P["currency"], (folded(price.currency),))] if price.currency else []),
        *([] if nights is None else [takes(nights.start, now, terms)]),
    ]
    if nights is None and (price.low is not None or price.high is not None):
        where.append(Range(P["pricePerNight"], low=price.low, high=price.high))
    if nights is not None:
        where.append(FreeNights(nights.start, nights.end, terms.min_stay_nights, terms.max_stay_nights))
    page = asking.one("pageNumber", partial(whole, least=1, most=10**9), "a whole number from 1")
    rows = asking.one("pageRowCount", partial(whole, least=1, most=MOST_ROWS), f"a whole number from 1 to {MOST_ROWS}")
    cursor = asking.one("cursor", lambda text: text or None, "the `next` of the page before")
    if cursor and page is not None:
        asking.wrong("pageNumber", "does not go with cursor")
    language = asking.one("language", _language, "the code of a language, such as fr or pt-BR")
    orders = _orders(asking, nights is not None, near, told=bool(told))
    asking.check()
    question = Question(
        LISTINGS,
        And(tuple(where)),
        orders,
        facets=tuple(FACETS.values()),
        stay=None if nights is None else Stay(nights.start, nights.end, terms),
        price=price.of_stay if nights is not None else None,
    )
    point = (near[0], near[1]) if near else None
    return Asked(question, page or 1, rows or USUAL_ROWS, point, language, cursor)


def takes(arrival: date, now: datetime, terms: StayTerms) -> Condition:
    """Does the listing take bookings for that arrival at this moment, by the date that it is there: not past, with the
    notice it asks for, and not too far ahead?
    """
    possible = []
    for today, zones in _dates(now.replace(second=0, microsecond=0)):
        ahead = (arrival - today).days
        if ahead < 0:
            continue
        notice: list[Condition] = [Range(P[NOTICE], high=Decimal(ahead))]
        window: list[Condition] = [Range(P[WINDOW], low=Decimal(ahead))]
        notice += [Missing(P[NOTICE])] if terms.advance_notice_days <= ahead else []
        window += [Missing(P[WINDOW])] if ahead <= terms.booking_window_days else []
        possible.append(And((OneOf(P["location.timeZone"], zones), Or(tuple(notice)), Or(tuple(window)))))
    return Or(tuple(possible))


@lru_cache(maxsize=64)
def _dates(minute: datetime) -> tuple[tuple[date, Lasting], ...]:
    """The dates that it is somewhere on earth in that minute, each with its zones, as texts are compared."""
    return tuple((today, Lasting(map(folded, zones))) for today, zones in dates_at(minute))


def _nights(asking: Asking) -> Nights | None:
    first = asking.one("checkIn", day, "a date, such as 2031-05-01")
    end = asking.one("checkOut", day, "a date, such as 2031-05-08")
    for given, missing in (("checkIn", "checkOut"), ("checkOut", "checkIn")):
        if asking.has(given) and not asking.has(missing):
            asking.wrong(missing, f"is needed with {given}")
    if first is None or end is None:
        return None
    if end <= first:
        asking.wrong("checkOut", "must be after checkIn")
    elif end - first > timedelta(LONGEST_STAY):
        asking.wrong("checkOut", f"must be at most {LONGEST_STAY} nights after checkIn")
    return Nights(first, end)


def _words(asking: Asking) -> tuple[str, ...]:
    def read(text: str) -> tuple[str, ...] | None:
        found = tuple(dict.fromkeys(words(text)))
        return found if len(text) <= MOST_CHARACTERS and 0 < len(found) <= MOST_WORDS else None

    return asking.one("q", read, f"1 to {MOST_WORDS} words, of {MOST_CHARACTERS} characters together at most") or ()


def _place(asking: Asking, near: tuple[Decimal, ...] | None) -> Iterator[Condition]:
    box = asking.one("bbox", partial(numbers, bounds=(90, 180, 90, 180)), "south,west,north,east in degrees")
    if box is not None:
        south, west, north, east = box
        if south > north:
            asking.wrong("bbox", "must be south,west,north,east in degrees: its south lies north of its north")
        yield Box(P["location"], south, west, north, east)
    metres = asking.one(
        "distance", partial(decimal, least=Decimal(0), most=Decimal(FARTHEST)), f"metres, from 0 to {FARTHEST}"
    )
    if asking.has("distance") and not asking.has("near"):
        asking.wrong("near", "is needed with distance")
    if metres is not None and near is not None:
        yield Within(P["location"], near[0], near[1], metres)


def _kinds(asking: Asking) -> Iterator[Condition]:
    for name, values in (("propertyType", get_args(PropertyType)), ("approvalType", get_args(ApprovalType))):
        read = partial(_one_of, values=values)
        if found := asking.many(name, read, f"one of {', '.join(values)}", MOST_VALUES):
            yield OneOf(P[name], found)
    for amenity in asking.many("amenityIds", id_text, "the id of an amenity", MOST_VALUES):
        yield OneOf(P["amenityIds"], (amenity,))
    if spoken := asking.many("languages", _named, "a language as listings name it, such as fr", MOST_VALUES):
        yield OneOf(P["languagesSupported"], tuple(folded(language) for language in spoken))
    rating = asking.one("minRating", partial(decimal, least=Decimal(1), most=Decimal(5)), "a number from 1 to 5")
    if rating is not None:
        yield Range(P["rating.averageRating"], low=rating)


@dataclass(frozen=True, slots=True)
class _Price:
    """What may be paid, in which currency."""

    low: Decimal | None
    high: Decimal | None
    currency: str | None

    @property
    def of_stay(self) -> tuple[Decimal | None, Decimal | None, str] | None:
        if self.currency is None or (self.low is None and self.high is None):
            return None
        return self.low, self.high, self.currency


def _price(asking: Asking) -> _Price:
    currency = asking.one("currency", lambda code: code if known(code) else None, "an ISO 4217 code, such as EUR")

    def bound(name: str) -> Decimal | None:
        found = asking.one(name, partial(decimal, least=Decimal(0)), "an amount, in major units of the currency")
        if asking.has(name) and not asking.has("currency"):
            asking.wrong("currency", f"is needed with {name}")
        if found is not None and currency is not None:
            try:
                from_major(found, currency, name)
            except Invalid as invalid:
                asking.wrong(name, invalid.detail["fields"][name])
        return found

    low, high = bound("minPrice"), bound("maxPrice")
    if low is not None and high is not None and low > high:
        asking.wrong("maxPrice", "must not be below minPrice")
    return _Price(low, high, currency)


def _orders(asking: Asking, stay: bool, near: tuple[Decimal, ...] | None, *, told: bool) -> tuple[Order, ...]:
    """The order that is asked for; otherwise what answers best to the words, else the nearest, else the newest."""
    usual = "relevance" if told else "distance" if near else "newest"
    sort = asking.one("sort", partial(_one_of, values=SORTS), f"one of {', '.join(SORTS)}") or usual
    down = sort.startswith("-")
    match sort:
        case "relevance":
            if not asking.has("q"):
                asking.wrong("sort", "relevance needs q")
            return (ByRelevance(),)
        case "distance":
            if near is None:
                asking.wrong("sort", "distance needs near")
                return ()
            return (ByDistance(P["location"], near[0], near[1]),)
        case "price" | "-price":
            if stay:
                return (ByStayPrice(descending=down),)
            return ByField(P["currency"]), ByField(P["pricePerNight"], descending=down)
        case "rating":
            return ByField(P["rating.averageRating"], descending=True), ByField(
                P["rating.reviewCount"], descending=True
            )
    return (ByField(P["createdAt"], descending=True),)


def _one_of(text: str, values: Sequence[str]) -> str | None:
    return text if text in values else None


def _named(text: str) -> str | None:
    return text if 0 < len(text) <= 100 and "\x00" not in text else None


def _language(text: str) -> str | None:
    return text if re.fullmatch(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,3}", text, re.ASCII) else None
