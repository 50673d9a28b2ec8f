"""Values in conditions, as documents have them; what does not fit is refused with what would."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any
from uuid import UUID

from domain.errors import Invalid
from domain.resource import Field, Kind
from projections.projection import instant
from read_api.filters import day, moment
from read_api.search.algebra import Value

LONGEST = 1_000
"""Characters of a text."""
MOST_DECIMALS, BEYOND = 15, 10**15
_LEAST, _EXACT = Decimal(1).scaleb(-MOST_DECIMALS), Context(prec=40)
TEXTS = frozenset({Kind.STRING, Kind.TEXT})
NUMBERS = frozenset({Kind.INTEGER, Kind.MONEY, Kind.DECIMAL})


def text_of(name: str, value: Any) -> str:
    """A text to look for. Raises Invalid."""
    if not isinstance(value, str) or "\x00" in value or len(value) > LONGEST or not _well_formed(value):
        raise Invalid({name: f"is not a text of at most {LONGEST} characters"})
    return value


def _well_formed(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def value_of(field: Field, name: str, value: Any) -> Value:
    """One value as documents have it. Raises Invalid."""
    kind = field.of if field.kind is Kind.LIST else field.kind
    if kind in TEXTS:
        return text_of(name, value).casefold()
    if kind in NUMBERS:
        return number_of(name, value)
    if kind is Kind.BOOLEAN:
        if not isinstance(value, bool):
            raise Invalid({name: "is not true or false"})
        return value
    if kind is Kind.ENUM and value not in field.enum:
        raise Invalid({name: f"is not one of {', '.join(field.enum)}"})
    if kind is Kind.ID:
        try:
            return str(UUID(text_of(name, value)))
        except ValueError:
            raise Invalid({name: "is not an id (a UUID)"}) from None
    if kind is Kind.DAY:
        return day_of(name, value).isoformat()
    if kind is Kind.INSTANT:
        return instant(instant_of(name, value))
    return text_of(name, value)


def number_of(name: str, value: Any) -> Decimal:
    """A number. Raises Invalid."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Invalid({name: "is not a number"})
    number = Decimal(value)
    if abs(number) >= BEYOND:
        raise Invalid({name: "is too large a number"})
    if number != number.quantize(_LEAST, context=_EXACT):
        raise Invalid({name: f"is not a number of at most {MOST_DECIMALS} decimals"})
    return number


def day_of(name: str, value: Any) -> date:
    """A date. Raises Invalid."""
    found = day(value) if isinstance(value, str) else None
    if found is None:
        raise Invalid({name: "is not a date, YYYY-MM-DD"})
    return found


def instant_of(name: str, value: Any) -> datetime:
    """An instant. Raises Invalid."""
    found = moment(value) if isinstance(value, str) else None
    if found is None:
        raise Invalid({name: "is not an instant (RFC 3339, such as 2026-05-01T12:00:00Z)"})
    return found
