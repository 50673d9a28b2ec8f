"""What speaks against a stay, in the order in which it is said."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.booking_rules import Wish, check, check_price
from domain.errors import Refused
from domain.stay import Nights
from tests.domain.cancellations import EXAMPLE

HOST = UUID(int=2)
TODAY = date(2026, 6, 1)
DAY = timedelta(days=1)
FINE = Wish(
    guest=UUID(int=1),
    host=HOST,
    published=True,
    nights=Nights(TODAY + 10 * DAY, TODAY + 13 * DAY),
    guests=2,
    today=TODAY,
    notice_days=0,
    window_days=730,
    min_stay=1,
    max_stay=365,
    max_guests=None,
)
BROKEN: dict[str, dict[str, Any]] = {
    "LISTING_NOT_PUBLISHED": {"published": False},
    "OWN_LISTING": {"guest": HOST},
    "CHECK_IN_PAST": {"today": TODAY + 11 * DAY},
    "NOTICE_TOO_SHORT": {"notice_days": 11},
    "TOO_FAR_AHEAD": {"window_days": 9},
    "STAY_TOO_SHORT": {"min_stay": 4},
    "STAY_TOO_LONG": {"max_stay": 2},
    "TOO_MANY_GUESTS": {"max_guests": 1},
}
"""Each rule, and how to break it alone."""
ORDER = list(BROKEN)


def refusal(wish: Wish) -> str:
    with pytest.raises(Refused) as found:
        check(wish)
    return found.value.rule


def test_nothing_speaks_against_a_usual_stay() -> None:
    check(FINE)


@pytest.mark.parametrize("rule", ORDER)
def test_each_rule_refuses_by_its_name(rule: str) -> None:
    assert refusal(FINE._replace(**BROKEN[rule])) == rule


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_of_all_that_is_wrong_the_first_in_order_is_said(first: int) -> None:
    wrong = {name: value for rule in ORDER[first:] for name, value in BROKEN[rule].items()}
    assert refusal(FINE._replace(**wrong)) == ORDER[first]


def test_check_in_today_is_allowed() -> None:
    check(FINE._replace(today=FINE.nights.start))


def test_yesterday_is_not() -> None:
    assert refusal(FINE._replace(today=FINE.nights.start + DAY)) == "CHECK_IN_PAST"


def test_as_many_days_of_notice_as_asked_are_enough() -> None:
    check(FINE._replace(notice_days=10))


def test_as_far_ahead_as_the_window_is_not_too_far() -> None:
    check(FINE._replace(window_days=10))


def test_as_long_as_the_limits_is_long_enough_and_not_too_long() -> None:
    check(FINE._replace(min_stay=3, max_stay=3))


def test_as_many_guests_as_allowed_are_not_too_many() -> None:
    check(FINE._replace(max_guests=2))


def test_without_a_limit_any_number_of_guests_is_fine() -> None:
    check(FINE._replace(guests=10_000, max_guests=None))


def test_nobody_in_particular_is_nobodys_host() -> None:
    check(FINE._replace(guest=None))


def test_the_price_is_looked_at_only_where_it_is_said() -> None:
    check_price(EXAMPLE, None, None)
    check_price(EXAMPLE, "EUR", Decimal("1107.68"))
    check_price(EXAMPLE, None, Decimal("1107.680"))


@pytest.mark.parametrize(
    ("currency", "total"), [("USD", None), (None, Decimal("1107.67")), ("USD", Decimal("1107.68"))]
)
def test_another_price_is_refused_with_the_right_one(currency: str | None, total: Decimal | None) -> None:
    with pytest.raises(Refused) as found:
        check_price(EXAMPLE, currency, total)
    assert found.value.rule == "PRICE_DIFFERS"
    assert found.value.detail == {"totalPrice": Decimal("1107.68"), "currency": "EUR"}
