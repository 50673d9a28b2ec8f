"""Kafka as the relay writes to it: one transaction for a page of messages and the position that they bring the log to.

The position is kept as the offset of a consumer group, committed in the transaction of the messages: it is never ahead
of what Kafka has, nor behind it. Whoever opens a wire fences all others of its name; what they had begun is aborted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Self, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from infra.kafka.messages import Outgoing

T = TypeVar("T")

SECONDS = 30.0
"""That Kafka may take for one step, unless somebody says otherwise."""
PARTITIONS = 6
"""Of each topic: as many consumers of one group can share it."""
BROKERS_CHOICE = -1
"""Replicas: as many as the brokers are set to make."""


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
    """

    def __init__(
        self, servers: str, name: str, options: Mapping[str, str] | None = None, *, patience: float = SECONDS
    ) -> None:
        # What is wrong is said by the errors that it raises; the library would print it besides.
        self._settings: dict[str, str | int | float | bool] = {
            "bootstrap.servers": servers,
            "log_level": 0,
            **(options or {}),
        }
        self._patience = patience
        self._name = name
        self._place = TopicPartition(f"{name}.position", 0)
        self._producer: Producer | None = None
        self._consumer: Consumer | None = None

    async def open(self, topics: Sequence[str]) -> int:
        """Make the topics that are missing, fence other relays, and answer the position. Raises KafkaAway."""
        return await _aside(lambda: self._open(topics))

    async def send(self, messages: Sequence[Outgoing], position: int) -> None:
        """Write all of these, and the position behind them, or nothing. Raises KafkaAway, Fenced."""
        await _aside(lambda: self._send(messages, position))

    async def close(self) -> None:
        """Disconnect. What is under way is aborted by whoever comes next."""
        consumer, self._consumer, self._producer = self._consumer, None, None
        if consumer is not None:
            await asyncio.to_thread(consumer.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _open(self, topics: Sequence[str]) -> int:
        self._make({**dict.fromkeys(topics, PARTITIONS), self._place.topic: 1})
        producer = Producer(
            {
                **self._settings,
                "transactional.id": self._name,  # idempotent, acknowledged by all in-sync replicas
                "transaction.timeout.ms": int(2 * self._patience * 1000),
                "compression.type": "lz4",
                "linger.ms": 1,
                "queue.buffering.max.messages": 1_000_000,
                "message.timeout.ms": int(self._patience * 1000),
            }
        )
        producer.init_transactions(self._patience)
        self._producer = producer
        self._consumer = Consumer({**self._settings, "group.id": self._name, "enable.auto.commit": False})
        (place,) = self._consumer.committed([self._place], timeout=self._patience)
        return max(0, place.offset)

    def _make(self, topics: Mapping[str, int]) -> None:
        admin = AdminClient(self._settings)
        there = admin.list_topics(timeout=self._patience).topics
        missing = [
            NewTopic(topic, num_partitions=partitions, replication_factor=BROKERS_CHOICE)
            for topic, partitions in topics.items()
            if topic not in there
        ]
        for made in admin.create_topics(missing, operation_timeout=self._patience).values() if missing else ():
            try:
                made.result(self._patience)
            except KafkaException as error:
                if _code(error) != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise

    def _send(self, messages: Sequence[Outgoing], position: int) -> None:
        producer, consumer = self._producer, self._consumer
        if producer is None or consumer is None:
            raise KafkaAway("the wire is closed")
        producer.begin_transaction()
        try:
            for message in messages:
                producer.produce(message.topic, message.value, message.key, headers=message.headers)
            place = TopicPartition(self._place.topic, self._place.partition, position)
            producer.send_offsets_to_transaction([place], consumer.consumer_group_metadata(), self._patience)
            producer.commit_transaction(self._patience)
        except (KafkaException, BufferError):
            self._abort(producer)
            raise

    def _abort(self, producer: Producer) -> None:
        """Take back what was begun. If even that fails, whoever opens next does it."""
        try:
            producer.abort_transaction(self._patience)
        except KafkaException as error:
            if error.args[0].fatal():
                self._producer = None


async def _aside(work: Callable[[], T]) -> T:
    """Do it in a thread, and say in our words what went wrong."""
    try:
        return await asyncio.to_thread(work)
    except (KafkaException, BufferError) as error:
        told = error.args[0]
        if isinstance(told, KafkaError) and told.code() in {KafkaError._FENCED, KafkaError.PRODUCER_FENCED}:  # noqa: SLF001 - so the library names it
            raise Fenced(told.str()) from error
        raise KafkaAway(str(told)) from error


def _code(error: KafkaException) -> int:
    code: int = error.args[0].code()
    return code
