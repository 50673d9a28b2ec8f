"""The price of a stay: override, season, listing; then discount, cleaning, service fee and city tax, line by line."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.money import LARGEST
from domain.pricing import (
    CITY_TAX,
    CLEANING_FEE,
    DISCOUNT,
    NIGHT,
    SERVICE_FEE,
    Price,
    PriceLine,
    Rates,
    Season,
    checked_seasons,
    min_stay,
    night_price,
    price,
)
from domain.stay import Nights
from domain.terms import Terms

TERMS = Terms()
START = date(2026, 6, 1)


def nights(count: int, start: date = START) -> Nights:
    return Nights(start, start + timedelta(days=count))


def the_worked_example() -> Price:
    season = Season(nights(5, START + timedelta(days=3)), 12050)
    rates = Rates("EUR", 9999, (season,), cleaning_fee=4500, weekly_discount_rate=750, city_tax_rate=550)
    overrides = {START + timedelta(days=6): 14995, START + timedelta(days=7): 14995}
    return price(nights(8), rates, overrides, TERMS)


def test_the_worked_example_comes_out_to_the_cent() -> None:
    example = the_worked_example()
    assert example.night_prices == (9999, 9999, 9999, 12050, 12050, 12050, 14995, 14995)
    assert example.sum_of(NIGHT) == 96137
    assert example.lines[8:] == (
        PriceLine(DISCOUNT, -7210),
        PriceLine(CLEANING_FEE, 4500),
        PriceLine(SERVICE_FEE, 12450),
        PriceLine(CITY_TAX, 4891),
    )
    assert example.net_nights == 88927
    assert example.total == 110768
    assert example.host_fee == 2668


def test_each_night_stands_as_a_line_with_its_date() -> None:
    assert [line.night for line in the_worked_example().lines if line.kind == NIGHT] == list(nights(8))


@pytest.mark.parametrize(
    ("currency", "per_night", "cleaning", "lines"),
    [
        # 3 × 9 999 yen; 14 % = 4 199.58, tax 2.5 % = 749.925
        ("JPY", 9999, 3000, [9999, 9999, 9999, 3000, 4200, 750]),
        # 3 × 33.335 dinars; 14 % = 14.0007, tax 2.5 % = 2.500125
        ("KWD", 33335, 5500, [33335, 33335, 33335, 5500, 14001, 2500]),
    ],
)
def test_other_currencies_round_to_their_own_minor_unit(
    currency: str, per_night: int, cleaning: int, lines: list[int]
) -> None:
    quoted = price(nights(3), Rates(currency, per_night, cleaning_fee=cleaning, city_tax_rate=250), {}, TERMS)
    assert [line.amount for line in quoted.lines] == lines
    assert quoted.total == sum(lines)


def test_lines_are_rounded_half_to_even_each_by_itself() -> None:
    # 14 % of 0.25 is 3.5 cents, 10 % of it 2.5: to even, 4 and 2.
    quoted = price(nights(1), Rates("EUR", 25, city_tax_rate=1000), {}, TERMS)
    assert [line.amount for line in quoted.lines] == [25, 4, 2]


def test_a_price_of_nights_alone_has_no_empty_lines() -> None:
    assert {line.kind for line in price(nights(2), Rates("EUR", 1000), {}, TERMS).lines} == {NIGHT, SERVICE_FEE}


def test_override_comes_before_season_and_season_before_listing() -> None:
    rates = Rates("EUR", 100, (Season(nights(2), 200), Season(nights(2, START + timedelta(days=5)), None, 3)))
    assert night_price(START, rates, 300) == 300
    assert night_price(START, rates) == 200
    assert night_price(START + timedelta(days=2), rates) == 100
    assert night_price(START + timedelta(days=5), rates) == 100
    assert night_price(START - timedelta(days=1), rates) == 100


def test_min_stay_is_the_entrys_else_the_seasons_else_the_listings_else_one() -> None:
    rates = Rates(
        "EUR", 100, (Season(nights(2), 200, 4), Season(nights(2, START + timedelta(days=2)), 200)), min_stay=2
    )
    assert min_stay(START, rates, 7) == 7
    assert min_stay(START, rates, 1) == 1
    assert min_stay(START, rates) == 4
    assert min_stay(START + timedelta(days=2), rates) == 2
    assert min_stay(START + timedelta(days=9), rates) == 2
    assert min_stay(START, Rates("EUR", 100)) == 1


@pytest.mark.parametrize(
    ("count", "weekly", "monthly", "discount"),
    [
        (6, 1000, 2000, 0),
        (7, 1000, 2000, 70),
        (27, 1000, 2000, 270),
        (28, 1000, 2000, 560),
        (28, 1000, None, 280),
        (28, 1000, 0, 0),
        (28, None, None, 0),
        (7, None, 2000, 0),
        (6, 0, 0, 0),
    ],
)
def test_the_discount_follows_the_length_of_the_stay(
    count: int, weekly: int | None, monthly: int | None, discount: int
) -> None:
    rates = Rates("EUR", 100, weekly_discount_rate=weekly, monthly_discount_rate=monthly)
    assert -price(nights(count), rates, {}, TERMS).sum_of(DISCOUNT) == discount


def test_percentages_and_lengths_are_the_marketplaces_to_set() -> None:
    terms = Terms(
        guest_service_fee_percent=Decimal("0.5"),
        host_fee_percent=Decimal("12.25"),
        weekly_discount_nights=3,
        monthly_discount_nights=5,
    )
    rates = Rates("EUR", 10000, weekly_discount_rate=1000, monthly_discount_rate=2000)
    three, five = price(nights(3), rates, {}, terms), price(nights(5), rates, {}, terms)
    assert (three.net_nights, three.sum_of(SERVICE_FEE), three.host_fee) == (27000, 135, 3308)  # 3 307.5 to even
    assert five.net_nights == 40000


def test_the_host_fees_rate_is_kept_with_the_price() -> None:
    agreed = price(nights(1), Rates("EUR", 10000), {}, Terms(host_fee_percent=Decimal("1.5")))
    assert (agreed.host_fee_rate, agreed.host_fee) == (150, 150)


@pytest.mark.parametrize(("cleaning", "discount", "total"), [(0, -6, 1), (45, -7, 45)])
def test_a_discount_that_rounds_to_all_leaves_one_unit_where_nothing_else_is_to_be_paid(
    cleaning: int, discount: int, total: int
) -> None:
    quoted = price(nights(7), Rates("JPY", 1, cleaning_fee=cleaning, weekly_discount_rate=9999), {}, TERMS)
    assert (quoted.sum_of(DISCOUNT), quoted.total, quoted.host_fee) == (discount, total, 0)


@given(
    st.integers(1, 60),
    st.builds(
        Rates,
        st.just("EUR"),
        st.integers(1, LARGEST),
        min_stay=st.none(),
        seasons=st.lists(st.integers(1, LARGEST), max_size=4).map(
            lambda prices: tuple(Season(nights(4, START + timedelta(days=6 * n)), p) for n, p in enumerate(prices))
        ),
        cleaning_fee=st.integers(0, LARGEST),
        weekly_discount_rate=st.none() | st.integers(0, 9999),
        monthly_discount_rate=st.none() | st.integers(0, 9999),
        city_tax_rate=st.integers(0, 10000),
    ),
    st.dictionaries(st.integers(0, 60).map(lambda n: START + timedelta(days=n)), st.integers(1, LARGEST)),
)
def test_lines_add_up_and_nothing_but_the_discount_is_negative(
    count: int, rates: Rates, overrides: dict[date, int]
) -> None:
    quoted = price(nights(count), rates, overrides, TERMS)
    kinds = (NIGHT, DISCOUNT, CLEANING_FEE, SERVICE_FEE, CITY_TAX)
    assert quoted.total == sum(quoted.sum_of(kind) for kind in kinds) > 0
    assert len(quoted.night_prices) == count
    assert all(line.amount > 0 or (line.kind == DISCOUNT and line.amount < 0) for line in quoted.lines)
    assert 0 <= quoted.host_fee <= quoted.net_nights


def test_seasons_are_kept_in_order_of_date() -> None:
    early, late = Season(nights(3), 1), Season(nights(3, START + timedelta(days=3)), 2)
    assert checked_seasons([late, early]) == (early, late)


@pytest.mark.parametrize(
    "seasons",
    [
        [Season(nights(3), 1), Season(nights(3, START + timedelta(days=2)), 2)],
        [Season(nights(30), 1), Season(nights(1), 2)],
        [Season(nights(0), 1)],
        [Season(Nights(START, START - timedelta(days=1)), 1)],
        [Season(nights(1), 1, 0)],
    ],
)
def test_seasons_that_overlap_or_are_empty_are_refused(seasons: list[Season]) -> None:
    with pytest.raises(Invalid) as refusal:
        checked_seasons(seasons)
    assert list(refusal.value.detail["fields"]) == ["seasonalPricing"]
