"""Saves that share a transaction: what goes wrong with one of them is its own affair."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from commands.ports import Conflict, KeyTaken, Unavailable
from infra.event_store.codec import Stored
from infra.event_store.group_commit import GroupCommit
from infra.event_store.journal import Row
from infra.event_store.saves import Save
from infra.postgres.line import Line
from tests.contracts.event_store import NOON


def save(stream: UUID, *versions: int, key: str | None = None, command: UUID | None = None, name: str = "move") -> Save:
    """A save of these versions of a stream."""
    row = Row(command or uuid4(), name, None, "system", None, "default", "", None, NOON, key, b"f", None)
    return Save([Stored(stream, version, "test", b"%d" % version) for version in versions], row)


@asynccontextmanager
async def one_transaction(log: str) -> AsyncIterator[tuple[GroupCommit, list[int]]]:
    """A group commit with one writer, and the list to which each of its commits adds a 1."""
    commits: list[int] = []
    commit = GroupCommit(
        [Line(log, "test writer")],
        most=200,
        waiting=1000,
        keep=timedelta(hours=24),
        committed=lambda: commits.append(1),
    )
    commit.start()
    try:
        yield commit, commits
    finally:
        await commit.stop()


async def ends_of(commit: GroupCommit, saves: Sequence[Save]) -> list[Any]:
    """How each of these ended: its position, or the type of its error."""
    ends = await asyncio.gather(*(commit.append(one) for one in saves), return_exceptions=True)
    return [type(end) if isinstance(end, BaseException) else end for end in ends]


async def test_saves_that_wait_together_share_a_transaction(log: str) -> None:
    async with one_transaction(log) as (commit, commits):
        ends = await ends_of(commit, [save(uuid4(), 1) for _ in range(50)])
    assert sorted(ends) == list(range(1, 51))
    assert len(commits) < 5


async def test_a_conflict_hits_only_its_owner(log: str) -> None:
    taken = uuid4()
    async with one_transaction(log) as (commit, commits):
        await commit.append(save(taken, 1))
        ends = await ends_of(commit, [save(uuid4(), 1), save(taken, 1), save(uuid4(), 1), save(taken, 2)])
    assert ends[1] is Conflict
    assert all(isinstance(end, int) for end in (ends[0], ends[2], ends[3]))
    assert len(commits) == 2, "the others went on together"


async def test_a_taken_key_and_a_conflict_are_told_apart(log: str) -> None:
    taken = uuid4()
    async with one_transaction(log) as (commit, _):
        await commit.append(save(taken, 1, key="k"))
        ends = await ends_of(commit, [save(uuid4(), 1, key="k"), save(taken, 1), save(taken, 1, key="k")])
    assert ends == [KeyTaken, Conflict, KeyTaken]


async def test_of_rivals_in_one_transaction_one_is_recorded(log: str) -> None:
    stream = uuid4()
    async with one_transaction(log) as (commit, commits):
        versions = await ends_of(commit, [save(stream, 1) for _ in range(20)])
        keys = await ends_of(commit, [save(uuid4(), 1, key="k") for _ in range(20)])
    assert [versions.count(Conflict), keys.count(KeyTaken)] == [19, 19]
    assert len(commits) == 2


async def test_a_rival_goes_on_if_the_one_before_it_loses(log: str) -> None:
    taken, wanted = uuid4(), uuid4()
    both = save(taken, 1)
    both = both._replace(events=[*both.events, *save(wanted, 1).events])
    async with one_transaction(log) as (commit, _):
        await commit.append(save(taken, 1))
        ends = await ends_of(commit, [both, save(wanted, 1)])
    assert ends[0] is Conflict
    assert isinstance(ends[1], int)


async def test_two_saves_of_one_command_at_the_same_moment_are_both_recorded(log: str) -> None:
    command = uuid4()
    async with one_transaction(log) as (commit, _):
        ends = await ends_of(commit, [save(uuid4(), 1, command=command, key="k") for _ in range(2)])
    assert sorted(ends) == [1, 2]


async def test_the_same_save_twice_is_recorded_once_and_both_are_told_so(log: str) -> None:
    one = save(uuid4(), 1, 2, key="k")
    async with one_transaction(log) as (commit, _):
        assert await ends_of(commit, [one, one]) == [2, 2]
        assert await ends_of(commit, [one]) == [2]


async def test_what_a_command_decided_otherwise_is_a_conflict_with_itself(log: str) -> None:
    one = save(uuid4(), 1)
    other = one._replace(events=[one.events[0]._replace(state=b"something else")])
    async with one_transaction(log) as (commit, _):
        assert await ends_of(commit, [one, other]) == [1, Conflict]


async def test_a_save_that_the_database_cannot_take_harms_only_itself(log: str) -> None:
    text = "no text may hold \0"
    poison = [save(uuid4(), 1, name=text), save(uuid4(), 1, key=text), save(uuid4(), 0)]
    async with one_transaction(log) as (commit, _):
        ends = await ends_of(commit, [save(uuid4(), 1), *poison, save(uuid4(), 1)])
    assert all(isinstance(end, int) for end in (ends[0], ends[-1]))
    assert all(issubclass(end, psycopg.DataError) for end in ends[1:3])
    assert ends[3] is psycopg.errors.CheckViolation


async def test_large_saves_do_not_share_a_transaction_that_would_take_too_long(log: str) -> None:
    """Together they would take longer than a statement may, and all who share it fail, each time anew."""
    saves = [save(uuid4(), 1) for _ in range(20)]
    large = [one._replace(events=[event._replace(state=b"x" * 1_000_000) for event in one.events]) for one in saves]
    async with one_transaction(log) as (commit, commits):
        ends = await ends_of(commit, [*large, save(uuid4(), 1)])
    assert sorted(ends) == list(range(1, 22))
    assert len(commits) >= 5


async def test_a_caller_that_goes_away_leaves_the_others_alone(log: str) -> None:
    async with one_transaction(log) as (commit, _):
        saves = [asyncio.create_task(commit.append(save(uuid4(), 1))) for _ in range(20)]
        await asyncio.sleep(0)
        for task in saves[::2]:
            task.cancel()
        ends = await asyncio.gather(*saves, return_exceptions=True)
    assert all(isinstance(end, int) for end in ends[1::2])


async def test_stopping_finishes_what_waits_and_takes_no_more(log: str) -> None:
    async with one_transaction(log) as (commit, _):
        saves = [asyncio.create_task(commit.append(save(uuid4(), 1))) for _ in range(500)]
        await asyncio.sleep(0)
        await commit.stop()
        with pytest.raises(Unavailable):
            await commit.append(save(uuid4(), 1))
        assert sorted(await asyncio.gather(*saves)) == list(range(1, 501))


@pytest.mark.parametrize("order", [1, -1])
async def test_writers_that_meet_on_many_streams_and_keys_never_deadlock(log: str, order: int) -> None:
    """Streams and keys are locked in one order, whatever the order they are saved in."""
    streams = sorted(uuid4() for _ in range(40))

    def saves() -> list[Save]:
        return [save(stream, 1, key=f"key of {stream}") for stream in streams]

    async with one_transaction(log) as (one, _), one_transaction(log) as (other, _):
        ends = await asyncio.gather(ends_of(one, saves()), ends_of(other, saves()[::order]))
    for pair in zip(ends[0], ends[1][::order], strict=True):
        assert len([end for end in pair if isinstance(end, int)]) == 1
        assert KeyTaken in pair


async def test_a_rehearsal_does_what_an_append_does_and_leaves_no_trace(log: str) -> None:
    stream = uuid4()
    async with one_transaction(log) as (commit, commits):
        await commit.rehearse(save(stream, 1, key="k"))
        assert commits == []
        assert isinstance(await commit.append(save(stream, 1, key="k")), int)


async def test_a_rehearsal_that_fails_is_nobody_elses_affair(log: str) -> None:
    async with one_transaction(log) as (commit, _):
        poison = commit.rehearse(save(uuid4(), 1, name="no text may hold \0"))
        ends = await asyncio.gather(poison, commit.append(save(uuid4(), 1)), return_exceptions=True)
    assert isinstance(ends[0], psycopg.DataError)
    assert isinstance(ends[1], int)


async def test_a_queue_that_is_full_takes_no_more_and_nothing_of_it(log: str) -> None:
    commit = GroupCommit(
        [Line(log, "test writer")], most=1, waiting=2, keep=timedelta(hours=24), committed=lambda: None
    )
    commit.start()
    try:
        ends = await ends_of(commit, [save(uuid4(), 1) for _ in range(9)])
        assert ends.count(Unavailable) == 7, "all came before a writer could take one"
        assert sorted(end for end in ends if isinstance(end, int)) == [1, 2]
        assert await commit.append(save(uuid4(), 1)) == 3
    finally:
        await commit.stop()
