"""Kafka as the relay writes to it: one transaction for messages and the position that they bring the log to.

The position is kept as the offset of a consumer group, committed in the transaction of the messages: it is never ahead
of what Kafka has, nor behind it. Whoever opens a wire fences all others of its name; what they had begun is aborted.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Self, TypeVar

from confluent_kafka import (
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from infra.kafka.messages import Outgoing
from infra.kafka.standstill import HANGS, Standstill, position_hangs
from infra.kafka.topics import make_ready
from infra.threads import begun

T = TypeVar("T")

SECONDS = 30.0
"""That Kafka may take for one step, unless somebody says otherwise."""
LAST_SECONDS = 2.0
"""That what is under way has when the relay is ended."""
PARTITIONS = 6
"""Of each topic: as many consumers of one group can share it."""
LINGER = 200
"""Milliseconds that a batch waits for more while a transaction goes on; its end sends them all at once. A request for
few messages costs the broker what one for many does.
"""
BREATH = 500
"""Messages handed over without letting other threads of the process have their turn."""
LARGEST = 2_000_000
"""Bytes of a message, unless somebody says otherwise."""


class Fenced(Exception):
    """Another relay of this name has taken over."""


class KafkaAway(Exception):
    """Kafka does not answer, or refuses for now. What was not committed is not there."""


class Wire:
    """Writes to Kafka under one name. Made by `open`; all its calls leave the event loop free.

    Args:
        servers: `host:port`, comma-separated.
        name: of the relay: its transactional id, its group of one, and the topic that its position stands at.
        options: more of librdkafka's settings, such as those of TLS and SASL.
        patience: seconds that Kafka may take for one step.
        largest: bytes of a message.
    """

    def __init__(
        self,
        servers: str,
        name: str,
        options: Mapping[str, str] | None = None,
        *,
        patience: float = SECONDS,
        largest: int = LARGEST,
    ) -> None:
        # What is wrong is said by the errors that it raises; the library would print it besides.
        self._settings: dict[str, str | int | float | bool] = {
            "bootstrap.servers": servers,
            "log_level": 0,
            **(options or {}),
        }
        self._patience, self._largest = patience, largest
        self.name = name
        self._place = TopicPartition(f"{name}.position", 0)
        self._producer: Producer | None = None
        self._begun = False
        """Is a transaction open?"""
        self._consumer: Consumer | None = None
        self._work: threading.Thread | None = None
        self.mark = ""
        """What was told with the position when it was last asked for."""

    async def open(self, topics: Sequence[str]) -> int:
        """Make the topics that are missing, fence other relays, and answer the position. Raises KafkaAway."""
        return await self._aside(lambda: self._open(topics))

    async def put(self, messages: Sequence[Outgoing]) -> None:
        """Write these into the transaction that is open, or into a new one. Raises KafkaAway, Fenced; nothing of the
        transaction is there then.
        """
        await self._aside(lambda: self._put(messages))

    async def commit(self, position: int, mark: str = "") -> None:
        """End the transaction with the position behind its messages, and that position's mark. Raises as `put`."""
        await self._aside(lambda: self._commit(position, mark))

    async def told(self) -> int:
        """The position, without a hand on anything. Raises KafkaAway."""
        return await self._aside(lambda: self._committed(self._reader()))

    async def put_back(self, position: int, mark: str) -> None:
        """Go on from there, with no relay at work: what lies past it is told again. Raises KafkaAway."""
        place = TopicPartition(self._place.topic, self._place.partition, position, mark)
        await self._aside(lambda: self._reader().commit(offsets=[place], asynchronous=False))

    async def forget(self, topic: str) -> None:
        """Delete all messages of a topic, if there is one. Raises KafkaAway."""
        await self._aside(lambda: self._forget(topic))

    def standstill(self, topics: Sequence[str]) -> Standstill:
        """To look whether readers of these topics get on."""
        return Standstill(self._settings, topics)

    async def close(self) -> None:
        """Disconnect, once what is under way has ended, or after some seconds: whoever comes next then aborts it."""
        ends: list[Producer | Consumer | None] = [self._producer, self._consumer]
        self._consumer, self._producer = None, None
        if self._work is not None:
            await asyncio.to_thread(self._work.join, LAST_SECONDS)

        def end() -> None:  # each may wait for a broker that does not answer
            consumer = ends[1]
            if consumer is not None:
                consumer.close()
            ends.clear()

        with contextlib.suppress(TimeoutError, KafkaAway):
            async with asyncio.timeout(LAST_SECONDS):
                await self._aside(end)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _aside(self, work: Callable[[], T]) -> T:
        """Do it in a thread, and say in our words what went wrong.

        The thread keeps nobody from ending: where Kafka is away, its library waits on for as long as it was told to.
        """
        self._work, done = begun(work)
        try:
            return await done
        except (KafkaException, BufferError) as error:
            raise _in_our_words(error) from error
        finally:
            del work, done  # as the thread does: the old producer would go on beside the next one

    def _open(self, topics: Sequence[str]) -> int:
        wanted = {**dict.fromkeys(topics, PARTITIONS), self._place.topic: 1}
        make_ready(self._settings, wanted, self._largest, self._patience)
        producer = Producer(
            {
                **self._settings,
                "transactional.id": self.name,  # idempotent, acknowledged by all in-sync replicas
                "transaction.timeout.ms": int(2 * self._patience * 1000),
                "compression.type": "lz4",
                "linger.ms": LINGER,
                "message.max.bytes": self._largest,
                "queue.buffering.max.messages": 1_000_000,
                "message.timeout.ms": int(self._patience * 1000),
            }
        )
        producer.init_transactions(self._patience)
        self._producer, self._begun = producer, False
        return self._committed(self._reader())

    def _reader(self) -> Consumer:
        self._consumer = Consumer({**self._settings, "group.id": self.name, "enable.auto.commit": False})
        return self._consumer

    def _committed(self, consumer: Consumer) -> int:
        try:
            (place,) = consumer.committed([self._place], timeout=self._patience)
        except KafkaException as error:
            if position_hangs(self._settings, self.name, self._place, self._patience):
                raise KafkaAway(HANGS) from error
            raise
        self.mark = place.metadata or ""
        return max(0, place.offset)

    def _forget(self, topic: str) -> None:
        admin = AdminClient(self._settings)
        there = admin.list_topics(timeout=self._patience).topics.get(topic)
        ends = [TopicPartition(topic, partition, OFFSET_END) for partition in there.partitions] if there else []
        # Not the topic itself: made anew at once, it may be taken for the old one, and go with it.
        for deleted in admin.delete_records(ends, operation_timeout=self._patience).values() if ends else ():
            deleted.result(self._patience)

    def _put(self, messages: Sequence[Outgoing]) -> None:
        producer, _ = self._opened()
        try:
            if not self._begun:
                producer.begin_transaction()
                self._begun = True
            for number, message in enumerate(messages):
                producer.produce(message.topic, message.value, message.key, message.partition, headers=message.headers)
                if number % BREATH == 0:
                    producer.poll(0)
        except (KafkaException, BufferError):
            self._abort(producer)
            raise

    def _commit(self, position: int, mark: str) -> None:
        producer, consumer = self._opened()
        try:
            place = TopicPartition(self._place.topic, self._place.partition, position, mark)
            producer.send_offsets_to_transaction([place], consumer.consumer_group_metadata(), self._patience)
            producer.commit_transaction(self._patience)
        except KafkaException:
            self._abort(producer)
            raise
        self._begun = False

    def _opened(self) -> tuple[Producer, Consumer]:
        if self._producer is None or self._consumer is None:
            raise KafkaAway("the wire is closed")
        return self._producer, self._consumer

    def _abort(self, producer: Producer) -> None:
        """Take back what was begun. If even that fails, whoever opens next does it."""
        self._begun = False
        try:
            producer.abort_transaction(self._patience)
        except KafkaException as error:
            if error.args[0].fatal():
                self._producer = None


def _in_our_words(error: KafkaException | BufferError) -> Exception:
    told = error.args[0]
    if isinstance(told, KafkaError) and told.code() in {KafkaError._FENCED, KafkaError.PRODUCER_FENCED}:  # noqa: SLF001 - so the library names it
        return Fenced(told.str())
    return KafkaAway(str(told))
