"""The product's clock: the wall's, moved on by the sandbox, never back, the same in every process."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import psycopg
import pytest
from pydantic import ValidationError

from commands.bus import KeyReused
from commands.ports import Key
from domain.errors import Invalid, NotThere
from infra.clock import MOST, MOST_AHEAD, Clock
from infra.postgres.connected import connected
from infra.postgres.migrate import migrate
from infra.sandbox import MoveClock, move, told

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Wall:
    """A wall clock that the test sets."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
async def clock(database: str, wall: Wall) -> AsyncIterator[Clock]:
    await migrate(database)
    async with Clock(database, movable=True, wall=wall) as clock:
        yield clock


async def test_it_begins_as_the_walls_and_runs_on_with_it(clock: Clock, wall: Wall) -> None:
    assert clock.now() == NOON
    wall.at += HOUR
    assert clock.now() == clock.real_now() == NOON + HOUR


async def test_it_goes_by_whole_milliseconds_as_it_is_told(clock: Clock, wall: Wall) -> None:
    """So that whoever moves it to an instant that was shown is there, and not a moment before it."""
    wall.at += timedelta(microseconds=1_999)
    assert clock.now() == NOON + timedelta(milliseconds=1)
    assert datetime.fromisoformat(told(clock.now())["now"]) == clock.now()
    assert clock.real_now() == wall.at


async def test_moved_on_it_runs_on_from_there_and_the_walls_is_left_alone(clock: Clock, wall: Wall) -> None:
    assert await clock.advance(timedelta(days=3)) == NOON + timedelta(days=3)
    wall.at += HOUR
    assert clock.now() == NOON + timedelta(days=3, hours=1)
    assert clock.real_now() == NOON + HOUR


async def test_it_is_set_to_a_later_time_and_not_to_an_earlier(clock: Clock) -> None:
    later = NOON + timedelta(days=1)
    assert await clock.set(later) == later
    assert await clock.set(later) == later
    for earlier in (later - timedelta(microseconds=1), NOON, datetime(1, 1, 1, tzinfo=UTC)):
        with pytest.raises(Invalid):
            await clock.set(earlier)
    with pytest.raises(Invalid):
        await clock.advance(-HOUR)
    assert clock.now() == later


