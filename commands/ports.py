"""What the commands need of the world, as they name it.

`infra` fits each port; a contract suite holds each adapter to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from domain.actor import Actor
from domain.kernel import Aggregate, Recorded

A = TypeVar("A", bound=Aggregate)


class Conflict(Exception):
    """Somebody else wrote one of these streams first: load again and decide anew."""


class KeyTaken(Conflict):
    """A command with this idempotency key has been recorded already: look for its answer."""


class WrongKind(Exception):
    """A stream was asked for as one kind of aggregate, and is another."""


class Unavailable(Exception):
    """The store is away, full, or too busy to take this now; nothing was recorded that is not told.

    Args:
        message: a sentence for callers.
        retry_after: seconds.
        why: what the store itself said, for logs alone: it may name addresses and folders.
    """

    def __init__(self, message: str, retry_after: int = 1, *, why: object = None) -> None:
        super().__init__(f"{message} ({why})" if why else message)
        self.message = message
        self.retry_after = retry_after
        self.matter = message
        """What is told of now and then only, however many meet it: one trouble may have several messages, or one
        message tell of several troubles."""


TENANT = "default"
"""Whose commands a journal has: one marketplace is one tenant, with a log of its own."""


class Key(NamedTuple):
    """An idempotency key as the journal keeps it: per caller, with the keyed hash of what was asked."""

    text: str
    """Caller and key in one, unique in the journal."""
    fingerprint: bytes


class Cause(NamedTuple):
    """The command that causes events: one row of the journal, in the transaction of its events."""

    id: UUID
    name: str
    actor: Actor
    at: datetime
    request_id: str = ""
    address: str | None = None
    """Where the caller called from; stored encrypted with the actor's key."""
    key: Key | None = None
    answer: bytes | None = None
    """What the caller was told, kept for a retry with the same key; stored encrypted, dropped after 24 hours."""
    tenant: str = TENANT


class Kept(NamedTuple):
    """What the journal knows of an idempotency key."""

    command: UUID
    fingerprint: bytes
    answer: bytes | None
    """None while the command that took the key has not finished."""
    position: int
    age: float
    """Seconds since the key was taken."""


class Page(NamedTuple):
    """A piece of the log, and where to read on: behind gaps that a rollback left, too."""

    events: list[Recorded]
    position: int


class Wanted(NamedTuple):
    """A stream to load, and whether what others have added is asked for."""

    kind: type[Aggregate]
    stream: UUID
    fresh: bool = False


class EventStore(Protocol):
    """The log: streams to decide on, and one settled order to follow."""

    async def load(self, kind: type[A], stream: UUID, *, fresh: bool = False) -> A:
        """A draft of the stream, at version 0 if nothing happened to it yet.

        From the cache if it can be; `fresh` asks the database for what others have added. Loads that wait together are
        read together. Raises WrongKind, Unavailable.
        """
        ...

    async def load_all(self, wanted: Sequence[Wanted]) -> list[Aggregate]:
        """As `load`, of several streams in one question: each of the kind asked for, in the order asked."""
        ...

    async def save(self, aggregates: Sequence[Aggregate], cause: Cause) -> int:
        """Record the pending events of all of these, and the cause, in one transaction; answers the last position.

        Raises Conflict if another save was first on one of the streams, KeyTaken if it was first with the key,
        Unavailable. After a lost connection it recognises what did commit.
        """
        ...

    async def read(self, after: int, limit: int) -> Page:
        """What is settled past that position, in order: nothing at or before the page's position can still appear."""
        ...

    async def history(self, streams: Iterable[UUID], until: datetime | None = None) -> list[Recorded]:
        """All that happened to these streams, in the log's order, up to and including that instant."""
        ...

    async def kept(self, key: str) -> Kept | None:
        """What the journal has for this idempotency key, if it is not yet forgotten."""
        ...

    async def answer(self, command: UUID, answer: bytes) -> None:
        """File the answer of a command that recorded before it knew what it would answer."""
        ...

    async def last_position(self, session: UUID) -> int:
        """The position of the newest event that this session or API key caused; 0 for none."""
        ...

    async def load_and_position(self, wanted: Sequence[Wanted], session: UUID) -> tuple[list[Aggregate], int]:
        """As `load_all` and `last_position`, in one question."""
        ...

    async def head(self) -> int:
        """The newest settled position."""
        ...

    async def end(self) -> int:
        """The newest position drawn, settled or not: what is recorded by now stands at or before it."""
        ...


SOME: Any = object()
"""Stands for any value at all, where documents are looked for by their values."""


class Documents(Protocol):
    """The read models, as far as commands may ask: what a rule needs to find, never what it decides on."""

    async def find(self, resource: str, id: UUID) -> dict[str, Any] | None:
        """One document, hidden fields included, after waiting for what this caller wrote."""
        ...

    async def select(self, resource: str, **equals: Any) -> list[dict[str, Any]]:
        """The documents whose fields have these values, after waiting for the log's present head."""
        ...

    async def exists(self, resource: str, **equals: Any) -> bool:
        """Is there any that `select` would answer?"""
        ...

    async def shown(self, resource: str, id: UUID, pending: Sequence[Recorded], actor: Actor) -> dict[str, Any]:
        """The document as this caller sees it once these events, not yet saved, have happened to it."""
        ...

    async def shown_all(
        self, resource: str, ids: Sequence[UUID], pending: Sequence[Recorded], actor: Actor
    ) -> list[dict[str, Any]]:
        """As `shown`, of several documents, in that order."""
        ...


class Ids(Protocol):
    """Makes ids: UUIDs ordered by time."""

    def __call__(self) -> UUID:
        """A new id."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answers: the resource it was about, shown as its caller sees it, or something bare."""

    resource: str | None = None
    id: UUID | None = None
    ids: tuple[UUID, ...] = ()
    """Of an answer that is a list of resources."""
    status: int | None = None
    """Absent: as the route says."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What stands beside the resource, such as `paymentResult`; or all of a bare answer."""
    headers: dict[str, str] = field(default_factory=dict)
    secret: dict[str, Any] = field(default_factory=dict)
    """Fields of the resource that are shown in this answer and never stored, such as an API key."""
    kept: dict[str, Any] | None = None
    """What is stored of `extra`, and told to a retry, where there is a secret in it; absent: all of it."""
