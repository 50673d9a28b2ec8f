"""Read models fed by Kafka, through a real broker: by one process, by several, and by none of them for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from uuid import uuid4

import pytest

from infra.event_store import Codec
from infra.event_store.recent import Recent
from infra.event_store.rows import Rows
from infra.kafka import lane_feed
from infra.kafka.group import LaneGroup
from infra.kafka.lane_feed import LaneFeed
from infra.kafka.lanes import LANES, Routes, Told, lane_of, topic_of
from infra.kafka.messages import Messages
from infra.kafka.relay import Relay
from infra.kafka.wire import Wire
from infra.read_models.runner import Runner
from infra.read_models.side import ReadSide
from tests.contracts.read_model_feed import PAGE, SECONDS, Project, ReadModelFeedContract, as_rebuilt, life, tables
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import Until, World, until, world
from tests.services.kafka import KafkaServer

__all__ = ["until", "world"]

pytestmark = pytest.mark.timeout(400)  # a broker starts slowly on a busy machine
CODEC = Codec(sample.AGGREGATES)


class Late(Runner):
    """One that begins when it is let."""

    gate: asyncio.Event

    async def run(self) -> None:
        await self.gate.wait()
        await super().run()


class Brought:
    """A log that a relay brings to Kafka, and groups of projectors there."""

    def __init__(self, world: World, kafka: KafkaServer) -> None:
        self.world, self.kafka = world, kafka
        self.prefix = f"t{uuid4().hex[:12]}"
        self.tasks: list[asyncio.Task[None]] = []
        self.groups: list[LaneGroup] = []
        self.wanted: set[int] = set()
        """Lanes with a model."""

    def relay(self, side: ReadSide) -> asyncio.Task[None]:
        name = f"{self.prefix}.relay"
        lanes = Told(topic_of(self.prefix), Routes(side.models, CODEC))
        relay = Relay(
            self.world.conninfo,
            self.world.log,
            Messages(self.prefix, dict.fromkeys(CODEC.facts, ())),
            lambda: Wire(self.kafka.servers, name, patience=20),
            name=name,
            lanes=lanes,
        )
        return self._run(relay.run())

    def group(
        self, side: ReadSide, late: Mapping[int, asyncio.Event] | None = None, **options: str
    ) -> tuple[LaneGroup, asyncio.Task[None]]:
        """One process's part of the work; some lanes begin when they are let. Options with `_` for each dot."""

        def follow(lane: int, feed: LaneFeed) -> Runner:
            models = {name: model for name, model in side.models.items() if lane_of(name) == lane}
            runner = (Late if late and lane in late else Runner)(
                self.world.conninfo,
                feed,
                models,
                side.progress,
                page=PAGE,
                retry=(0.01, 0.05),
                tries=2,
                lead=f"projector of lane {lane}",
                whole=False,
            )
            if isinstance(runner, Late) and late:
                runner.gate = late[lane]
            return runner

        group = LaneGroup(
            self.kafka.servers,
            {name.replace("_", "."): value for name, value in options.items()},
            group=f"{self.prefix}.projectors",
            topic=topic_of(self.prefix),
            feed=lambda: LaneFeed(self.world.log, Rows(CODEC, Recent(0)), Routes(side.models, CODEC).digest),
            follow=follow,
        )
        self.groups.append(group)
        self.wanted |= {lane_of(name) for name in side.models}
        return group, self._run(group.run())

    async def came_by_kafka(self) -> None:
        """Make sure that it was not the log alone that was followed: every lane that a model has brought something."""
        async with asyncio.timeout(SECONDS):
            while not self.wanted <= {lane for group in self.groups for lane in group.offsets}:  # noqa: ASYNC110 - as `until`
                await asyncio.sleep(0.01)

    async def stop(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    def _run(self, job: object) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(job)  # type: ignore[arg-type]
        self.tasks.append(task)
        return task


@pytest.fixture
async def brought(world: World, kafka: KafkaServer) -> AsyncIterator[Brought]:
    brought = Brought(world, kafka)
    yield brought
    for task in reversed(brought.tasks):
        await brought.stop(task)


class TestFedByKafka(ReadModelFeedContract):
    @pytest.fixture
    async def project(self, brought: Brought) -> AsyncIterator[Project]:
        async def projecting(side: ReadSide) -> None:
            brought.relay(side)
            brought.group(side)

        yield projecting
        await brought.came_by_kafka()


async def test_two_processes_share_the_lanes_and_one_takes_them_all_when_the_other_goes(
    world: World, brought: Brought, until: Until
) -> None:
    """Whatever happens meanwhile, and though both follow them for a moment."""
    sides = [await world.side(run=False) for _ in range(2)]
    brought.relay(sides[0])
    await life(world, 1)
    (one, _), (two, second) = [brought.group(side) for side in sides]

    async def shared() -> bool:
        return sorted([*one.lanes, *two.lanes]) == [*range(LANES)] and bool(one.lanes) and bool(two.lanes)

    await until(shared)
    await life(world, 2)
    await sides[0].waiting.until_now(sides[0].models, SECONDS)
    await life(world, 3)
    await brought.stop(second)
    await life(world, 4)

    async def alone() -> bool:
        return one.lanes == [*range(LANES)]

    await until(alone)
    await sides[0].waiting.until_now(sides[0].models, SECONDS)
    assert await tables(world, sides[0]) == await as_rebuilt(world, sides[0])


async def test_a_lane_that_stands_still_does_not_hold_up_the_others(
    world: World, brought: Brought, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much comes for it meanwhile."""
    monkeypatch.setattr(lane_feed, "ROOM", 20)
    monkeypatch.setattr(lane_feed, "LITTLE", 5)
    side = await world.side(run=False)
    stands, others = lane_of("book"), {name for name in side.models if lane_of(name) != lane_of("book")}
    assert others
    gate = asyncio.Event()
    brought.relay(side)
    await life(world, 1, 40)
    group, _ = brought.group(side, {stands: gate})

    async def paused() -> bool:
        return stands in group.paused

    await until(paused)
    assert (await group.health())["paused"] == [stands]
    await life(world, 2, 40)
    await side.waiting.until_now(others, SECONDS)
    gate.set()
    await side.waiting.until_now(side.models, SECONDS)

    async def as_before() -> bool:
        return group.paused == []

    await until(as_before)
    await brought.came_by_kafka()
    assert await tables(world, side) == await as_rebuilt(world, side)


async def test_a_paused_lane_that_is_taken_away_is_read_again_when_it_comes_back(
    world: World, brought: Brought, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process has it meanwhile."""
    monkeypatch.setattr(lane_feed, "ROOM", 20)
    monkeypatch.setattr(lane_feed, "LITTLE", 5)
    sides = [await world.side(run=False) for _ in range(2)]
    stands, gate = lane_of("book"), asyncio.Event()
    brought.relay(sides[0])
    await life(world, 1, 40)
    group, _ = brought.group(sides[0], {stands: gate}, client_id="b")

    async def paused() -> bool:
        return stands in group.paused

    await until(paused)
    first = "a" if stands % 2 == 0 else "c"  # lanes are dealt out by turns, in the order of these names
    other, task = brought.group(sides[1], client_id=first)

    async def lost() -> bool:
        return stands in other.lanes and bool(group.lanes) and stands not in group.lanes

    await until(lost)
    await brought.stop(task)

    async def regained() -> bool:
        return group.lanes == [*range(LANES)]

    await until(regained)
    gate.set()
    await life(world, 2, 40)

    async def arrives() -> bool:
        return stands in group.offsets

    await until(arrives)
    await sides[0].waiting.until_now(sides[0].models, SECONDS)
    assert await tables(world, sides[0]) == await as_rebuilt(world, sides[0])


async def test_while_kafka_is_away_reads_go_on_from_the_log(world: World, brought: Brought) -> None:
    """With projectors that were there before and with those that come, and from Kafka again, nothing twice."""
    side, late = [await world.side(run=False) for _ in range(2)]
    brought.relay(side)
    group, task = brought.group(side)
    await life(world, 1, 40)
    await side.waiting.until_now(side.models, SECONDS)
    brought.kafka.kill()
    try:
        await life(world, 2, 40)
        await side.waiting.until_now(side.models, SECONDS)
        assert "Kafka brings nothing" in (await group.health())["warning"]
        await brought.stop(task)
        brought.group(late)
        await life(world, 3, 40)
        await late.waiting.until_now(late.models, SECONDS)
    finally:
        brought.kafka.start()
    await life(world, 4, 40)
    await late.waiting.until_now(late.models, SECONDS)
    assert await tables(world, late) == await as_rebuilt(world, late)