async def test_it_is_not_moved_beyond_all_measure(clock: Clock) -> None:
    for far in (MOST + HOUR, timedelta.max):
        with pytest.raises(Invalid):
            await clock.advance(far)
    with pytest.raises(Invalid):
        await clock.set(datetime.max.replace(tzinfo=UTC))
    for _ in range(MOST_AHEAD // MOST):
        await clock.advance(MOST)
    with pytest.raises(Invalid):
        await clock.advance(HOUR)
    with pytest.raises(Invalid):
        await clock.set(clock.now() + HOUR)


async def test_how_far_it_is_ahead_is_kept_with_the_data(database: str, clock: Clock, wall: Wall) -> None:
    await clock.advance(HOUR)
    for movable in (True, False):
        async with Clock(database, movable=movable, wall=wall) as again:
            assert again.now() == NOON + HOUR


async def test_other_processes_notice_at_once(database: str, clock: Clock, wall: Wall) -> None:
    async with Clock(database, movable=True, wall=wall) as other:
        await clock.advance(HOUR)
        with anyio.fail_after(5):
            while other.now() != clock.now():  # noqa: ASYNC110 - a clock tells nobody that it was moved
                await anyio.sleep(0.005)


async def test_two_who_move_it_at_once_both_move_it(database: str, clock: Clock, wall: Wall) -> None:
    async with Clock(database, movable=True, wall=wall) as other:
        await asyncio.gather(*(each.advance(HOUR) for each in (clock, other) for _ in range(5)))
        async with Clock(database, movable=False, wall=wall) as third:
            assert third.now() == NOON + 10 * HOUR


async def test_under_one_key_it_is_moved_once_however_often_and_however_many_ask(
    database: str, clock: Clock, wall: Wall
) -> None:
    once = Key("admin retried", b"by an hour")
    assert await clock.reached_by(once) is None
    async with Clock(database, movable=True, wall=wall) as other:
        moves = [each.advance(HOUR, once) for each in (clock, other) for _ in range(3)]
        assert set(await asyncio.gather(*moves)) == {NOON + HOUR}
        await other.set(NOON + 5 * HOUR)
    assert await clock.reached_by(once) == await clock.advance(HOUR, once) == NOON + HOUR
    for asked in (clock.advance(2 * HOUR, once._replace(fingerprint=b"by two")), clock.reached_by(Key(once.text, b""))):
        with pytest.raises(KeyReused):
            await asked
    async with Clock(database, movable=False, wall=wall) as third:
        assert third.now() == NOON + 5 * HOUR


async def test_a_move_whose_answer_is_lost_is_made_once(database: str, clock: Clock) -> None:
    """The line that was cut off does its work again."""
    line, use = clock._line, clock._line.use

    async def cut(work: Any) -> Any:
        await use(work)
        return await use(work)

    line.use = cut  # type: ignore[method-assign]
    assert await clock.advance(HOUR) == clock.now() == NOON + HOUR


async def test_outside_the_sandbox_there_is_no_clock_to_move(database: str, wall: Wall) -> None:
    await migrate(database)
    async with Clock(database, movable=False, wall=wall) as clock:
        with pytest.raises(NotThere):
            await clock.advance(HOUR)
        with pytest.raises(NotThere):
            await clock.set(NOON + HOUR)


class Acting:
    """Says how far it was asked to act."""

    def __init__(self) -> None:
        self.until: list[datetime] = []

    async def run_until(self, until: datetime) -> None:
        self.until.append(until)


@pytest.mark.parametrize(
    ("said", "now"),
    [
        ({"advance": "P3DT2H"}, "2026-06-04T14:00:00.000Z"),
        ({"advance": "PT36H"}, "2026-06-03T00:00:00.000Z"),
        ({"advance": "P2W"}, "2026-06-15T12:00:00.000Z"),
        ({"advance": "PT0S"}, "2026-06-01T12:00:00.000Z"),
        ({"now": "2026-06-02T02:00:00+02:00"}, "2026-06-02T00:00:00.000Z"),
        ({"now": "2026-06-02T00:00:00Z", "advance": None}, "2026-06-02T00:00:00.000Z"),
    ],
)
async def test_it_answers_once_what_became_due_was_acted_on(clock: Clock, said: dict[str, Any], now: str) -> None:
    acting = Acting()
    reached = await move(clock, acting, MoveClock.model_validate(said))
    assert told(reached) == {"now": now} == told(clock.now())
    assert acting.until == [clock.now()]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"advance": None},
        {"advance": "P1D", "now": "2026-06-02T00:00:00Z"},
        {"advance": "soon"},
        {"advance": "P"},
        {"advance": "PT"},
        {"advance": "1 day"},
        {"advance": "01:00:00"},
        {"advance": "P99999999999D"},
        {"advance": "P" + "1" * 100 + "D"},
        {"advance": 3600},
        {"advance": ["P1D"]},
        {"now": "2026-06-02"},
        {"now": "2026-06-02T00:00:00"},
        {"now": "2026-13-02T00:00:00Z"},
        {"now": 0},
        {"later": "P1D"},
    ],
)
async def test_what_makes_no_sense_is_malformed(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MoveClock.model_validate(said)


@pytest.mark.parametrize(
    "said", [{"advance": "-P1D"}, {"advance": "P11Y"}, {"now": "2026-05-31T00:00:00Z"}, {"now": "9999-12-31T23:59:59Z"}]
)
async def test_what_cannot_be_is_malformed_too_and_moves_nothing(clock: Clock, said: dict[str, Any]) -> None:
    acting = Acting()
    with pytest.raises((Invalid, ValidationError)):
        await move(clock, acting, MoveClock.model_validate(said))
    assert (clock.now(), acting.until) == (NOON, [])


async def test_it_is_followed_through_a_server_that_takes_no_writes_for_a_while(
    database: str, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A standby takes no LISTEN; another server, or the same one promoted, does."""
    await migrate(database)
    looks = 0

    def refused_at_first(conninfo: str) -> Any:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise psycopg.errors.ReadOnlySqlTransaction("cannot execute LISTEN during recovery")
        return connected(conninfo)

    monkeypatch.setattr("infra.clock.connected", refused_at_first)
    monkeypatch.setattr("infra.clock.AGAIN_SECONDS", 0)
    async with Clock(database, movable=True, wall=wall) as follows, Clock(database, movable=True, wall=wall) as moved:
        later = await moved.advance(HOUR)
        with anyio.fail_after(20):
            while follows.now() != later:  # noqa: ASYNC110 - it rings no bell
                await anyio.sleep(0.01)
