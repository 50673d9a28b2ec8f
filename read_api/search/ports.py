"""What search needs of an engine. `infra` fits the port; one contract suite holds every engine to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from domain.actor import Actor
from projections.projection import Document
from read_api.search.algebra import Condition, Question
from read_api.search.declared import Index


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many of the found have the value."""

    value: str | bool
    count: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One found document, with all it holds: `read_api.shown` makes of it what the caller sees.

    Joined documents stand under `joined`, by the join's name: only those that the caller sees.
    """

    document: Document
    cursor: tuple[str, ...]
    """Where to read on behind it, in the order of the question."""
    joined: dict[str, Document | list[Document] | None] = field(default_factory=dict)
    distance: float | None = None
    """Metres, where the order is by distance."""
    stay_price: int | None = None
    """Minor units, where the question has a stay."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer, as of one moment."""

    hits: list[Hit]
    total: int
    facets: dict[str, list[FacetCount]] = field(default_factory=dict)


class SearchEngine(Protocol):
    """Answers questions with no more than the caller sees: rows, fields, counts and facets alike.

    All of it raises Unavailable while the engine is away.
    """

    async def search(self, question: Question, actor: Actor) -> Found:
        """The page, the total and the facets."""
        ...

    async def count(self, index: Index, where: Condition, actor: Actor) -> int:
        """How many the caller would find."""
        ...

    async def get(self, index: Index, id: UUID, actor: Actor) -> Hit | None:
        """The document with its joins, unless it is absent or not the caller's to see."""
        ...

    async def wait_until(self, position: int, index: Index, seconds: float) -> None:
        """Return once all that answers about this index are made from has come to the position, and is searchable.

        Raises ReadBehind when the time is over, Invalid for a position past the log's end.
        """
        ...
