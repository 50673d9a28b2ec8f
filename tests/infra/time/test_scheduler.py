"""Deadlines are acted on in order, each as of its own instant, those they set included; whatever fails or crashes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from commands.ports import Unavailable
from infra.scheduler import LATE, Scheduler
from tests.infra.time.alarms import MINUTE, NOON, Tower, open_tower


@pytest.fixture
async def tower(database: str) -> AsyncIterator[Tower]:
    async with open_tower(database) as tower:
        tower.follow()
        yield tower


@pytest.fixture
async def still(database: str) -> AsyncIterator[Tower]:
    """One whose table of deadlines nobody keeps."""
    async with open_tower(database) as tower:
        yield tower


async def test_they_are_acted_on_in_order_each_as_of_its_own_instant(tower: Tower) -> None:
    third, first, second = await tower.set(30), await tower.set(10), await tower.set(20)
    await (await tower.scheduler()).run_until(NOON + 60 * MINUTE)
    assert await tower.rung() == [(first, 10), (second, 20), (third, 30)]


async def test_those_they_set_are_acted_on_in_their_turn(tower: Tower) -> None:
    twice, once, late = await tower.set(10, again=15), await tower.set(20), await tower.set(30, again=60)
    await (await tower.scheduler()).run_until(NOON + 60 * MINUTE)
    assert await tower.rung() == [(twice, 10), (once, 20), (twice, 25), (late, 30)]


@pytest.mark.parametrize("at_once", [1, 2, 3])
async def test_however_few_are_looked_at_a_time(tower: Tower, at_once: int) -> None:
    alarms = [await tower.set(n, again=15) for n in (10, 20, 30, 40)]
    await (await tower.scheduler(at_once=at_once)).run_until(NOON + 60 * MINUTE)
    again = [(alarm, at) for n, alarm in enumerate(alarms, 1) for at in (10 * n, 10 * n + 15)]
    assert await tower.rung() == sorted(again, key=lambda rang: rang[1])


async def test_what_is_not_due_yet_is_left_alone(tower: Tower) -> None:
    await tower.set(10)
    await (await tower.scheduler()).run_until(NOON + 10 * MINUTE - timedelta(microseconds=1))
    assert await tower.rung() == []


async def test_nothing_is_overlooked_that_the_table_does_not_have_yet(still: Tower) -> None:
    alarm = await still.set(10, again=10)
    await (await still.scheduler(follows=False)).run_until(NOON + 60 * MINUTE)
    assert await still.rung() == [(alarm, 10), (alarm, 20)]


async def test_reads_show_what_was_done_when_it_returns(tower: Tower) -> None:
    await tower.set(10)
    await (await tower.scheduler()).run_until(NOON + 60 * MINUTE)
    ((left,),) = await (await tower.line("test")).ask("SELECT count(*) FROM deadline")
    assert left == 0


async def test_two_schedulers_act_on_each_once(tower: Tower) -> None:
    alarms = [await tower.set(n, again=100) for n in range(20)]
    schedulers = [await tower.scheduler(), await tower.scheduler()]
    await asyncio.gather(*(scheduler.run_until(NOON + 300 * MINUTE) for scheduler in schedulers))
    expected = [(alarm, n + more) for n, alarm in enumerate(alarms) for more in (0, 100)]
    assert await tower.rung() == sorted(expected, key=lambda rang: rang[1])


async def test_who_comes_after_a_crash_goes_on_where_it_ended(tower: Tower) -> None:
    alarms = [await tower.set(n) for n in range(30)]
    cut_off = asyncio.create_task((await tower.scheduler()).run_until(NOON + 60 * MINUTE))
    while len(await tower.rung()) < 5:
        await tower.store.wait_for_events(await tower.store.head(), 1.0)
    cut_off.cancel()
    with suppress(asyncio.CancelledError):
        await cut_off
    await (await tower.scheduler()).run_until(NOON + 60 * MINUTE)
    assert await tower.rung() == [(alarm, n) for n, alarm in enumerate(alarms)]


async def test_one_that_fails_is_tried_again_and_keeps_no_other_waiting(tower: Tower) -> None:
    stuck, fine = await tower.set(10), await tower.set(20)
    tower.broken[stuck] = 3
    scheduler = await tower.scheduler()
    await scheduler.run_until(NOON + 60 * MINUTE)
    assert await tower.rung() == [(fine, 20), (stuck, 10)]
    assert tower.tried[:2] == [stuck, fine]
    assert (await scheduler.health()).get("problem") is None


@pytest.mark.parametrize("at_once", [2, 3, 1_000])
async def test_what_fails_waits_behind_what_does_not_however_much_of_it_there_is(tower: Tower, at_once: int) -> None:
    """Each try of it may take long: a payment provider is silent for a while before it counts as away."""
    stuck = [await tower.set(n) for n in (10, 11, 12)]
    tower.broken |= dict.fromkeys(stuck, 1_000)
    scheduler = await tower.scheduler(at_once=at_once, patience=0.3)
    with pytest.raises(Unavailable):
        await scheduler.run_until(NOON + 15 * MINUTE)
    fine = [await tower.set(n) for n in (20, 30, 40)]
    tower.tried.clear()
    tower.wall.at += 60 * MINUTE
    working = asyncio.create_task(scheduler.run())
    while len(await tower.rung()) < len(fine):
        await tower.store.wait_for_events(await tower.store.head(), 1.0)
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    assert await tower.rung() == [(alarm, n) for alarm, n in zip(fine, (20, 30, 40), strict=True)]


async def test_one_that_keeps_failing_is_said_and_stays_due(tower: Tower) -> None:
    stuck, fine = await tower.set(10), await tower.set(20)
    tower.broken[stuck] = 1_000
    scheduler = await tower.scheduler(patience=0.3)
    with pytest.raises(Unavailable, match=f"ring of {stuck}"):
        await scheduler.run_until(NOON + 60 * MINUTE)
    assert await tower.rung() == [(fine, 20)]
    tower.wall.at += 60 * MINUTE
    told = await scheduler.health()
    assert told["failing"] == told["due"] == 1
    assert told["problem"].endswith("times: Refused")
    tower.broken.clear()
    await scheduler.run_until(NOON + 60 * MINUTE)
    assert await tower.rung() == [(fine, 20), (stuck, 10)]
    assert (await scheduler.health()).get("problem") is None


async def test_nobody_waits_twice_for_one_that_keeps_failing(tower: Tower) -> None:
    stuck = await tower.set(10)
    tower.broken[stuck] = 1_000
    scheduler = await tower.scheduler(patience=0.3)
    with pytest.raises(Unavailable, match=f"ring of {stuck}"):
        await scheduler.run_until(NOON + 60 * MINUTE)
    fine = await tower.set(20)
    await scheduler.run_until(NOON + 60 * MINUTE)
    assert await tower.rung() == [(fine, 20)]
    tower.wall.at += 60 * MINUTE
    assert "problem" in await scheduler.health()


async def test_one_that_changed_nothing_is_not_acted_on_for_ever(tower: Tower) -> None:
    """As when what was due has come about in another way, and no fact says so."""
    alarm = await tower.set(10)
    scheduler = await tower.scheduler()
    line = await tower.line("test")
    await tower.side.waiting.until_now(tower.side.models, 5)
    await line.ask("INSERT INTO deadline VALUES ('ring', gen_random_uuid(), '2026-06-01 12:05Z', 1)")
    await scheduler.run_until(NOON + 60 * MINUTE)
    await scheduler.run_until(NOON + 60 * MINUTE)
    ((left,),) = await line.ask("SELECT count(*) FROM deadline")
    assert left == 0
    assert len(set(tower.tried)) == 2
    assert await tower.rung() == [(alarm, 10)]


async def test_left_to_itself_it_acts_when_the_time_has_come(tower: Tower) -> None:
    scheduler = await tower.scheduler()
    running = asyncio.create_task(scheduler.run())
    first, second = await tower.set(10, again=10), await tower.set(15)
    for minutes, rung in ((10, [(first, 10.0)]), (20, [(first, 10.0), (second, 15.0), (first, 20.0)])):
        tower.wall.at = NOON + minutes * MINUTE
        async with asyncio.timeout(10):
            while await tower.rung() != rung:
                await tower.store.wait_for_events(await tower.store.head(), 0.1)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_its_health_says_that_nobody_acts(tower: Tower) -> None:
    scheduler = await tower.scheduler()
    await tower.set(10)
    await tower.side.waiting.until_now(tower.side.models, 5)
    assert await scheduler.health() == {"due": 0, "failing": 0, "lateSeconds": 0}
    tower.wall.at = NOON + 10 * MINUTE + LATE
    assert await scheduler.health() == {"due": 1, "failing": 0, "lateSeconds": LATE.total_seconds()}
    tower.wall.at += MINUTE
    assert "1 deadlines are due" in (await scheduler.health())["problem"]


async def test_what_is_due_because_the_clock_was_moved_is_not_late(tower: Tower) -> None:
    scheduler: Scheduler = await tower.scheduler()
    await tower.set(10)
    await tower.side.waiting.until_now(tower.side.models, 5)
    await tower.clock.advance(timedelta(days=30))
    assert await scheduler.health() == {"due": 1, "failing": 0, "lateSeconds": 0}


async def test_one_that_keeps_failing_as_a_whole_tries_ever_more_seldom(
    still: Tower, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault that stays fills no log."""
    monkeypatch.setattr("infra.scheduler.TICK", 0.001)
    scheduler = await still.scheduler(follows=False)

    async def look() -> float:
        raise LookupError("event 7 has no command in the journal: the log is damaged")

    monkeypatch.setattr(scheduler, "_look", look)
    with capture_logs() as lines:
        running = asyncio.create_task(scheduler.run())
        while len(lines) < 5:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [line.get("seconds") for line in lines[:5]] == [0.002, 0.004, 0.008, 0.016, 0.032]
