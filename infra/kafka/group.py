"""Projectors that share the read models: one consumer group at Kafka, whose partitions are the lanes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from infra.kafka.lane_feed import LaneFeed
from infra.kafka.lanes import LANES, decode
from infra.read_models.runner import Runner
from infra.tracing.following import Steps

T = TypeVar("T")

AT_ONCE = 1_000
"""Messages taken at a time."""
PATIENCE = 0.1
"""Seconds that the first of them is waited for."""
COMMIT_SECONDS = 1.0
"""Between two times that Kafka is told what is consumed. It only spares reading again what is in the documents."""
HEARTBEAT_MS = 500
"""Between two signs of life to Kafka. At the next one after another process joins, this one hears of it and lets go of
its lanes: until then the other has nothing to do.
"""
FULL_SECONDS = 0.5
"""That a lane may be full before it is paused."""
LOOK_SECONDS = 0.005
"""Between two looks whether a full lane has room again."""
AGAIN_SECONDS = 2.0
"""Until another attempt, when Kafka cannot be talked to."""

Follow = Callable[[int, LaneFeed], Runner]
"""Who fills the read models of a lane from its feed."""


class LaneGroup:
    """This process's part of the lanes: what Kafka assigns to it is followed here, as long as it does.

    Who has which lane is only a matter of who does the work: should two follow one, the lock that a projector holds,
    and the position that it moves on with its documents, keep one of them out.

    Args:
        servers: `host:port`, comma-separated.
        options: more of librdkafka's settings, such as those of TLS and SASL.
        group: the name that the processes share.
        topic: of the lanes.
        feed: makes a lane's feed.
        follow: who fills the read models of a lane from its feed.
    """

    def __init__(
        self,
        servers: str,
        options: Mapping[str, str],
        *,
        group: str,
        topic: str,
        feed: Callable[[], LaneFeed],
        follow: Follow,
    ) -> None:
        self._settings: dict[str, Any] = {
            "bootstrap.servers": servers,
            "log_level": 0,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "partition.assignment.strategy": "roundrobin",
            "session.timeout.ms": 10_000,
            "heartbeat.interval.ms": HEARTBEAT_MS,
            "fetch.wait.max.ms": 20,
            "allow.auto.create.topics": False,
            "topic.metadata.refresh.interval.ms": 5_000,
            "error_cb": self._failed,
            **options,
        }
        self._topic = topic
        self._feed, self._follow = feed, follow
        self._feeds: dict[int, LaneFeed] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._paused: set[int] = set()
        self._assigned: frozenset[int] = frozenset()
        """As Kafka said last, in the thread that asks it."""
        self._away = False
        """Is there no Kafka to say who has which lane?"""
        self._log = structlog.get_logger("lanes")
        self.trouble: str | None = None
        self.steps: Steps | None = None
        """Told of what is taken in, if anybody wants to know it step by step."""

    @property
    def lanes(self) -> list[int]:
        """Those that are followed here."""
        return sorted(self._tasks)

    @property
    def paused(self) -> list[int]:
        """Those that have more than they take in, so that Kafka is not asked for more."""
        return sorted(self._paused)

    @property
    def offsets(self) -> Mapping[int, int]:
        """Of each lane that is followed here, the offset past what is in the documents; none if nothing came yet."""
        told = {lane: self._feeds[lane].consumed for lane in self._tasks}
        return {lane: offset for lane, offset in told.items() if offset is not None}

    async def health(self) -> Mapping[str, Any]:
        """Which lanes are followed here, which of them are paused or do without Kafka, and what keeps it from being
        asked.
        """
        said: dict[str, Any] = {"lanes": self.lanes}
        if self._paused:
            said["paused"] = self.paused
        alone = [lane for lane in self.lanes if self._feeds[lane].alone]
        if alone:
            said["warning"] = f"Kafka brings nothing: the log itself is followed for lanes {alone}"
        if self.trouble:
            said["problem"] = self.trouble
        return said

    async def run(self) -> None:
        """Follow what is assigned, until cancelled."""
        try:
            while True:
                try:
                    consumer = Consumer(self._settings)
                except KafkaException as error:  # as where a file with certificates is missing
                    self._say(str(error))
                    self._away = True
                    await self._arrange()
                else:
                    await self._with(consumer)
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            self._away = False
            await self._arrange()

    async def _with(self, consumer: Consumer) -> None:
        """Follow what is assigned to this consumer, as long as it goes well, and close it."""
        try:
            consumer.subscribe([self._topic], on_assign=self._given, on_revoke=self._taken, on_lost=self._taken)
            await self._consume(consumer)
        except KafkaException as error:
            self._say(str(error))
        except Exception as fault:  # noqa: BLE001 - nobody would follow any lane until a restart
            self._say(f"{type(fault).__name__}: {fault}")
            self._log.exception("the lanes failed and begin anew", seconds=AGAIN_SECONDS)
        finally:
            self._assigned, self._away = frozenset(), False
            await self._arrange()
            with contextlib.suppress(KafkaException):
                await _finished(consumer.close)

    async def _consume(self, consumer: Consumer) -> None:
        clock = asyncio.get_running_loop().time
        commit_at = clock() + COMMIT_SECONDS
        while True:
            messages = await _finished(_arrived, consumer)
            await self._arrange()
            for message in messages:
                self._take(message)
            await self._hold_back(consumer)
            if clock() >= commit_at:
                self._commit(consumer)
                commit_at = clock() + COMMIT_SECONDS

    def _failed(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - so the library names it
            self._away = True

    def _given(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Kafka's library keeps what was paused, even of a lane that was taken away and comes back."""
        self.trouble, self._away = None, False
        given = {partition.partition for partition in partitions}
        self._assigned |= given
        consumer.assign(partitions)  # only what is assigned can be resumed
        consumer.resume(partitions)
        self._paused -= given

    def _taken(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        self._assigned -= {partition.partition for partition in partitions}

    async def _arrange(self) -> None:
        """Follow the lanes that were assigned since, and no longer those that were taken. Without Kafka everybody
        stands by for every lane: the lock of each says who follows it.
        """
        wanted = frozenset(range(LANES)) if self._away else self._assigned
        gone = self._tasks.keys() - wanted
        if gone:
            for lane in gone:
                self._tasks[lane].cancel()
            await asyncio.gather(*(self._tasks.pop(lane) for lane in gone), return_exceptions=True)
            self._paused -= gone
            self._log.info("lanes are no longer followed here", lanes=sorted(gone))
        new = wanted - self._tasks.keys()
        for lane in new:
            self._feeds[lane] = self._feed()
            runner = self._follow(lane, self._feeds[lane])
            runner.steps = self.steps
            self._tasks[lane] = asyncio.create_task(runner.run())
        if new:
            self._log.info("lanes are followed here", lanes=sorted(new))

    def _take(self, message: Message) -> None:
        error, value = message.error(), message.value()
        lane, offset = message.partition(), message.offset()
        if error is not None:
            self._say(error.str())
            return
        if value is None or lane is None or offset is None or lane not in self._tasks:
            return
        try:
            self._feeds[lane].arrived(decode(value), offset)
            self.trouble, self._away = None, False
        except msgspec.DecodeError as strange:
            self._say(f"lane {lane} has what is no message of ours at {offset}: {strange}")

    async def _hold_back(self, consumer: Consumer) -> None:
        """Ask for no more while there is no room for it; but for a lane that stays full the others do not wait long.

        That one is paused, which is costly: Kafka's library throws away what it has fetched ahead of a paused lane.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + FULL_SECONDS
        while (full := self._full()) and clock() < until:  # noqa: ASYNC110 - they ring no bell
            await asyncio.sleep(LOOK_SECONDS)
        if full:
            consumer.pause([TopicPartition(self._topic, lane) for lane in full])
        read = {lane for lane in self._paused if self._feeds[lane].nearly_read}
        if read:
            consumer.resume([TopicPartition(self._topic, lane) for lane in read])
        self._paused = (self._paused | full) - read

    def _full(self) -> set[int]:
        return {lane for lane in self._tasks.keys() - self._paused if self._feeds[lane].full}

    def _commit(self, consumer: Consumer) -> None:
        done = [TopicPartition(self._topic, lane, offset) for lane, offset in self.offsets.items()]
        if done:
            consumer.commit(offsets=done, asynchronous=True)

    def _say(self, trouble: str) -> None:
        """Once for each kind of trouble, not at every attempt."""
        if trouble != self.trouble:
            self._log.warning("the lanes wait", reason=trouble)
        self.trouble = trouble


def _arrived(consumer: Consumer) -> list[Message]:
    """What has come. Asked for many, the library would wait for as many until the time is over."""
    first = consumer.consume(1, PATIENCE)
    return first + consumer.consume(AT_ONCE - 1, 0) if first else first


async def _finished(work: Callable[..., T], *told: Any) -> T:
    """Its result, from a thread; if this is cancelled, once it has ended: the library bears one caller at a time."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *told))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
