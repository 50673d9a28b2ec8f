"""A consumer as integrators write one: of committed messages, from the beginning."""

from __future__ import annotations

import time
from typing import NamedTuple
from uuid import uuid4

from confluent_kafka import Consumer, Message

QUIET_SECONDS = 1.5


class Read(NamedTuple):
    """One message, as far as tests look at it."""

    topic: str
    key: str
    position: int
    version: int
    type: str
    value: bytes
    trace: str | None = None


def read_all(servers: str, topic: str, *, at_least: int = 0, seconds: float = 60) -> list[Read]:
    """All committed messages of the topic, in the order received: until it is quiet and there are enough."""
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": uuid4().hex,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    found: list[Read] = []
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            message = consumer.poll(QUIET_SECONDS)
            if message is None and len(found) >= at_least:
                break
            if message is not None and message.error() is None:
                found.append(_read(message))
    finally:
        consumer.close()
    return found


def _read(message: Message) -> Read:
    headers = dict(message.headers() or [])
    texts = {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in headers.items()}
    key, value = message.key(), message.value()
    assert isinstance(key, bytes)
    assert isinstance(value, bytes)
    return Read(
        str(message.topic()),
        key.decode(),
        int(texts["position"]),
        int(texts["version"]),
        texts["ce_type"],
        value,
        texts.get("traceparent"),
    )
