"""A list that somebody asked for, as a value: which documents, in what order, which page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from domain.resource import Field, Resource

EVERYTHING = 0
"""The page number that asks for all pages in one."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The field has no value."""


@dataclass(frozen=True, slots=True)
class Part:
    """The text stands somewhere in the field; both without case."""

    text: str


@dataclass(frozen=True, slots=True)
class Whole:
    """The text is the field; both without case."""

    text: str


@dataclass(frozen=True, slots=True)
class Equal:
    """The field has this very value: an id, a name of an enum, a date or instant as text, a truth or a number."""

    value: str | bool | Decimal


@dataclass(frozen=True, slots=True)
class Between:
    """The field lies between these, in their own order; absent: no bound on that side."""

    low: str | Decimal | None = None
    high: str | Decimal | None = None
    low_in: bool = True
    high_in: bool = True


@dataclass(frozen=True, slots=True)
class LocalDates:
    """The date of the field, in the document's own zone, is one of `first` to `last`."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class LocalNow:
    """The date of the field is in today, or this week from Monday, where the document's clock stands now."""

    period: Literal["day", "week"]
    now: datetime


@dataclass(frozen=True, slots=True)
class LocalDateOf:
    """The field is the date that this instant has in the document's own zone."""

    instant: datetime


Condition = Absent | Part | Whole | Equal | Between | LocalDates | LocalNow | LocalDateOf


@dataclass(frozen=True, slots=True)
class Filter:
    """What one field must be: any of these."""

    field: Field
    any_of: tuple[Condition, ...]
    asked: tuple[str, ...] = ()
    """As the caller wrote it."""


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of a list; equals are in the order of their ids, absent values last."""

    field: Field
    descending: bool = True
    by_place: bool = False
    """Of an enum: by its values' places, not their names."""


@dataclass(frozen=True, slots=True)
class Query:
    """A list as asked for and checked. Different filters all hold."""

    resource: Resource
    sort: Sort
    filters: tuple[Filter, ...] = ()
    keyword: str | None = None
    """Stands somewhere in one of the resource's texts, without case."""
    page: int = 1
    """From 1; 0 for everything."""
    rows: int = 25

    @property
    def everything(self) -> bool:
        """All pages in one, streamed."""
        return self.page == EVERYTHING
