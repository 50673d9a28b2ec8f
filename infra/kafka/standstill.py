"""Transactions that Kafka never ended: behind one, those who read committed messages alone stand still.

Nobody else notices. The relay is told that its transactions are committed, and goes on; it does not read what it wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel, KafkaError, KafkaException, TopicPartition

# Its documented place; the library's types neither export it there nor tell what `latest` takes.
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from infra.threads import begun

LOOK_SECONDS = 30.0
"""Between two looks: many times as long as a transaction of the relay takes."""
PATIENCE = 10.0
"""Seconds that Kafka may take to answer."""

HANGS = (
    "a transaction of the relay is not ended, so that Kafka cannot tell its position: "
    "see `kafka-transactions.sh find-hanging`, and docs/operations.md"
)

Settings = Mapping[str, str | int | float | bool]


class Place(NamedTuple):
    """A partition."""

    topic: str
    partition: int


def standing_still(places: Sequence[Place]) -> str:
    """What is wrong there, in one sentence."""
    first = f"{places[0].topic}[{places[0].partition}]"
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return (
        f"a transaction of the relay is not ended, and readers of committed messages stand still at {first}{more}: "
        "see docs/operations.md"
    )


class Standstill:
    """Where readers of committed messages stood at one look, with more to come, and have not moved at the next.

    Args:
        settings: of librdkafka, to reach the brokers.
        topics: that nobody but the relay writes to.
    """

    def __init__(self, settings: Settings, topics: Iterable[str]) -> None:
        self._settings = dict(settings)
        self._topics = frozenset(topics)
        self._stood: dict[Place, int] = {}

    async def look(self) -> list[Place]:
        """The partitions where they have not moved since the look before; none while Kafka does not tell."""
        _, told = begun(self._stand)
        try:
            stand = await told
        except (KafkaException, TimeoutError):
            stand = {}
        stood, self._stood = self._stood, stand
        return sorted(place for place, offset in stand.items() if stood.get(place) == offset)

    def _stand(self) -> dict[Place, int]:
        """The partitions that have more than committed messages, and where those end."""
        admin = AdminClient(dict(self._settings))
        there = admin.list_topics(timeout=PATIENCE).topics
        asked = [
            TopicPartition(topic, partition)
            for topic in self._topics & there.keys()
            for partition in there[topic].partitions
        ]
        # In this order: what is written and ended in between is no standstill.
        written = _ends(admin, asked, IsolationLevel.READ_UNCOMMITTED)
        committed = _ends(admin, asked, IsolationLevel.READ_COMMITTED)
        return {place: end for place, end in committed.items() if end < written[place]}


def position_hangs(settings: Settings, group: str, place: TopicPartition, patience: float) -> bool:
    """Is there a transaction with that group's position that Kafka has not ended?"""
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(place.topic, place.partition)])
    admin = AdminClient(dict(settings))
    try:
        (told,) = admin.list_consumer_group_offsets([asked], require_stable=True, request_timeout=patience).values()
        places = told.result(patience).topic_partitions
    except KafkaException:
        return False
    return any(place.error and place.error.code() == KafkaError.UNSTABLE_OFFSET_COMMIT for place in places)


def _ends(admin: AdminClient, asked: Iterable[TopicPartition], level: IsolationLevel) -> dict[Place, int]:
    latest = {place: OffsetSpec.latest() for place in asked}  # type: ignore[no-untyped-call]
    told = admin.list_offsets(latest, isolation_level=level, request_timeout=PATIENCE) if latest else {}
    return {Place(at.topic, at.partition): answer.result(PATIENCE).offset for at, answer in told.items()}
