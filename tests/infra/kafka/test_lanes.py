"""Lanes: which events go where, and how a projector follows one of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from commands.ports import Page
from domain.catalogue import AGGREGATES, RESOURCES
from infra.event_store.codec import Codec, aggregate_of
from infra.event_store.recent import Recent
from infra.event_store.rows import Rows
from infra.event_store.upcasts import UPCASTS
from infra.kafka.lane_feed import ROOM, LaneFeed
from infra.kafka.lanes import LANES, LaneRow, Mark, Routes, Told, decode, lane_of
from infra.kafka.messages import UNTOLD, LogRow
from infra.read_models.side import models_of
from projections.catalogue import PROJECTIONS
from tests.contracts.parcel import Letter, Parcel

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
MOVED = "test.parcel.moved.v1"
CODEC = Codec([Parcel, Letter])
STREAM = uuid4()


def event(position: int, name: str = MOVED) -> LaneRow:
    state = b'{"place":"%d"}' % position
    return LaneRow(position, STREAM, position, name, state, NOON, None, "system", uuid4(), "move")


class Log:
    """The log itself: it has what there is, and notes who asks."""

    def __init__(self, end: int = 0) -> None:
        self.end = end
        self.asked: list[int] = []

    async def read(self, after: int, limit: int) -> Page:
        self.asked.append(after)
        position = min(self.end, after + limit)
        rows = [event(at) for at in range(after + 1, position + 1)]
        return Rows(CODEC, Recent(0)).page(rows, position)

    async def wait_for_events(self, after: int, timeout: float) -> bool:  # noqa: ARG002, ASYNC109 - as every feed
        return self.end > after


def feed_on(log: Log) -> LaneFeed:
    return LaneFeed(log, Rows(CODEC, Recent(0)), "routes")


def bring(
    feed: LaneFeed, start: int, end: int, positions: Sequence[int], *, routes: str = "routes", more: int = 0
) -> None:
    for at in positions:
        feed.arrived(event(at), at * 10)
    feed.arrived(Mark(start, end, len(positions) + more, routes), end * 10)


async def positions(feed: LaneFeed, after: int, limit: int = 100) -> tuple[list[int], int]:
    page = await feed.read(after, limit)
    return [recorded.position for recorded in page.events], page.position


async def test_what_arrived_is_read_in_pages_and_the_log_is_not_asked() -> None:
    log = Log(end=30)
    feed = feed_on(log)
    bring(feed, 0, 10, [2, 5, 9])
    bring(feed, 10, 30, [11, 12, 28])
    assert await positions(feed, 0, 2) == ([2, 5], 5)
    assert await positions(feed, 5, 2) == ([9, 11], 11)
    assert await positions(feed, 11, 2) == ([12, 28], 30)
    assert await positions(feed, 30) == ([], 30)
    assert log.asked == []


async def test_a_lane_with_nothing_in_it_comes_as_far_as_the_others() -> None:
    feed = feed_on(Log())
    bring(feed, 0, 500, [])
    assert await positions(feed, 0) == ([], 500)


async def test_what_is_told_twice_counts_once() -> None:
    feed = feed_on(Log())
    for _ in range(2):
        bring(feed, 0, 10, [2, 5])
    assert await positions(feed, 0) == ([2, 5], 10)


@pytest.mark.parametrize("fault", ["gap", "count", "routes"])
async def test_what_is_missing_is_read_from_the_log(fault: str) -> None:
    """A piece that was lost, one that began before the first message here, and one put into lanes by other rules."""
    log = Log(end=20)
    feed = feed_on(log)
    bring(feed, 0, 4, [3])
    if fault == "count":
        bring(feed, 4, 10, [8], more=1)
    elif fault == "routes":
        bring(feed, 4, 10, [8], routes="of an older release")
    bring(feed, 10, 20, [12])
    found, at = await positions(feed, 4, 6)
    assert (found, at) == ([5, 6, 7, 8, 9, 10], 10)
    assert await positions(feed, at) == ([12], 20)
    assert log.asked == [4]


async def test_who_stands_back_reads_the_log() -> None:
    """As a read model does that was stopped by an event, or put back by a rebuild."""
    log = Log(end=20)
    feed = feed_on(log)
    bring(feed, 0, 20, [12])
    await positions(feed, 20)
    assert await positions(feed, 3, 2) == ([4, 5], 5), "Kafka has brought it, and will not do so again"
    assert not feed.alone
    assert (await positions(feed, 20))[1] == 20, "what comes next is on its way"


async def test_while_kafka_brings_nothing_the_log_is_followed_until_it_does() -> None:
    log = Log(end=7)
    feed = feed_on(log)
    assert await positions(feed, 0) == ([], 0)
    assert await feed.wait_for_events(0, 5)
    assert (await positions(feed, 0))[1] == 7
    bring(feed, 0, 5, [4])
    assert feed.alone, "it is not as far as the log was read"
    bring(feed, 5, 9, [8])
    assert not feed.alone
    assert await positions(feed, 7) == ([8], 9)


async def test_more_is_not_asked_for_than_there_is_room_for() -> None:
    feed = feed_on(Log())
    bring(feed, 0, ROOM, range(1, ROOM + 1))
    assert feed.full
    await positions(feed, ROOM)
    assert not feed.full
    assert feed.consumed == ROOM * 10 + 1


def test_every_read_model_finds_all_its_events_in_its_lane() -> None:
    """Those of newer releases, too, which nobody here knows: they stop whom they may concern."""
    models = models_of(PROJECTIONS, RESOURCES)
    codec = Codec(AGGREGATES, UPCASTS)
    routes = Routes(models, codec)
    names = {*codec.facts, *codec.retired}
    for model in models.values():
        wanted = (
            names - {*codec.others(model.handles)}
            if model.handles is not None
            else {name for name in names if model.aggregates is None or aggregate_of(name) in model.aggregates}
        )
        assert wanted
        assert all(lane_of(model.name) in routes.of(name) for name in wanted)
    assert routes.of("rocket.launched.v9") == tuple(range(LANES))
    assert not any(routes.of(f"{kind}.renewed.v9") for kind in UNTOLD)
    assert len({lane_of(name) for name in models}) == LANES, "every lane has something to do"


def test_a_piece_ends_in_every_lane_with_a_mark() -> None:
    models = models_of(PROJECTIONS, RESOURCES)
    told = Told("t.lanes", Routes(models, Codec(AGGREGATES, UPCASTS)))
    row = LaneRow(
        8, UUID(int=8), 1, "reservation.completed.v1", b"{}", NOON, None, "system", UUID(int=9), "completeStay"
    )
    stored = LogRow._make(row)._replace(
        stream=str(row.stream), at="2026-07-01T12:00:00.000000Z", command=str(row.command)
    )
    messages = told.of([stored], 5, 11)
    found = [(message.partition, decode(message.value)) for message in messages]
    lanes = told.routes.of(row.name)
    assert {lane_of("reservation"), lane_of("deadline")} <= {*lanes}
    assert found[: len(lanes)] == [(lane, row) for lane in lanes]
    assert found[len(lanes) :] == [(lane, Mark(5, 11, int(lane in lanes), told.routes.digest)) for lane in range(LANES)]
