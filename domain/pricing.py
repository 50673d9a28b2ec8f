"""What a stay costs: one line a night, then discount, cleaning, service fee and city tax, each a line of its own.

Amounts are minor units of one currency, rates are basis points. Every line is rounded half-even by itself and the lines
add up to the total, so what is shown is what is charged.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, Protocol

from domain.errors import Invalid
from domain.money import major, part, rate
from domain.stay import Nights

NIGHT = "night"
DISCOUNT = "discount"
CLEANING_FEE = "cleaningFee"
SERVICE_FEE = "serviceFee"
CITY_TAX = "cityTax"


class PriceTerms(Protocol):
    """What the marketplace's terms say about prices."""

    @property
    def guest_service_fee_percent(self) -> Decimal:
        """Of the net nights, paid by the guest."""

    @property
    def host_fee_percent(self) -> Decimal:
        """Of the net nights, paid by the host."""

    @property
    def weekly_discount_nights(self) -> int:
        """From so many nights the weekly discount applies."""

    @property
    def monthly_discount_nights(self) -> int:
        """From so many nights the monthly discount applies instead."""


@dataclass(frozen=True, slots=True)
class Season:
    """A period with a price or a minimum stay of its own; what is absent is the listing's."""

    nights: Nights
    price_per_night: int | None = None
    min_stay: int | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """What a listing asks. Seasons do not overlap and stand in order of date (`checked_seasons`)."""

    currency: str
    price_per_night: int
    seasons: tuple[Season, ...] = ()
    min_stay: int | None = None
    cleaning_fee: int = 0
    weekly_discount_rate: int | None = None
    monthly_discount_rate: int | None = None
    city_tax_rate: int = 0


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One line of a price: a night with its date, or one of the other kinds. A discount is negative."""

    kind: str
    amount: int
    night: date | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """A price as agreed, with the host fee's rate of that day. Lines of nothing are left out; nights always stand."""

    currency: str
    lines: tuple[PriceLine, ...]
    host_fee_rate: int

    @property
    def total(self) -> int:
        """What the guest pays."""
        return sum(line.amount for line in self.lines)

    @property
    def night_prices(self) -> tuple[int, ...]:
        """The price of each night, the earliest first."""
        return tuple(line.amount for line in self.lines if line.kind == NIGHT)

    @property
    def net_nights(self) -> int:
        """The nights less the discount: what fees and city tax are reckoned on."""
        return self.sum_of(NIGHT) + self.sum_of(DISCOUNT)

    @property
    def host_fee(self) -> int:
        """What the host owes the platform for the whole stay. It is no line: the guest does not pay it."""
        return part(self.net_nights, self.host_fee_rate)

    def sum_of(self, kind: str) -> int:
        """What the lines of one kind come to."""
        return sum(line.amount for line in self.lines if line.kind == kind)


def itemised(price: Price) -> list[dict[str, Any]]:
    """The lines as callers see them: amounts in major units, nights with their dates."""
    currency = price.currency
    return [
        {"kind": line.kind, "date": line.night.isoformat(), "amount": major(line.amount, currency)}
        if line.night
        else {"kind": line.kind, "amount": major(line.amount, currency)}
        for line in price.lines
    ]


def price(nights: Nights, rates: Rates, overrides: Mapping[date, int], terms: PriceTerms) -> Price:
    """The price of these nights. `overrides` has the calendar's price of the nights that carry one."""
    per_night = [PriceLine(NIGHT, night_price(night, rates, overrides.get(night)), night) for night in nights]
    gross = sum(line.amount for line in per_night)
    discount = part(gross, discount_rate(len(nights), rates, terms))
    if discount == gross and not rates.cleaning_fee:
        discount -= 1  # a stay for nothing could not be paid
    net = gross - discount
    extras = (
        PriceLine(DISCOUNT, -discount),
        PriceLine(CLEANING_FEE, rates.cleaning_fee),
        PriceLine(SERVICE_FEE, part(net, rate(terms.guest_service_fee_percent))),
        PriceLine(CITY_TAX, part(net, rates.city_tax_rate)),
    )
    return Price(rates.currency, (*per_night, *(line for line in extras if line.amount)), rate(terms.host_fee_percent))


def night_price(night: date, rates: Rates, override: int | None = None) -> int:
    """The calendar's price, else the season's, else the listing's."""
    if override is not None:
        return override
    season = season_of(night, rates.seasons)
    if season is not None and season.price_per_night is not None:
        return season.price_per_night
    return rates.price_per_night


def min_stay(arrival: date, rates: Rates, entry: int | None = None, otherwise: int = 1) -> int:
    """The fewest nights for an arrival on that night: the entry's, else the season's, the listing's, `otherwise`."""
    season = season_of(arrival, rates.seasons)
    in_season = season.min_stay if season is not None else None
    return next((least for least in (entry, in_season, rates.min_stay) if least is not None), otherwise)


def discount_rate(nights: int, rates: Rates, terms: PriceTerms) -> int:
    """The length-of-stay discount: the monthly one if the listing has one and the stay is so long, else the weekly."""
    if nights >= terms.monthly_discount_nights and rates.monthly_discount_rate is not None:
        return rates.monthly_discount_rate
    return (rates.weekly_discount_rate or 0) if nights >= terms.weekly_discount_nights else 0


def season_of(night: date, seasons: tuple[Season, ...]) -> Season | None:
    """The season that the night falls in."""
    if not seasons:
        return None
    place = bisect_right(seasons, night, key=lambda season: season.nights.start) - 1
    return seasons[place] if place >= 0 and night in seasons[place].nights else None


def checked_seasons(seasons: Iterable[Season], field: str = "seasonalPricing") -> tuple[Season, ...]:
    """The seasons in order of date. Raises Invalid if one is empty or asks for less than a night, or if two overlap."""
    ordered = tuple(sorted(seasons, key=lambda season: season.nights.start))
    for season in ordered:
        if len(season.nights) == 0:
            raise Invalid({field: f"the period from {season.nights.start} has no nights"})
        if season.min_stay is not None and season.min_stay < 1:
            raise Invalid({field: f"minStay of the period from {season.nights.start} must be at least 1"})
    for earlier, later in pairwise(ordered):
        if earlier.nights.overlaps(later.nights):
            raise Invalid({field: f"the periods from {earlier.nights.start} and from {later.nights.start} overlap"})
    return ordered
