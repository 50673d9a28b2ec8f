"""The projector's rest between pages, and those who wait."""

import asyncio

import pytest

from infra.read_models.progress import Progress

pytestmark = pytest.mark.anyio
LONG = 3600.0


async def test_whoever_waits_cuts_the_rest_short() -> None:
    progress = Progress()
    resting = asyncio.create_task(progress.rest(LONG))
    await asyncio.sleep(0)
    progress.hurry()
    await resting


async def test_whoever_began_to_wait_before_it_lets_it_be_skipped_once() -> None:
    progress = Progress()
    progress.hurry()
    await progress.rest(LONG)
    resting = asyncio.create_task(progress.rest(LONG))
    await asyncio.sleep(0)
    assert not resting.done()
    resting.cancel()


async def test_it_ends_by_itself() -> None:
    await Progress().rest(0)
