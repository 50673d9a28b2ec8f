"""The brake on guessing, as rows that every process counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from commands.credentials import TooManyAttempts
from infra.identity.throttle import Limits, PostgresThrottle
from infra.postgres.line import Line
from tests.infra.identity.house import WallClock

ANNA, BEN = UUID(int=1), UUID(int=2)
HOME, CAFE = "192.0.2.1", "2001:db8::7"


@pytest.fixture
def throttle(line: Line) -> PostgresThrottle:
    return PostgresThrottle(line, Limits(per_account=3, per_address=5, window=timedelta(minutes=15)))


async def fail(throttle: PostgresThrottle, clock: WallClock, account: UUID = ANNA, address: str = HOME) -> None:
    await throttle.admit(account, address, clock.now)
    await throttle.settle(account, address, clock.now, right=False)


async def stopped(throttle: PostgresThrottle, clock: WallClock, account: UUID = ANNA, address: str = HOME) -> int:
    """How many seconds to wait; 0 if there is no need to."""
    try:
        await throttle.admit(account, address, clock.now)
    except TooManyAttempts as too_many:
        return too_many.retry_after
    return 0


async def test_an_account_is_closed_to_an_address_until_the_oldest_failure_is_old_enough(
    throttle: PostgresThrottle, clock: WallClock
) -> None:
    for _ in range(3):
        await fail(throttle, clock)
        clock.forward(minutes=2)
    assert await stopped(throttle, clock) == 9 * 60
    assert await stopped(throttle, clock, address=CAFE) == 0
    assert await stopped(throttle, clock, account=BEN) == 0
    clock.forward(minutes=9)
    assert await stopped(throttle, clock) == 0
    await fail(throttle, clock)
    assert await stopped(throttle, clock) == 2 * 60


async def test_an_address_is_closed_after_failures_on_any_accounts(
    throttle: PostgresThrottle, clock: WallClock
) -> None:
    for n in range(5):
        await fail(throttle, clock, account=UUID(int=10 + n))
    assert await stopped(throttle, clock, account=BEN) == 15 * 60
    assert await stopped(throttle, clock, account=BEN, address=CAFE) == 0


async def test_what_is_stopped_counts_no_further(throttle: PostgresThrottle, clock: WallClock) -> None:
    for _ in range(3):
        await fail(throttle, clock)
    clock.forward(minutes=10)
    with pytest.raises(TooManyAttempts):
        await throttle.settle(ANNA, HOME, clock.now, right=False)
    clock.forward(minutes=5)
    assert await stopped(throttle, clock) == 0


async def test_a_success_forgives_that_account_there(throttle: PostgresThrottle, clock: WallClock) -> None:
    for account in (ANNA, ANNA, BEN, BEN):
        await fail(throttle, clock, account=account)
    await throttle.settle(ANNA, HOME, clock.now, right=True)
    await fail(throttle, clock)
    await fail(throttle, clock)
    assert await stopped(throttle, clock) == 0, "two of three, and four of five from there"
    await fail(throttle, clock, account=BEN)
    assert await stopped(throttle, clock) == 15 * 60


async def test_a_right_guess_in_a_crowd_of_wrong_ones_is_not_told(throttle: PostgresThrottle, clock: WallClock) -> None:
    for _ in range(3):
        await throttle.admit(ANNA, HOME, clock.now)
    await throttle.admit(ANNA, HOME, clock.now)
    for _ in range(3):
        await throttle.settle(ANNA, HOME, clock.now, right=False)
    with pytest.raises(TooManyAttempts):
        await throttle.settle(ANNA, HOME, clock.now, right=True)


@pytest.fixture
async def lines(migrated: str) -> AsyncIterator[list[Line]]:
    opened = [Line(migrated, f"process {n}") for n in range(4)]
    yield opened
    for line in opened:
        await line.close()


async def test_exactly_as_many_as_the_limit_are_told_whatever_comes_at_once(
    lines: list[Line], clock: WallClock
) -> None:
    throttles = [PostgresThrottle(line, Limits(per_account=3, per_address=5)) for line in lines]
    told = await asyncio.gather(
        *(throttles[n % 4].settle(UUID(int=n % 2), HOME, clock.now, right=False) for n in range(24)),
        return_exceptions=True,
    )
    assert told.count(None) == 5
    assert sum(isinstance(one, TooManyAttempts) for one in told) == 19


async def test_old_failures_are_forgotten(throttle: PostgresThrottle, clock: WallClock, line: Line) -> None:
    await fail(throttle, clock)
    clock.forward(minutes=16)
    await fail(throttle, clock, account=BEN)
    assert await line.ask("SELECT account FROM login_failure") == [(BEN,)]
