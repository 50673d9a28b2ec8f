"""Money and percentages as integers: minor units of an ISO 4217 currency, and rates in basis points.

Decimals appear only at the edge, on the way in (`from_major`, `rate`) and out (`to_major`, `percent`). No float.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType

from domain.errors import Invalid

WHOLE = 10_000
"""One hundred percent, as a rate: rates count hundredths of a percent (basis points)."""

LARGEST = 10**12
"""The largest amount taken from outside, in minor units: sums over a stay stay exact in 64 bits and in JSON."""

_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
        "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
        "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
        "MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP "
        "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG "
        "YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

EXPONENTS = MappingProxyType({code: digits for digits, codes in _DIGITS.items() for code in codes.split()})
"""Digits after the point of every active ISO 4217 currency (list of 2026-01-01; metals and test codes have none)."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of its currency: 12.50 EUR is `Money(1250, "EUR")`."""

    minor: int
    currency: str


def known(currency: str) -> bool:
    """Whether this is the code of an active currency, in capitals."""
    return currency in EXPONENTS


def exponent(currency: str, field: str = "currency") -> int:
    """How many digits the currency has after the point. Raises Invalid if there is no such currency."""
    if currency not in EXPONENTS:
        raise Invalid({field: "is not an ISO 4217 currency code"})
    return EXPONENTS[currency]


def from_major(amount: Decimal, currency: str, field: str = "amount", least: int | None = None) -> Money:
    """An amount in major units, exactly.

    `least` is the smallest value allowed, in minor units (1 for a price, 0 for a fee). Raises Invalid for an unknown
    currency, for more digits than the currency has, below `least` and beyond `LARGEST` either way.
    """
    digits = exponent(currency)
    minor = _scaled(amount, digits, field, f"has more than the {digits} decimals of {currency}")
    if least is not None and minor < least:
        raise Invalid(
            {field: "must be above 0" if least == 1 else f"must be at least {to_major(Money(least, currency))}"}
        )
    return Money(minor, currency)


def to_major(money: Money) -> Decimal:
    """The amount in major units, with exactly the currency's digits: `Decimal("12.50")`."""
    return major(money.minor, money.currency)


@lru_cache(maxsize=16_384)
def major(minor: int, currency: str) -> Decimal:
    """As `to_major`, of the bare number; a marketplace has few prices, and shows them often."""
    return _unscaled(minor, exponent(currency))


def share(amount: int, numerator: int, denominator: int) -> int:
    """`amount × numerator ÷ denominator`, rounded half-even in integers. Raises ZeroDivisionError."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, remainder = divmod(amount * numerator, denominator)
    twice = 2 * remainder
    return quotient + (twice > denominator or (twice == denominator and quotient % 2 == 1))


def part(amount: int, rate: int) -> int:
    """This rate of an amount, rounded half-even."""
    return share(amount, rate, WHOLE)


def rate(percent: Decimal, field: str = "percent") -> int:
    """A percentage from 0 to 100 as a rate in basis points: 7.5 is 750. Raises Invalid for more than two decimals."""
    points = _points(percent, field)
    if not 0 <= points <= WHOLE:
        raise Invalid({field: "must be from 0 to 100"})
    return points


@lru_cache(maxsize=256)
def _points(percent: Decimal, field: str) -> int:
    """The few percentages of a marketplace are reckoned with at each booking."""
    return _scaled(percent, 2, field, "has more than two decimals")


def discount_rate(percent: Decimal, field: str = "percent") -> int:
    """As `rate`, for a discount: it leaves something to pay, so 100 is Invalid too."""
    points = rate(percent, field)
    if points == WHOLE:
        raise Invalid({field: "must be below 100"})
    return points


@lru_cache(maxsize=1_024)
def percent(points: int) -> Decimal:
    """A rate as a percentage with two decimals: 750 is `Decimal("7.50")`."""
    return _unscaled(points, 2)


def _scaled(value: Decimal, digits: int, field: str, too_fine: str) -> int:
    """The value in units of its last allowed digit. Looks at the size first: `1E+999999` is short to write."""
    if not value.is_finite():
        raise Invalid({field: "is not a number"})
    if value == 0:
        return 0
    if value.adjusted() + digits > len(str(LARGEST)):
        raise Invalid({field: "is too large"})
    sign, figures, power = value.as_tuple()
    shift = int(power) + digits  # a finite number's power is an int; the type allows for the others
    if shift < 0 and any(figures[shift:]):
        raise Invalid({field: too_fine})
    kept = figures[:shift] if shift < 0 else figures
    minor = int("".join(map(str, (*kept, *[0] * shift))) or "0")
    if minor > LARGEST:
        raise Invalid({field: "is too large"})
    return -minor if sign else minor


def _unscaled(units: int, digits: int) -> Decimal:
    """Built from text, so that no context of the caller's rounds it."""
    return Decimal(f"{units}E-{digits}")
