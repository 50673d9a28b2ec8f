"""The fields of documents: what each holds, how it is read, and which columns it has (see `layout`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from domain.resource import Field, Kind

NUMBERS = {Kind.INTEGER: 0, Kind.MONEY: 4, Kind.DECIMAL: 9}
"""Digits behind the point that a number is kept with."""
TEXTS = frozenset({Kind.STRING, Kind.TEXT})
PLAIN = frozenset({Kind.ID, Kind.ENUM, Kind.DAY, Kind.INSTANT})


class Kept(NamedTuple):
    """How one field is read from a document, and what becomes of it."""

    name: str
    first: str
    part: str
    """Of the object that stands there; empty for the field itself."""
    path: tuple[str, ...]
    kinds: str
    """Of its columns."""
    of: Kind
    """What it holds; of a list, what its items are."""
    many: bool
    plain: bool
    """Is it a short text that is kept as it is, as most are: an id, a day, a choice?"""


def kept_of(fields: Iterable[Field]) -> tuple[Kept, ...]:
    """These fields, in their order."""
    return tuple(_kept(field, *field.name.partition(".")[::2]) for field in fields)


def _kept(field: Field, first: str, part: str) -> Kept:
    path = tuple(field.name.split("."))
    kinds, many = kinds_of(field), field.kind is Kind.LIST
    plain = kinds == "r" and not many and len(path) == 1
    return Kept(field.name, first, part, path, kinds, item_kind(field), many, plain)


def kinds_of(field: Field) -> str:
    """The kind of columns that a field has: of a list, that of its items; none for objects."""
    kind = field.of if field.kind is Kind.LIST else field.kind
    if kind in TEXTS:
        return "rkwg" if kind is Kind.TEXT else "rkw"
    if kind in PLAIN:
        return "r"
    if kind in NUMBERS:
        return "n"
    return "b" if kind is Kind.BOOLEAN else ""


def item_kind(field: Field) -> Kind:
    """What a field holds; of a list, what its items are."""
    return (field.of or Kind.OBJECT) if field.kind is Kind.LIST else field.kind
