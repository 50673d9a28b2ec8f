"""Nobody who follows the log is ever short of an event; and the case that shows it can tell."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from uuid import uuid4

import pytest

from tests.infra.event_store.proof import logs
from tests.infra.event_store.proof.library_log import library_functions
from tests.infra.event_store.proof.lost_events import Load, Log, Seen, Tail, Verdict, case, judged

Opened = Callable[[str], AbstractAsyncContextManager[Log]]

SMALL = Load(events=1_000)


async def verdict_on(log: Opened, conninfo: str, load: Load) -> Verdict:
    seed = random.randrange(2**32)
    print("seed", seed)  # noqa: T201 - shown of a case that fails
    async with log(conninfo) as opened:
        return await case(opened, load, random.Random(seed))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("technique", "load"),
    [
        pytest.param(logs.product, Load(events=100_000, batch=40), id="the product's feed"),
        pytest.param(logs.fenced, SMALL, id="the technique in a few lines"),
    ],
)
async def test_nothing_is_lost_nothing_comes_twice_and_all_come_to_the_same_end(
    log: str, technique: Opened, load: Load
) -> None:
    verdict = await verdict_on(technique, log, load)
    assert verdict.fine, verdict
    assert verdict.recorded >= load.events


@pytest.mark.parametrize(
    "technique",
    [
        pytest.param(library_functions, id="the library's function mode"),
        pytest.param(logs.naive, id="a reader of id > last"),
        pytest.param(partial(logs.fenced, fence=logs.NEXT_ID), id="a fence of the snapshot's xmax"),
    ],
)
async def test_a_reader_that_passes_a_writer_under_way_is_seen_to_lose_events(log: str, technique: Opened) -> None:
    verdict = await verdict_on(technique, log, SMALL)
    assert len(verdict.lost) >= 1
    assert not verdict.fine


async def test_a_reader_that_believes_a_fresh_sequence_is_seen_to_lose_the_first_event(log: str) -> None:
    verdict = await verdict_on(partial(logs.fenced, drawn=logs.BELIEVED), log, SMALL)
    assert verdict.lost == {1}


async def test_a_reader_that_goes_on_from_its_last_row_is_seen_to_stand_before_a_tail_that_was_rolled_back(
    log: str,
) -> None:
    verdict = await verdict_on(partial(logs.fenced, to_last_row=True), log, SMALL)
    assert not verdict.lost
    assert all(position < verdict.end for position in verdict.stood_at)
    assert not verdict.fine


@pytest.mark.parametrize(
    ("given", "fault"),
    [((0, 1, 2), None), ((0, 2), "lost"), ((0, 1, 1, 2), "twice"), ((1, 0, 2), "disordered"), ((0, 1), "stood_at")],
)
def test_the_judge_knows_each_fault(given: tuple[int, ...], fault: str | None) -> None:
    stream = uuid4()
    recorded = [Seen(position, stream, position) for position in (1, 2, 3)]
    tail = Tail(reader=NotImplemented)
    tail.seen = [recorded[number] for number in given]
    tail.position = tail.seen[-1].position
    verdict = judged(recorded, 3, [tail])
    assert verdict.fine == (fault is None)
    assert fault is None or getattr(verdict, fault)
