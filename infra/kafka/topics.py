"""The topics that the relay writes to: made where they are missing, and wide enough for what it tells."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException

# Their documented place; the library's types do not export them there.
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

BROKERS_CHOICE = -1
"""Replicas: as many as the brokers are set to make."""
TAKES = "max.message.bytes"
"""Of a topic: the largest batch, and so the largest message. Kafka's default is about a million."""

REFUSALS = frozenset({KafkaError._AUTHENTICATION, KafkaError._SSL})  # noqa: SLF001 - public by its documentation
"""What the library takes for a broker that is away."""


def make_ready(settings: Mapping[str, Any], topics: Mapping[str, int], largest: int, patience: float) -> None:
    """Make the topics that are missing, with so many partitions each, and let all of them take messages so large.

    Raises KafkaException.
    """
    told: list[KafkaError] = []
    watched: dict[str, Any] = {**settings, "error_cb": told.append}
    admin = AdminClient(watched)
    try:
        there = admin.list_topics(timeout=patience).topics
    except KafkaException as error:
        admin.poll(0)  # that the password is wrong is said there alone
        raise KafkaException(next((one for one in told if one.code() in REFUSALS), error.args[0])) from error
    missing = [
        NewTopic(topic, num_partitions=partitions, replication_factor=BROKERS_CHOICE, config={TAKES: str(largest)})
        for topic, partitions in topics.items()
        if topic not in there
    ]
    for made in admin.create_topics(missing, operation_timeout=patience).values() if missing else ():
        try:
            made.result(patience)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
    _widen(admin, topics.keys() & there.keys(), largest, patience)


def _widen(admin: AdminClient, topics: Iterable[str], largest: int, patience: float) -> None:
    """Let topics that were made before take messages so large. Where that is forbidden, it is left to those who may."""
    asked = [ConfigResource(ResourceType.TOPIC, topic) for topic in topics]
    narrow = []
    for resource, told in admin.describe_configs(asked, request_timeout=patience).items() if asked else ():
        with contextlib.suppress(KafkaException):
            if int(told.result(patience)[TAKES].value) < largest:
                entry = ConfigEntry(TAKES, str(largest), incremental_operation=AlterConfigOpType.SET)
                narrow.append(ConfigResource(ResourceType.TOPIC, resource.name, incremental_configs=[entry]))
    for changed in admin.incremental_alter_configs(narrow, request_timeout=patience).values() if narrow else ():
        with contextlib.suppress(KafkaException):
            changed.result(patience)
