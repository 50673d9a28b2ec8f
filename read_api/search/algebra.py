"""The one query language: what is looked for, in what order, which page, counted how, as values.

Every engine answers it alike (`tests/contracts/search_engine.py`); only the order of relevance is an engine's own.

Conditions have two values, never a third: on a field without a value, or one that the caller does not see on that
document, every condition but `Missing` is false, and `Not` turns what it is told. On a list a condition holds if it
holds for one of its items. Texts are compared without case (`str.casefold`), however the question writes them, and in
words as `projections.words` has them; ids, enums, days and instants are compared as the texts that documents carry;
numbers are decimals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from domain.pricing import PriceTerms
from read_api.search.declared import Index, Place

Value = str | bool | Decimal


class Lasting(tuple[Value, ...]):
    """Values of the product's own, the same in question after question, never a caller's: engines may keep what they
    make of them.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Everything:
    """Holds of every document."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value is one of these, whole. The `eq` of callers; `noteq` is its `Not`."""

    place: Place
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """A number, day or instant between bounds; an absent bound is none."""

    place: Place
    low: str | Decimal | None = None
    high: str | Decimal | None = None
    low_in: bool = True
    high_in: bool = True


@dataclass(frozen=True, slots=True)
class Exists:
    """There is a value (of a list: an item)."""

    place: Place


@dataclass(frozen=True, slots=True)
class Missing:
    """There is none that the caller sees."""

    place: Place


@dataclass(frozen=True, slots=True)
class Prefix:
    """The text begins so. `text` is casefolded."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """The whole text fits the pattern: `*` is any run, `?` one character, a backslash takes the next as it is."""

    place: Place
    pattern: str


@dataclass(frozen=True, slots=True)
class Regexp:
    """The whole text fits the expression, of the small language in `read_api.search.patterns`. Engines raise Invalid,
    naming the field, for what is none of it.
    """

    place: Place
    pattern: str


@dataclass(frozen=True, slots=True)
class Words:
    """The text has one of these words, or `every` one of them. The `match` of callers."""

    place: Place
    words: tuple[str, ...]
    every: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """The words follow one another; with `prefix` the last one may go on."""

    place: Place
    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """Every word stands in one of the index's texts that callers search (`q`): stemmed in the texts' languages, one
    letter amiss forgiven in longer words. `projections.words.matches` says it of one word and one document's terms;
    each word may stand in another document, of the index's own and of those joined to it. In the index's `plain_texts`
    it stands as a whole word.
    """

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """A point at most so many metres away along the earth's surface (a sphere of `EARTH_RADIUS` metres)."""

    place: Place
    lat: Decimal
    lon: Decimal
    metres: Decimal


@dataclass(frozen=True, slots=True)
class Box:
    """A point in the box, edges included; with `west` greater than `east` it lies across the date line."""

    place: Place
    south: Decimal
    west: Decimal
    north: Decimal
    east: Decimal


@dataclass(frozen=True, slots=True)
class FreeNights:
    """Of a listing: each night of the stay `[first, end)` is free, and its length is one the listing takes on that
    arrival: `minStay` (calendar entry's, else that of the season the arrival is in, else listing's, else `least`) and
    `maxStay` (else `most`) are kept. A night is free if there is no active calendar document of it, or an available
    one. A season is `[from, to)`.
    """

    first: date
    end: date
    least: int = 1
    most: int = 365


@dataclass(frozen=True, slots=True)
class And:
    """All of these; of none, true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of these; of none, false."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not this."""

    part: Condition


Condition = (
    Everything
    | OneOf
    | Range
    | Exists
    | Missing
    | Prefix
    | Wildcard
    | Regexp
    | Words
    | Phrase
    | Told
    | Within
    | Box
    | FreeNights
    | And
    | Or
    | Not
)

EARTH_RADIUS = 6_371_008.7714
"""Metres: the mean radius, as search engines take it."""


@dataclass(frozen=True, slots=True)
class ByField:
    """By a field's value: numbers by size, all else by code point, enums by name; absent values last."""

    place: Place
    descending: bool = False


@dataclass(frozen=True, slots=True)
class ByDistance:
    """The nearest first, to the metre; documents without a point last."""

    place: Place
    lat: Decimal
    lon: Decimal


@dataclass(frozen=True, slots=True)
class ByRelevance:
    """The best match of the words of a `Told` first, as the engine ranks them: a word as it is before its stem before a
    forgiven slip, and in a title before a place before a text. A question without words has no order of relevance.
    """


@dataclass(frozen=True, slots=True)
class ByStayPrice:
    """By what the whole stay of the question costs, in the listing's currency; codes of currencies first."""

    descending: bool = False


LONGEST_STAY = 730
"""Nights: prices of more would not stay exact in 64 bits."""

Order = ByField | ByDistance | ByRelevance | ByStayPrice
"""Equals stand in the order of their ids: every order is total, so that pages are stable."""


@dataclass(frozen=True, slots=True)
class Facet:
    """How many of all that are found have each value; the `most` frequent, equals by value. Lists count each item once
    a document. Numbers are told in plain digits, without noughts at their end. Of any field but a `TEXT`.
    """

    place: Place
    most: int = 20
    bounds: tuple[Decimal, ...] = ()
    """Of a number: instead, how many have at least each of these, in this order, none left out."""


@dataclass(frozen=True, slots=True)
class Stay:
    """The stay that a question about listings is about: prices are of it, as `domain.pricing.price` has them, with the
    calendar's prices of its nights. It has at most `LONGEST_STAY` nights.
    """

    first: date
    end: date
    terms: PriceTerms


@dataclass(frozen=True, slots=True)
class Question:
    """One search of one index."""

    index: Index
    where: Condition
    orders: tuple[Order, ...] = ()
    start: int = 0
    """How many of the found to pass over; with `after` none."""
    limit: int = 10
    after: tuple[str, ...] | None = None
    """The `cursor` of the last document of the page before: reads on behind it, however deep."""
    facets: tuple[Facet, ...] = ()
    stay: Stay | None = None
    price: tuple[Decimal | None, Decimal | None, str] | None = None
    """What the whole stay may cost, from, to (major units), and in which currency; needs `stay`."""
    counted: Literal["all", "none"] = "all"
    many: Literal["shown", "searched"] = "shown"
    """Are documents of joins with many shown with each that is found, or are they only searched? They may be long."""
