"""An aggregate whose events hold a value of every sort that an event may hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from domain.kernel import PERSONAL, Aggregate, Personal, event


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Amount:
    minor: int
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    name: Personal
    born: Annotated[date, PERSONAL] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    kind: str
    amount: Amount
    by: Person | None = None


class Sample(Aggregate):
    TOPIC = "test.sample"

    def fill(self, **values: Any) -> None:
        self._filled(**values)

    @event("Filled", topic="test.sample.filled.v1")
    def _filled(
        self,
        id_: UUID,
        day: date,
        instant: datetime,
        maybe: datetime | None,
        yes: bool,
        number: int,
        colour: Colour,
        size: Literal["S", "M"],
        lines: tuple[Line, ...],
        pair: tuple[str, Amount],
        nights: dict[date, UUID],
        tags: frozenset[str],
        bio: Personal,
        nickname: Personal | None,
        record: dict[str, Any],
    ) -> None:
        """Nothing is remembered."""

    @event("Emptied", topic="test.sample.emptied.v1")
    def _emptied(self) -> None:
        """Nothing is remembered."""
