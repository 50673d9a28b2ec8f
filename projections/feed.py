"""Feeds: facts that an outside system polls, in order, under numbers without gaps.

The number is given where the feed is written, in the transaction of its position: a rebuild gives the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from domain.kernel import Recorded


class FeedEntry(NamedTuple):
    """What the outside system is told of one fact."""

    subject: UUID
    """What it happened to."""
    type: str


@dataclass(frozen=True, slots=True)
class FeedProjection:
    """One feed: which facts it tells, and how. Raise `version` when that changes: a rebuild is then due."""

    name: str
    """Of the feed, such as `operator`; its table is `<name>_feed`."""
    entry: Callable[[Recorded], FeedEntry | None]
    version: int = 1
    aggregates: frozenset[str] | None = None
    """The topics of those whose events it may tell; None: of any."""
