"""What there is to be looked at after a campaign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.faults.notebook import Attempt, Entry, Oddity, Told, Window


class Logged(NamedTuple):
    """An event as the log has it."""

    position: int
    stream: str
    version: int
    name: str
    """Without its version."""
    state: Mapping[str, Any]
    command: str


class Journalled(NamedTuple):
    """A command as the log's journal has it."""

    command: str
    position: int


class Message(NamedTuple):
    """A message on Kafka, as a consumer of committed messages was given it."""

    topic: str
    key: str
    position: int
    version: int


class Payment(NamedTuple):
    """What the provider of payments says of one payment, minor units."""

    attempt: str
    captured: int
    refunded: int


@dataclass
class Evidence:
    """All that there is to be looked at after a campaign."""

    told: Sequence[Told] = ()
    attempts: Sequence[Attempt] = ()
    windows: Sequence[Window] = ()
    entries: Sequence[Entry] = ()
    """Of the feed: what followers were given while it all happened, and at last what one reads from start to end."""
    oddities: Sequence[Oddity] = ()
    log: Sequence[Logged] = ()
    """By position."""
    journal: Mapping[str, Journalled] = field(default_factory=dict)
    """By idempotency key."""
    messages: Sequence[Message] | None = None
    """On the product's own topics; None where there is no Kafka."""
    payments: Sequence[Payment] = ()
    differing_rows: Sequence[str] = ()
    differing_documents: Sequence[str] = ()
