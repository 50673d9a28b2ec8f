"""Money is counted in minor units and never passes through a float."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.money import (
    EXPONENTS,
    LARGEST,
    Money,
    discount_rate,
    exponent,
    from_major,
    known,
    part,
    percent,
    rate,
    share,
    to_major,
)

currencies = st.sampled_from(sorted(EXPONENTS))
amounts = st.integers(-LARGEST, LARGEST)


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("EUR", 2), ("KWD", 3), ("CLF", 4)])
def test_a_currency_has_its_own_number_of_digits(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("code", ["", "EU", "eur", "EURO", "XXX", "XAU", "DEM", "ZZZ"])
def test_what_is_no_active_currency_is_unknown_and_invalid(code: str) -> None:
    assert not known(code)
    with pytest.raises(Invalid) as refusal:
        exponent(code)
    assert list(refusal.value.detail["fields"]) == ["currency"]


def test_every_active_currency_is_listed_once() -> None:
    assert len(EXPONENTS) == 165
    assert all(known(code) and len(code) == 3 and code.isupper() for code in EXPONENTS)


@pytest.mark.parametrize(
    ("major", "currency", "minor"),
    [("123.45", "EUR", 12345), ("123.450", "EUR", 12345), ("500", "JPY", 500), ("1E+2", "JPY", 100),
     ("-0.5", "KWD", -500), ("100.0", "JPY", 100), ("0", "EUR", 0), ("0E-9", "EUR", 0), ("0E+999999", "EUR", 0),
     ("0.0001", "UYW", 1)],
)  # fmt: skip
def test_an_amount_in_major_units_is_read_exactly(major: str, currency: str, minor: int) -> None:
    assert from_major(Decimal(major), currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("major", "currency"),
    [("1.001", "EUR"), ("1.0010", "EUR"), ("0.5", "JPY"), ("1.0005", "KWD"), ("1E-999999", "EUR"),
     ("0." + "0" * 60 + "1", "EUR"), ("NaN", "EUR"), ("sNaN", "EUR"), ("Infinity", "EUR"),
     ("1E+999999", "EUR"), ("10000000000.01", "EUR")],
)  # fmt: skip
def test_an_amount_that_the_currency_cannot_express_is_refused_by_field(major: str, currency: str) -> None:
    with pytest.raises(Invalid) as refusal:
        from_major(Decimal(major), currency, "cleaningFee")
    assert list(refusal.value.detail["fields"]) == ["cleaningFee"]


def test_a_price_must_be_above_zero_and_a_fee_not_below() -> None:
    assert from_major(Decimal("0.01"), "EUR", least=1).minor == 1
    assert from_major(Decimal(0), "EUR", least=0).minor == 0
    with pytest.raises(Invalid, match="above 0"):
        from_major(Decimal(0), "EUR", least=1)
    with pytest.raises(Invalid, match="at least"):
        from_major(Decimal("-0.01"), "EUR", least=0)


@given(amounts, currencies)
def test_out_and_in_again_changes_nothing(minor: int, currency: str) -> None:
    major = to_major(Money(minor, currency))
    assert from_major(major, currency) == Money(minor, currency)
    assert major.as_tuple().exponent == -exponent(currency)


def test_an_amount_goes_out_with_exactly_the_currencys_digits() -> None:
    assert str(to_major(Money(1250, "EUR"))) == "12.50"
    assert str(to_major(Money(-5, "KWD"))) == "-0.005"
    assert str(to_major(Money(500, "JPY"))) == "500"


@pytest.mark.parametrize(
    ("amount", "numerator", "denominator", "expected"),
    [(1, 1, 2, 0), (3, 1, 2, 2), (5, 1, 2, 2), (-1, 1, 2, 0), (-3, 1, 2, -2), (-5, 1, 2, -2), (7, 2, 3, 5),
     (-7, 2, 3, -5), (3, -1, -2, 2), (3, 1, -2, -2), (0, 5, 7, 0), (88927, 5000, 10000, 44464)],
)  # fmt: skip
def test_a_share_is_rounded_half_to_even(amount: int, numerator: int, denominator: int, expected: int) -> None:
    assert share(amount, numerator, denominator) == expected


def test_there_is_no_share_of_nothing() -> None:
    with pytest.raises(ZeroDivisionError):
        share(1, 1, 0)


@given(st.integers(), st.integers(), st.integers().filter(bool))
@example(10**40 + 1, 1, 2)
def test_a_share_rounds_as_exact_fractions_do(amount: int, numerator: int, denominator: int) -> None:
    assert share(amount, numerator, denominator) == round(Fraction(amount * numerator, denominator))


@given(st.integers(0, LARGEST), st.integers(0, 10_000))
def test_a_part_of_an_amount_is_within_it(amount: int, points: int) -> None:
    assert 0 <= part(amount, points) <= amount


@pytest.mark.parametrize(("text", "points"), [("0", 0), ("7.5", 750), ("5.25", 525), ("100", 10_000), ("7.500", 750)])
def test_a_percentage_is_carried_in_basis_points(text: str, points: int) -> None:
    assert rate(Decimal(text)) == points
    assert percent(points) == Decimal(text)


@pytest.mark.parametrize("text", ["-0.01", "100.01", "7.125", "NaN", "1E+99999"])
def test_a_percentage_out_of_range_or_too_fine_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rate(Decimal(text), "cityTaxPercent")
    assert list(refusal.value.detail["fields"]) == ["cityTaxPercent"]


def test_a_discount_is_below_a_hundred_percent() -> None:
    assert discount_rate(Decimal("99.99")) == 9_999
    with pytest.raises(Invalid):
        discount_rate(Decimal(100))
