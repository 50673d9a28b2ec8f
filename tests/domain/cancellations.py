"""The rules' worked example, and the cancelling of it."""

from datetime import date, datetime, time, timedelta

from domain.policies import Policy, named
from domain.pricing import CITY_TAX, CLEANING_FEE, DISCOUNT, NIGHT, SERVICE_FEE, Price, PriceLine
from domain.refunds import Refund, refund
from domain.stay import Nights, Stay

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)

PRICES = (9999, 9999, 9999, 12050, 12050, 12050, 14995, 14995)
START = date(2026, 6, 1)


def priced(prices: tuple[int, ...], discount: int = 0, cleaning: int = 0, service: int = 0, tax: int = 0) -> Price:
    per_night = tuple(PriceLine(NIGHT, amount, START + DAY * n) for n, amount in enumerate(prices))
    extras = ((DISCOUNT, -discount), (CLEANING_FEE, cleaning), (SERVICE_FEE, service), (CITY_TAX, tax))
    return Price("EUR", (*per_night, *(PriceLine(kind, amount) for kind, amount in extras if amount)), 300)


def stay_of(nights: int, zone: str = "Europe/Paris", start: date = START, at: time = time(15)) -> Stay:
    return Stay(Nights(start, start + DAY * nights), zone, at, time(11))


EXAMPLE = priced(PRICES, discount=7210, cleaning=4500, service=12450, tax=4891)
STAY = stay_of(8)
CHECK_IN = STAY.check_in
LONG_AGO = CHECK_IN - 100 * DAY
JUST_NOW = CHECK_IN - 6 * DAY
"""Confirmed too late for any grace."""


def cancelled(
    policy: Policy | str,
    at: datetime,
    by: str = "guest",
    *,
    price: Price = EXAMPLE,
    stay: Stay = STAY,
    confirmed_at: datetime | None = LONG_AGO,
) -> Refund:
    policy = named(policy) if isinstance(policy, str) else policy
    return refund(price, policy, stay, confirmed_at=confirmed_at, cancelled_at=at, by=by)


def amounts(outcome: Refund) -> dict[str, int]:
    return {line.kind: line.amount for line in outcome.lines}
