"""Operators as outside systems know them, and the feed that keeps those in step."""

from __future__ import annotations

from typing import Any

from domain.kernel import Recorded
from domain.operator import Operator
from domain.resources.operators import described
from projections.feed import FeedEntry, FeedProjection
from projections.projection import Document, Projection, born, changed, on


def _created(_document: Document | None, event: Recorded, _hint: Any) -> Document:
    fact: Any = event.fact
    return born(event, isKept=True) | described(event.stream, fact.profile)


def _updated(document: Document | None, event: Recorded, _hint: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event) | described(event.stream, fact.profile)


def _deleted(document: Document | None, event: Recorded, _hint: Any) -> Document:
    return changed(document, event, isKept=False)


OPERATORS = Projection("operator", on(Operator, Created=_created, Updated=_updated, Deleted=_deleted), version=2)

TYPES = ("CREATE", "UPDATE", "DELETE")
_TOLD = {"operator.created.v1": "CREATE", "operator.updated.v1": "UPDATE", "operator.deleted.v1": "DELETE"}


def entry(event: Recorded) -> FeedEntry | None:
    """What the feed tells of a fact: which operator, and what kind of change; nothing personal."""
    type = _TOLD.get(event.name)
    return FeedEntry(event.stream, type) if type else None


OPERATOR_FEED = FeedProjection("operator", entry, aggregates=frozenset({Operator.TOPIC}))
