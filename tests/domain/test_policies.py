"""The cancellation rules, row by row: which rule decides at which instant, and what it refunds."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

import pytest

from domain.errors import Invalid
from domain.money import WHOLE
from domain.policies import TIERS, Grace, Policy, Step, custom, named, steps_of
from domain.pricing import CITY_TAX, CLEANING_FEE, NIGHT, SERVICE_FEE
from domain.refunds import CutOff
from tests.domain.cancellations import (
    CHECK_IN,
    DAY,
    HOUR,
    JUST_NOW,
    LONG_AGO,
    PRICES,
    TICK,
    amounts,
    cancelled,
    priced,
    stay_of,
)

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
        [Step(24, 100), Step(100_001, 100)],
        [Step(24, 100), Step(48, WHOLE + 1)],
        [Step(24, 100), Step(24, 200)],
        [Step(n, 100) for n in range(51)],
    ],
)
def test_steps_that_say_nothing_or_contradict_themselves_are_refused(steps: list[Step]) -> None:
    with pytest.raises(Invalid) as refusal:
        custom(steps)
    assert list(refusal.value.detail["fields"]) == ["cancellationPolicy.steps"]


def test_as_many_steps_as_early_as_may_be_are_taken() -> None:
    steps = [Step(100_000 - n, 100) for n in range(50)]
    assert steps_of(custom(steps)) == tuple(steps)


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
