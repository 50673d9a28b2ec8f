"""What the reads need of the world. `infra` fits each port."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from domain.access import As
from domain.actor import Actor
from domain.errors import DomainError, NotAllowed
from domain.kernel import Recorded
from domain.resource import Resource
from projections.projection import Document
from read_api.query import Query


class ReadBehind(DomainError):
    """The read model has not come as far as the reader asked, not in the time given (503 with Retry-After)."""

    code = "READ_BEHIND"
    status = 503
    retry_after = 1


class NobodyKnown(NotAllowed):
    """What is asked is for those who are logged in, and nobody is (401 at the edge)."""


class Rows(NamedTuple):
    """A page of documents, and how many there are on all pages."""

    documents: list[Document]
    total: int


class FeedRow(NamedTuple):
    """One entry of a feed under its number."""

    id: int
    subject: UUID
    type: str


class FeedPage(NamedTuple):
    """A piece of a feed, and the number of its newest entry (0 for none)."""

    rows: list[FeedRow]
    head: int


class ReadStore(Protocol):
    """The documents, as far as one caller may see them.

    A document carries, beside its own fields, `as:<resource>` for each parent whose visibility decides about a field.
    All of it raises Unavailable while the store is away.
    """

    async def get(self, resource: Resource, id: UUID, actor: Actor) -> Document | None:
        """The document, unless it is absent or not the caller's to see."""
        ...

    async def find_by(self, resource: Resource, actor: Actor, **equals: Any) -> Document | None:
        """The newest document that the caller sees whose fields have these values."""
        ...

    async def page(self, query: Query, actor: Actor) -> Rows:
        """One page of what the caller sees, with the total, as of one moment."""
        ...

    def stream(self, query: Query, actor: Actor) -> AsyncGenerator[Document, None]:
        """All of what the caller sees, as of one moment, few of them in memory. Whoever reads it closes it."""
        ...

    async def parents(
        self, asked: Collection[As], document: Document, actor: Actor, *, deleted: bool = False
    ) -> dict[str, bool]:
        """For a document made elsewhere: `as:<resource>` for each of these parents, whether the caller sees it; of
        `deleted` ones, whether they would.
        """
        ...

    async def raw(self, model: str, id: UUID) -> Document | None:
        """The document with all it holds, deleted or not, whoever asks: for the product itself."""
        ...

    async def wait_until(self, position: int, models: Collection[str], seconds: float) -> None:
        """Return once these read models have come to the position.

        Raises ReadBehind when the time is over, Invalid for a position that the log has not reached itself.
        """
        ...


class FeedStore(Protocol):
    """The feeds, under numbers without gaps."""

    async def entries(self, name: str, start: int, limit: int) -> FeedPage:
        """At most `limit` entries from the number `start` on, and the head, as of one moment."""
        ...

    async def wait_beyond(self, name: str, id: int, seconds: float) -> None:
        """Return once the feed has an entry past this number, or when the time is over."""
        ...


class Log(Protocol):
    """The log, as far as history needs it."""

    async def history(self, streams: Iterable[UUID], until: datetime | None = None) -> list[Recorded]:
        """All that happened to these streams, in the log's order, up to and including that instant."""
        ...
