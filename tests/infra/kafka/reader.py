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
    return [_read(message) for message in _messages(servers, topic, at_least, seconds)]


def all_values(servers: str, topic: str, *, at_least: int = 1, seconds: float = 60) -> list[bytes]:
    """What all committed messages of the topic say."""
    return [_value(message) for message in _messages(servers, topic, at_least, seconds)]


def _messages(servers: str, topic: str, at_least: int, seconds: float) -> list[Message]:
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
    found: list[Message] = []
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            message = consumer.poll(QUIET_SECONDS)
            if message is None and len(found) >= at_least:
                break
            if message is not None and message.error() is None:
                found.append(message)
    finally:
        consumer.close()
    return found


def _value(message: Message) -> bytes:
    value = message.value()
    assert isinstance(value, bytes)
    return value


def _read(message: Message) -> Read:
    headers = dict(message.headers() or [])
    texts = {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in headers.items()}
    key = message.key()
    assert isinstance(key, bytes)
    return Read(
        str(message.topic()),
        key.decode(),
        int(texts["position"]),
        int(texts["version"]),
        texts["ce_type"],
        _value(message),
        texts.get("traceparent"),
    )
