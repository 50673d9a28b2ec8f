"""Deadlines: what has to be acted on, and when, as the facts set and clear it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.kernel import Recorded


class Set(NamedTuple):
    """From now on something is due; an earlier deadline of this kind and subject is replaced."""

    kind: str
    subject: UUID
    due: datetime


class Clear(NamedTuple):
    """Nothing of this kind is due for the subject any more."""

    kind: str
    subject: UUID


@dataclass(frozen=True, slots=True)
class DeadlineProjection:
    """The table of deadlines. Raise `version` when what sets or clears them changes: a rebuild is then due."""

    changes: Callable[[Recorded], Iterable[Set | Clear]]
    version: int = 1
    aggregates: frozenset[str] | None = None
    """The topics of those whose events change anything; None: of any."""
    name: str = "deadline"
    """Also that of its table."""
