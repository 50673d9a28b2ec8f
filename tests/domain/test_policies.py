"""The cancellation rules, row by row: what goes back, what stays, and by which rule."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.money import WHOLE
from domain.policies import TIERS, Grace, Policy, Step, custom, named, steps_of
from domain.pricing import CITY_TAX, CLEANING_FEE, DISCOUNT, NIGHT, SERVICE_FEE, Price, PriceLine
from domain.refunds import (
    CutOff,
    Kept,
    Refund,
    all_kept,
    in_full,
    nothing_paid,
    payout,
    refund,
    value_of_first,
)
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


# --- every row of the table, at and around its cut-offs ---


class Row(NamedTuple):
    """A tier, how long before check-in, the rule that decides, the net nights it refunds."""

    tier: str
    left: timedelta
    rule: str
    nights: int


MODERATE_LATE = 39839  # half of 889.27 − 92.49 = 796.78
BEFORE = [
    Row("flexible", DAY + TICK, "flexible.beforeCutOff", 88927),
    Row("flexible", DAY, "flexible.late", 79678),
    Row("flexible", TICK, "flexible.late", 79678),
    Row("moderate", 5 * DAY + TICK, "moderate.beforeCutOff", 88927),
    Row("moderate", 5 * DAY, "moderate.late", MODERATE_LATE),
    Row("moderate", TICK, "moderate.late", MODERATE_LATE),
    Row("limited", 14 * DAY + TICK, "limited.beforeFirstCutOff", 88927),
    Row("limited", 14 * DAY, "limited.beforeSecondCutOff", 44464),
    Row("limited", 7 * DAY + TICK, "limited.beforeSecondCutOff", 44464),
    Row("limited", 7 * DAY, "limited.late", 0),
    Row("firm", 30 * DAY + TICK, "firm.beforeFirstCutOff", 88927),
    Row("firm", 30 * DAY, "firm.beforeSecondCutOff", 44464),
    Row("firm", 7 * DAY + TICK, "firm.beforeSecondCutOff", 44464),
    Row("firm", 7 * DAY, "firm.late", 0),
    Row("strict", 60 * DAY, "strict.beforeCutOff", 44464),
    Row("strict", 7 * DAY + TICK, "strict.beforeCutOff", 44464),
    Row("strict", 7 * DAY, "strict.late", 0),
    Row("non_refundable", 90 * DAY, "non_refundable.beforeCheckIn", 0),
]


@pytest.mark.parametrize("row", BEFORE, ids=str)
def test_until_a_cut_off_means_before_it(row: Row) -> None:
    outcome = cancelled(row.tier, CHECK_IN - row.left)
    assert outcome.trace.rule == row.rule
    assert amounts(outcome).get(NIGHT, 0) == row.nights
    assert amounts(outcome)[CLEANING_FEE] == 4500
    assert (SERVICE_FEE in amounts(outcome)) == (row.nights == 88927)


@pytest.mark.parametrize(
    ("tier", "since", "kept_nights", "refund_rate"),
    [
        ("flexible", timedelta(), 2, WHOLE),  # at the check-in instant the first night is stayed
        ("flexible", DAY - TICK, 2, WHOLE),
        ("flexible", DAY, 3, WHOLE),
        ("flexible", 6 * DAY, 8, WHOLE),  # seven stayed and one: all
        ("flexible", 7 * DAY, 8, WHOLE),  # never more nights than there are
        ("moderate", timedelta(), 2, WHOLE // 2),
        ("moderate", 3 * DAY, 5, WHOLE // 2),
        ("moderate", 7 * DAY + HOUR, 8, WHOLE // 2),
        ("limited", timedelta(), 0, 0),
        ("firm", timedelta(), 0, 0),
        ("strict", timedelta(), 0, 0),
        ("non_refundable", timedelta(), 0, 0),
    ],
)
def test_after_check_in_only_nights_and_their_tax_go_back(
    tier: str, since: timedelta, kept_nights: int, refund_rate: int
) -> None:
    outcome = cancelled(tier, CHECK_IN + since)
    rest = 88927 - round(88927 * sum(PRICES[:kept_nights]) / 96137)
    expected = round(rest * refund_rate / WHOLE)
    assert amounts(outcome).get(NIGHT, 0) == expected
    assert amounts(outcome).get(CITY_TAX, 0) == round(4891 * expected / 88927)
    assert set(amounts(outcome)) <= {NIGHT, CITY_TAX}
    assert outcome.kept.cleaning_fee == 4500
    assert outcome.trace.rule == f"{tier}.afterCheckIn"


def test_the_last_night_of_a_moderate_stay_is_never_shared() -> None:
    assert cancelled("moderate", CHECK_IN + 7 * DAY).amount == 0


# --- custom steps ---

STEPS = custom((Step(168, 5000), Step(336, WHOLE), Step(24, 1250)))


@pytest.mark.parametrize(
    ("left", "rule", "rate"),
    [
        (timedelta(hours=1000), "custom.step336", WHOLE),
        (timedelta(hours=336), "custom.step336", WHOLE),
        (timedelta(hours=336) - TICK, "custom.step168", 5000),
        (timedelta(hours=168), "custom.step168", 5000),
        (timedelta(hours=168) - TICK, "custom.step24", 1250),
        (timedelta(hours=24), "custom.step24", 1250),
        (timedelta(hours=24) - TICK, "custom.belowLastStep", 0),
        (TICK, "custom.belowLastStep", 0),
        (timedelta(), "custom.afterCheckIn", 0),
    ],
)
def test_the_step_with_the_most_hours_not_above_the_time_left_decides(left: timedelta, rule: str, rate: int) -> None:
    outcome = cancelled(STEPS, CHECK_IN - left, confirmed_at=JUST_NOW - 90 * DAY)
    assert outcome.trace.rule == rule
    assert amounts(outcome).get(NIGHT, 0) == round(88927 * rate / WHOLE)


def test_a_step_of_no_hours_lasts_until_check_in() -> None:
    policy = custom([Step(0, WHOLE)])
    assert cancelled(policy, CHECK_IN - TICK).amount == 110768
    assert cancelled(policy, CHECK_IN).amount == 0


def test_hours_are_elapsed_time_where_days_are_the_calendars() -> None:
    """Clocks go forward on 29 March: one calendar day before check-in is only 23 hours before it."""
    stay = stay_of(8, start=date(2026, 3, 29))
    by_steps = custom([Step(24, WHOLE)])
    at = stay.check_in - timedelta(hours=23, minutes=30)
    assert cancelled("flexible", at, stay=stay).trace.rule == "flexible.beforeCutOff"
    assert cancelled(by_steps, at, stay=stay).trace.rule == "custom.belowLastStep"
    assert cancelled("flexible", stay.check_in - timedelta(hours=23), stay=stay).trace.rule == "flexible.late"


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [Step(-1, 100)],
        [Step(100_001, 100)],
        [Step(24, -1)],
        [Step(24, WHOLE + 1)],
        [Step(24, 100), Step(24, 200)],
        [Step(n, 100) for n in range(51)],
    ],
)
def test_steps_that_say_nothing_or_contradict_themselves_are_refused(steps: list[Step]) -> None:
    with pytest.raises(Invalid) as refusal:
        custom(steps)
    assert list(refusal.value.detail["fields"]) == ["cancellationPolicy.steps"]


def test_an_unknown_tier_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        named("generous")
    assert list(refusal.value.detail["fields"]) == ["cancellationPolicy.tier"]


def test_a_policy_tells_the_steps_it_was_made_of() -> None:
    assert steps_of(STEPS) == (Step(336, WHOLE), Step(168, 5000), Step(24, 1250))
    assert steps_of(named("firm")) == ()


# --- the listing's calendar ---


@pytest.mark.parametrize(
    ("zone", "start", "at", "utc"),
    [
        ("Europe/Paris", date(2026, 10, 26), time(15), "2026-10-25 14:00"),  # 25 hours: the clocks went back
        ("America/New_York", date(2026, 3, 9), time(2, 30), "2026-03-08 07:30"),  # 02:30 did not exist
        ("America/New_York", date(2026, 11, 2), time(1, 30), "2026-11-01 05:30"),  # 01:30 came twice
        ("Australia/Lord_Howe", date(2026, 10, 5), time(2, 15), "2026-10-03 15:45"),
        ("Pacific/Kiritimati", date(2026, 6, 2), time(15), "2026-06-01 01:00"),
        ("Pacific/Pago_Pago", date(2026, 6, 2), time(15), "2026-06-02 02:00"),
        ("Pacific/Apia", date(2012, 1, 1), time(15), "2011-12-31 01:00"),
        ("Pacific/Apia", date(2011, 12, 31), time(15), "2011-12-31 01:00"),  # the day before it was left out
    ],
)
def test_a_cut_off_in_days_stands_at_the_same_local_time(zone: str, start: date, at: time, utc: str) -> None:
    stay = stay_of(8, zone, start, at)
    cut_off = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert cancelled("flexible", cut_off - TICK, stay=stay).trace.rule == "flexible.beforeCutOff"
    assert cancelled("flexible", cut_off, stay=stay).trace.rule != "flexible.beforeCutOff"
    assert cancelled("flexible", cut_off - TICK, stay=stay).trace.cut_offs[-2].until == cut_off


# --- grace ---


@pytest.mark.parametrize("tier", ["limited", "firm", "strict"])
def test_a_day_of_grace_refunds_everything(tier: str) -> None:
    confirmed = CHECK_IN - 7 * DAY
    outcome = cancelled(tier, confirmed + 24 * HOUR, confirmed_at=confirmed)
    assert outcome.amount == 110768
    assert outcome.trace.rule == "grace"
    assert outcome.trace.cut_offs[0] == CutOff("grace", confirmed + 24 * HOUR)


def test_after_the_grace_the_tier_decides() -> None:
    confirmed = CHECK_IN - 7 * DAY
    outcome = cancelled("strict", confirmed + 24 * HOUR + TICK, confirmed_at=confirmed)
    assert outcome.trace.rule == "strict.late"


def test_a_stay_confirmed_less_than_seven_days_ahead_has_no_grace() -> None:
    confirmed = CHECK_IN - 7 * DAY + TICK
    assert cancelled("strict", confirmed, confirmed_at=confirmed).trace.rule == "strict.late"


def test_the_seven_days_of_the_grace_are_the_calendars_and_its_hours_elapsed() -> None:
    """The clocks go forward in between: seven days are 167 hours, the grace's day is 24 hours all the same."""
    stay = stay_of(8, start=date(2026, 4, 1))
    confirmed = stay.check_in - timedelta(hours=167)
    assert cancelled("strict", confirmed + 24 * HOUR, stay=stay, confirmed_at=confirmed).trace.rule == "grace"
    late = confirmed + TICK
    assert cancelled("strict", late, stay=stay, confirmed_at=late).trace.rule == "strict.late"


