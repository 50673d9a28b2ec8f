"""What a cancellation gives back and what it leaves: the worked example, the parties, the edges, the laws."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import WHOLE
from domain.policies import TIERS, Policy, Step, custom
from domain.pricing import CITY_TAX, CLEANING_FEE, NIGHT, SERVICE_FEE, Price
from domain.refunds import CutOff, Kept, all_kept, in_full, nothing_paid, payout, value_of_first
from domain.stay import Stay
from tests.domain.cancellations import (
    CHECK_IN,
    DAY,
    EXAMPLE,
    HOUR,
    JUST_NOW,
    LONG_AGO,
    TICK,
    amounts,
    cancelled,
    priced,
    stay_of,
)

# --- the worked example, to the cent ---


def test_flexible_in_time_refunds_everything() -> None:
    outcome = cancelled("flexible", CHECK_IN - 2 * DAY)
    assert outcome.amount == 110768
    assert amounts(outcome) == {NIGHT: 88927, CLEANING_FEE: 4500, SERVICE_FEE: 12450, CITY_TAX: 4891}
    assert outcome.kept == Kept(0, 0, 0, 0)
    assert outcome.trace.rule == "flexible.beforeCutOff"


def test_flexible_late_keeps_one_night() -> None:
    outcome = cancelled("flexible", CHECK_IN - HOUR)
    assert value_of_first(1, EXAMPLE) == 9249
    assert amounts(outcome) == {NIGHT: 79678, CLEANING_FEE: 4500, CITY_TAX: 4382}
    assert outcome.amount == 88560
    assert outcome.kept == Kept(9249, 0, 12450, 509)
    assert outcome.trace.rule == "flexible.late"


@pytest.mark.parametrize(
    ("tier", "days", "rule"),
    [
        ("strict", 8, "strict.beforeCutOff"),
        ("limited", 8, "limited.beforeSecondCutOff"),
        ("firm", 29, "firm.beforeSecondCutOff"),
    ],
)
def test_the_half_band_refunds_half_of_the_nights_and_the_cleaning(tier: str, days: int, rule: str) -> None:
    outcome = cancelled(tier, CHECK_IN - days * DAY)
    assert amounts(outcome) == {NIGHT: 44464, CLEANING_FEE: 4500, CITY_TAX: 2446}
    assert outcome.amount == 51410
    assert outcome.trace.rule == rule


@pytest.mark.parametrize(
    ("tier", "rule"),
    [
        ("strict", "strict.late"),
        ("limited", "limited.late"),
        ("firm", "firm.late"),
        ("non_refundable", "non_refundable.beforeCheckIn"),
    ],
)
def test_the_zero_band_refunds_the_cleaning_alone(tier: str, rule: str) -> None:
    outcome = cancelled(tier, CHECK_IN - DAY)
    assert amounts(outcome) == {CLEANING_FEE: 4500}
    assert outcome.trace.rule == rule


def test_the_host_is_paid_for_the_nights_kept_less_the_fee() -> None:
    kept = cancelled("strict", CHECK_IN - 8 * DAY).kept
    due = payout(kept, EXAMPLE.host_fee_rate)
    assert (kept.net_nights, due.host_fee, due.amount) == (44463, 1334, 43129)


# --- by the host, by an admin, before payment ---


@pytest.mark.parametrize(("by", "rule"), [("host", "byHost"), ("admin", "byAdmin")])
def test_host_and_admin_refund_everything_before_check_in_and_the_nights_not_stayed_after(by: str, rule: str) -> None:
    before = cancelled("non_refundable", CHECK_IN - TICK, by)
    assert (before.amount, before.trace.rule) == (110768, f"{rule}.beforeCheckIn")
    after = cancelled("non_refundable", CHECK_IN, by)
    assert after.trace.rule == f"{rule}.afterCheckIn"
    assert amounts(after) == {NIGHT: 79678, CITY_TAX: 4382}
    assert after.kept == Kept(9249, 4500, 12450, 509)
    assert cancelled("non_refundable", CHECK_IN + 7 * DAY, by).amount == 0


def test_what_was_never_captured_refunds_nothing_and_leaves_nobody_anything() -> None:
    outcome = cancelled("flexible", LONG_AGO, confirmed_at=None)
    assert outcome == nothing_paid(LONG_AGO)
    assert (outcome.amount, outcome.kept.total, outcome.trace.rule) == (0, 0, "notPaid")
    assert payout(outcome.kept, 300).amount == 0


def test_a_cancellation_by_anyone_else_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="expired"):
        cancelled("flexible", LONG_AGO, "expired")


def test_a_payment_without_a_stay_goes_back_whole() -> None:
    outcome = in_full(EXAMPLE, "latePayment", CHECK_IN + DAY)
    assert (outcome.amount, outcome.kept.total, outcome.trace.rule) == (110768, 0, "latePayment")


# --- edges ---


def test_a_stay_of_one_night_cancelled_late_keeps_its_only_night() -> None:
    price = priced((10000,), cleaning=2000, service=1400, tax=500)
    outcome = cancelled("flexible", CHECK_IN - HOUR, price=price, stay=stay_of(1))
    assert amounts(outcome) == {CLEANING_FEE: 2000}
    assert outcome.kept == Kept(10000, 0, 1400, 500)
    assert cancelled("moderate", CHECK_IN - HOUR, price=price, stay=stay_of(1)).amount == 2000


def test_a_stay_booked_on_its_day_after_check_in_time_has_its_first_night_stayed() -> None:
    booked = CHECK_IN + 3 * HOUR
    assert cancelled("flexible", booked, confirmed_at=booked).kept.net_nights == value_of_first(2, EXAMPLE)
    assert cancelled("flexible", booked, "host", confirmed_at=booked).kept.net_nights == value_of_first(1, EXAMPLE)


@pytest.mark.parametrize("tier", list(TIERS))
def test_a_price_of_nothing_refunds_nothing_and_divides_by_nothing(tier: str) -> None:
    free = priced((1,) * 7, discount=7)
    for at in (LONG_AGO, CHECK_IN - HOUR, CHECK_IN + DAY):
        assert cancelled(tier, at, price=free, stay=stay_of(7)).amount == 0
    assert cancelled(tier, LONG_AGO, price=priced((0, 0)), stay=stay_of(2)).amount == 0


@pytest.mark.parametrize("by", ["guest", "host", "admin"])
def test_the_service_fee_stays_once_a_night_is_stayed_even_one_worth_less_than_a_cent(by: str) -> None:
    price = priced((1, 1, 10**7), discount=10**7 - 98, service=14)
    policy = Policy("kind", (), TIERS["flexible"].after_check_in)
    outcome = cancelled(policy, CHECK_IN, by, price=price, stay=stay_of(3))
    assert amounts(outcome) == {NIGHT: 100}
    assert outcome.kept.service_fee == 14


def test_the_trace_names_every_cut_off_and_the_instant_that_counted() -> None:
    at = CHECK_IN - 10 * DAY
    trace = cancelled("limited", at, confirmed_at=JUST_NOW).trace
    assert trace.cancelled_at == at
    assert trace.cut_offs == (
        CutOff("limited.beforeFirstCutOff", CHECK_IN - 14 * DAY),
        CutOff("limited.beforeSecondCutOff", CHECK_IN - 7 * DAY),
        CutOff("limited.late", CHECK_IN),
    )


def test_what_disputes_have_left_goes_back_line_after_line() -> None:
    outcome = cancelled("flexible", CHECK_IN - 2 * DAY)
    assert outcome.at_most(outcome.amount) == outcome.at_most(outcome.amount + 1) == outcome
    less = outcome.at_most(90000)
    assert (less.amount, amounts(less)) == (90000, {NIGHT: 88927, CLEANING_FEE: 1073})
    assert (less.kept, less.trace) == (outcome.kept, outcome.trace)
    assert outcome.at_most(0).lines == ()


def test_a_payout_is_never_below_nothing() -> None:
    kept = all_kept(EXAMPLE)
    assert kept.total == EXAMPLE.total
    assert payout(kept, 300).amount == 88927 + 4500 - 2668
    assert payout(kept, 300, 90759).amount == 0
    assert payout(kept, 300, 200000).amount == 0
    assert payout(kept, 300, 759).amount == 90000


# --- properties ---


@st.composite
def agreed(draw: st.DrawFn) -> tuple[Price, Stay]:
    prices = tuple(draw(st.lists(st.integers(1, 10**7), min_size=1, max_size=40)))
    discount = draw(st.integers(0, sum(prices)))
    fees = [draw(st.integers(0, 10**6)) for _ in range(3)]
    zone = draw(st.sampled_from(["Europe/Paris", "Australia/Lord_Howe", "Pacific/Kiritimati", "Pacific/Pago_Pago"]))
    start = draw(st.dates(date(2026, 1, 1), date(2027, 12, 1)))
    return priced(prices, discount, *fees), stay_of(len(prices), zone, start, draw(st.times()))


falling_steps = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, WHOLE)), min_size=1, max_size=5).map(
    lambda pairs: custom(
        Step(hours, points)
        for hours, points in zip(sorted({h for h, _ in pairs}), sorted(p for _, p in pairs), strict=False)
    )
)
policies = st.sampled_from(list(TIERS.values())) | falling_steps
moments = st.timedeltas(timedelta(days=-60), timedelta(days=45))
actors = st.sampled_from(["guest", "host", "admin"])


@given(agreed(), policies, moments, st.timedeltas(timedelta(0), timedelta(days=90)), actors)
def test_what_goes_back_and_what_stays_are_the_price_part_by_part(
    booking: tuple[Price, Stay], policy: Policy, when: timedelta, waited: timedelta, by: str
) -> None:
    price, stay = booking
    at = stay.check_in + when
    outcome = cancelled(policy, at, by, price=price, stay=stay, confirmed_at=at - waited)
    back, kept = amounts(outcome), outcome.kept
    parts = {
        NIGHT: (kept.net_nights, price.net_nights),
        CLEANING_FEE: (kept.cleaning_fee, price.sum_of(CLEANING_FEE)),
        SERVICE_FEE: (kept.service_fee, price.sum_of(SERVICE_FEE)),
        CITY_TAX: (kept.city_tax, price.sum_of(CITY_TAX)),
    }
    for kind, (stays, whole) in parts.items():
        assert 0 <= back.get(kind, 0) <= whole
        assert back.get(kind, 0) + stays == whole
    assert outcome.amount == sum(back.values()) == price.total - kept.total
    assert 0 not in back.values()
    assert 0 <= payout(kept, price.host_fee_rate).amount <= kept.net_nights + kept.cleaning_fee


@given(agreed(), policies, moments, moments, actors)
def test_cancelling_later_never_refunds_more(
    booking: tuple[Price, Stay], policy: Policy, one: timedelta, other: timedelta, by: str
) -> None:
    price, stay = booking
    confirmed = stay.check_in - timedelta(days=1000)
    sooner, later = (
        cancelled(policy, stay.check_in + when, by, price=price, stay=stay, confirmed_at=confirmed)
        for when in sorted((one, other))
    )
    assert later.amount <= sooner.amount
    assert all(amounts(later)[kind] <= amounts(sooner).get(kind, 0) for kind in amounts(later))


@given(agreed(), policies, moments)
def test_host_and_admin_never_give_back_less_than_the_guests_policy(
    booking: tuple[Price, Stay], policy: Policy, when: timedelta
) -> None:
    price, stay = booking
    guest, host = (cancelled(policy, stay.check_in + when, by, price=price, stay=stay) for by in ("guest", "host"))
    assert guest.amount <= host.amount


@given(agreed())
def test_all_nights_together_are_worth_the_net_nights(booking: tuple[Price, Stay]) -> None:
    price, stay = booking
    worth = [value_of_first(n, price) for n in range(len(stay.nights) + 1)]
    assert worth[0] == 0
    assert worth[-1] == price.net_nights
    assert worth == sorted(worth)
