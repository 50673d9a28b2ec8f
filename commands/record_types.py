"""What a caller may send for the declared fields of a record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, TypeAdapter
from pydantic import Field as Of

from commands.wire import Day, Flag, Id, Instant, LongText, NonEmpty, Number, Text, Whole
from domain.resource import Field, Kind

MOST_ITEMS = 500
DEEPEST = 20
"""Levels of an object."""
FINEST = 15
"""Digits after the point of a number."""


def _date_only(value: date | datetime) -> date:
    if isinstance(value, datetime):
        raise ValueError("is not a date (YYYY-MM-DD)")  # noqa: TRY004 - pydantic turns only ValueError into its own
    return value


def _not_too_fine(number: Decimal) -> Decimal:
    if cast("int", number.as_tuple().exponent) < -FINEST:
        raise ValueError(f"has more than {FINEST} decimals")
    return number


TEXT: TypeAdapter[str] = TypeAdapter(LongText)
NUMBER: TypeAdapter[Decimal] = TypeAdapter(Annotated[Number, AfterValidator(_not_too_fine)])


def _storable(value: Any, depth: int = 0) -> Any:
    """An object as it may be stored: texts that JSON can carry, numbers of a sane size, not nested without end."""
    if depth > DEEPEST:
        raise ValueError(f"is nested deeper than {DEEPEST} levels")
    match value:
        case dict():
            for name, item in value.items():
                _storable(name)
                _storable(item, depth + 1)
        case list():
            for item in value:
                _storable(item, depth + 1)
        case str():
            TEXT.validate_python(value)
        case bool() | None:
            pass
        case _:
            NUMBER.validate_python(value)
    return value


TYPES: Mapping[Kind, Any] = MappingProxyType(
    {
        Kind.ID: Id,
        Kind.STRING: Text,
        Kind.TEXT: LongText,
        Kind.INTEGER: Whole,
        Kind.DECIMAL: Annotated[Number, AfterValidator(_not_too_fine)],
        Kind.BOOLEAN: Flag,
        Kind.DAY: Annotated[Day, AfterValidator(_date_only)],
        Kind.INSTANT: Instant,
        Kind.OBJECT: Annotated[dict[str, Any], AfterValidator(_storable)],
    }
)


def type_of(field: Field) -> Any:
    """What a caller may send for a declared field. Raises TypeError for a kind that a record cannot hold."""
    if field.kind is Kind.ENUM:
        return Literal[field.enum]
    if field.kind is Kind.LIST and field.of is not None:
        item: Any = TYPES[field.of]
        return Annotated[list[item], Of(max_length=MOST_ITEMS)]
    if field.kind is Kind.STRING and field.required:
        return NonEmpty
    if field.kind not in TYPES:
        raise TypeError(f"{field.name}: a record cannot hold {field.kind}")
    return TYPES[field.kind]