@pytest.mark.parametrize(("nights", "rule"), [(27, "grace"), (28, "strict.beforeCutOff")])
def test_a_stay_of_28_nights_has_no_grace(nights: int, rule: str) -> None:
    price = priced((100,) * nights)
    outcome = cancelled("strict", LONG_AGO + HOUR, price=price, stay=stay_of(nights))
    assert outcome.trace.rule == rule


@pytest.mark.parametrize("policy", [TIERS["non_refundable"], custom([Step(100, 0), Step(0, 0)])])
def test_what_never_refunds_has_no_grace(policy: Policy) -> None:
    assert amounts(cancelled(policy, LONG_AGO)) == {CLEANING_FEE: 4500}


def test_steps_that_refund_something_have_a_grace() -> None:
    assert cancelled(custom([Step(9_999, 1), Step(100, 0)]), LONG_AGO).trace.rule == "grace"


def test_a_tier_that_refunds_everything_anyway_is_the_rule_even_in_the_grace() -> None:
    assert cancelled("flexible", LONG_AGO + HOUR).trace.rule == "flexible.beforeCutOff"


def test_the_grace_is_the_marketplaces_to_set_and_kept_with_the_policy() -> None:
    policy = named("strict", Grace(hours=2, days_ahead=1, under_nights=9))
    assert cancelled(policy, JUST_NOW + 2 * HOUR, confirmed_at=JUST_NOW).trace.rule == "grace"
    assert cancelled(policy, JUST_NOW + 2 * HOUR + TICK, confirmed_at=JUST_NOW).trace.rule == "strict.late"
    assert named("non_refundable", Grace(hours=2)).grace is None


def test_the_grace_never_reaches_past_check_in() -> None:
    policy = named("strict", Grace(hours=2, days_ahead=0))
    confirmed = CHECK_IN - HOUR
    assert cancelled(policy, CHECK_IN - TICK, confirmed_at=confirmed).trace.rule == "grace"
    assert cancelled(policy, CHECK_IN, confirmed_at=confirmed).trace.rule == "strict.afterCheckIn"


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
