"""Whoever is cancelled while it connects, or while it hangs up, leaves no connection and no task behind."""

from __future__ import annotations

import asyncio
import gc
import types
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any

import pytest

from domain.catalogue import AGGREGATES, RESOURCES
from infra.clock import Clock
from infra.event_store import Codec, PostgresEventStore
from infra.postgres.connected import connected
from infra.postgres.line import Line
from infra.postgres.migrate import migrate
from infra.read_models.progress import Progress
from infra.read_models.runner import Runner
from infra.read_models.side import models_of
from infra.secrets import secret
from projections.catalogue import DEADLINES

MOST_STEPS = 24
"""Where an endless job has long come to rest."""


@types.coroutine
def interrupted(job: Awaitable[Any], at: set[int]) -> Generator[Any, None, bool]:
    """Cancel the job wherever it waits for one of these times, counted from 1; answers whether it was done before."""
    steps, waits, thrown = job.__await__(), 0, None
    task = asyncio.current_task()
    assert task is not None
    while True:
        try:
            waited_for = steps.send(None) if thrown is None else steps.throw(thrown)
        except StopIteration:
            return waits < min(at)
        except asyncio.CancelledError:
            return False
        waits += 1
        if waits in at:
            task.cancel()
        thrown = None
        try:
            yield waited_for
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the job's
            thrown = error


async def left_behind(job: Callable[[], Awaitable[Any]], at: set[int]) -> tuple[list[str], bool]:
    """What the job, cancelled there, has left; and whether it was done before that."""
    others = asyncio.all_tasks()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        done = await asyncio.create_task(_awaited(job, at))
        tasks = [str(task) for task in asyncio.all_tasks() - others if not task.done()]
        gc.collect()
    return tasks + [str(warning.message) for warning in warned], done


async def _awaited(job: Callable[[], Awaitable[Any]], at: set[int]) -> bool:
    return await interrupted(job(), at)


async def asked(database: str) -> None:
    line = Line(database, "test")
    try:
        await line.ask("SELECT 1")
    finally:
        await line.close()


async def connects(database: str) -> None:
    async with connected(database, autocommit=False) as connection:
        await connection.execute("SELECT 1")


async def keeps_time(database: str) -> None:
    async with Clock(database, movable=True):
        pass


async def has_secret(database: str) -> None:
    await secret(database, "test")


async def follows(database: str) -> None:
    async with PostgresEventStore(database, Codec(AGGREGATES)) as store:
        (deadlines,) = models_of([DEADLINES], RESOURCES).values()
        await Runner(database, store, {deadlines.name: deadlines}, Progress()).run()


@pytest.fixture(scope="module")
async def ready(module_database: str) -> AsyncIterator[str]:
    await migrate(module_database)
    gc.collect()
    gc.freeze()  # what is there already is not looked through again each time
    yield module_database
    gc.unfreeze()


@pytest.mark.parametrize("job", [asked, connects, keeps_time, has_secret, follows])
@pytest.mark.parametrize("times", [1, 2])
async def test_nothing_is_left_behind(ready: str, job: Callable[[str], Awaitable[Any]], times: int) -> None:
    for at in range(1, MOST_STEPS):
        left, done = await left_behind(lambda: job(ready), set(range(at, at + times)))
        assert left == [], f"cancelled when it waited for time {at}"
        if done:
            return
    assert job is follows


async def test_what_is_left_behind_is_noticed(ready: str) -> None:
    kept: list[Any] = []

    async def careless() -> None:
        kept.append(asyncio.create_task(asyncio.Event().wait()))
        await asyncio.sleep(0)

    left, _ = await left_behind(careless, {1})
    assert len(left) == 1
    for task in kept:
        task.cancel()
