"""What a caller may write as the value of a filter, for each kind of field."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from domain.errors import Invalid
from domain.resource import Field, Kind
from projections.projection import instant
from read_api.query import Absent, Between, Condition, Equal, LocalDateOf, LocalDates, LocalNow, Part, Whole

NULL = "null"
LONGEST = 1_000
"""Characters that one value may have."""
MOST = 200
"""Values of one filter."""
MOST_MOMENTS = 20
"""Of those, instants that stand for dates: which date each is has to be found out for every zone on earth."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_NUMBER = r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?"
_RANGE = re.compile(rf"\$(lt|lte|gt|gte)-({_NUMBER})", re.ASCII)
_BOTH_ENDS = re.compile(rf"\$btw-({_NUMBER})-({_NUMBER})", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.IGNORECASE | re.ASCII,
)

TEXTS = frozenset({Kind.STRING, Kind.TEXT})
NUMBERS = frozenset({Kind.INTEGER, Kind.MONEY, Kind.DECIMAL})
TIMES = frozenset({Kind.DAY, Kind.INSTANT})


def conditions(field: Field, values: Sequence[str], now: datetime) -> tuple[Condition, ...]:
    """What the values of one filter ask of the field, any of which is enough. `now` is the product's time.

    Raises Invalid, naming the field, for a value of another type, for an operator that the type does not have, for more
    than `MOST` values, and for more than `MOST_MOMENTS` instants that stand for dates.
    """
    if len(values) > MOST:
        raise Invalid({field.name: f"is given more than {MOST} times"})
    if any(len(value) > LONGEST or "\x00" in value for value in values):
        raise Invalid({field.name: f"is longer than {LONGEST} characters, or has the character NUL"})
    found = tuple(dict.fromkeys(_condition(field, value, now, alone=len(values) == 1) for value in values))
    if sum(isinstance(condition, LocalDateOf) for condition in found) > MOST_MOMENTS:
        raise Invalid({field.name: f"is given as a date-time more than {MOST_MOMENTS} times"})
    return found


def day(text: str) -> date | None:
    """The date that a text of the form `YYYY-MM-DD` is, if it is one."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def moment(text: str) -> datetime | None:
    """The instant that an RFC 3339 text is, in UTC, if it is one."""
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC) if _INSTANT.fullmatch(text) else None
    except (ValueError, OverflowError):
        return None


def truth(text: str) -> bool | None:
    """What `true` and `false` mean, without case."""
    return {"true": True, "false": False}.get(text.lower())


def _condition(field: Field, value: str, now: datetime, *, alone: bool) -> Condition:
    if value == NULL:
        return Absent()
    found: Condition | None
    if field.kind in TEXTS:
        return Part(value.casefold()) if alone else Whole(value.casefold())
    if field.kind in NUMBERS:
        found = _number(value, whole=field.kind is Kind.INTEGER)
    elif field.kind in TIMES:
        found = _time(value, now, is_day=field.kind is Kind.DAY)
    else:
        found = _exact(field, value)
    if found is None:
        raise Invalid({field.name: _expected(field)})
    return found


def _exact(field: Field, value: str) -> Condition | None:
    if field.kind is Kind.ID:
        return Equal(str(UUID(value))) if _ID.fullmatch(value) else None
    if field.kind is Kind.BOOLEAN:
        known = truth(value)
        return None if known is None else Equal(known)
    if field.kind is Kind.ENUM:
        name = next((name for name in field.enum if name.casefold() == value.casefold()), None)
        return None if name is None else Equal(name)
    raise TypeError(f"{field.name} cannot be filtered on: it is declared as {field.kind}")


def _number(value: str, *, whole: bool) -> Condition | None:
    if whole and "." in value:
        return None
    if re.fullmatch(_NUMBER, value, re.ASCII):
        return Equal(Decimal(value))
    if found := _BOTH_ENDS.fullmatch(value):
        return Between(Decimal(found[1]), Decimal(found[2]))
    if found := _RANGE.fullmatch(value):
        bound, included = Decimal(found[2]), found[1].endswith("e")
        return Between(high=bound, high_in=included) if found[1][0] == "l" else Between(low=bound, low_in=included)
    return None


def _time(value: str, now: datetime, *, is_day: bool) -> Condition | None:
    if value in _LOCAL:
        return LocalNow(_LOCAL[value], now)
    if value in _WORDS:
        return _dates(*_WORDS[value](now.astimezone(UTC).date()), is_day=is_day)
    if value.startswith(("$leq-", "$lin-")):
        named = day(value[5:])
        if named is None:
            return None
        first, last = _day(named) if value.startswith("$leq-") else _month(named)
        return _dates(first, last, is_day=True) if is_day else LocalDates(first, last)
    if (named := day(value)) is not None:
        return _dates(named, named, is_day=is_day)
    if (at := moment(value)) is not None:
        return LocalDateOf(at) if is_day else Equal(instant(at))
    return None


def _dates(first: date, last: date, *, is_day: bool) -> Condition:
    """A range of whole UTC days; as dates and instants are kept as text that orders as they do, its bounds are text."""
    if not is_day:
        return Between(f"{first}T00:00:00.000Z", f"{last}T23:59:59.999Z")
    return Equal(str(first)) if first == last else Between(str(first), str(last))


def _day(of: date) -> tuple[date, date]:
    return of, of


def _week(of: date) -> tuple[date, date]:
    monday = of - timedelta(days=of.weekday())
    return monday, monday + timedelta(days=6)


def _month(of: date) -> tuple[date, date]:
    return of.replace(day=1), of.replace(day=monthrange(of.year, of.month)[1])


_WORDS = MappingProxyType({"$today": _day, "$week": _week, "$month": _month})
"""Days by UTC."""
_LOCAL: Mapping[str, Literal["day", "week"]] = MappingProxyType({"$ltoday": "day", "$lweek": "week"})
"""Days by the document's own zone."""


def _expected(field: Field) -> str:
    if field.kind in NUMBERS:
        kind = "a whole number" if field.kind is Kind.INTEGER else "a number"
        return f"is not {kind}, null, or one of $lt-N, $lte-N, $gt-N, $gte-N, $btw-N-N"
    if field.kind in TIMES:
        return "is not a date, null, or one of $today, $week, $month, $ltoday, $lweek, $leq-YYYY-MM-DD, $lin-YYYY-MM-DD"
    if field.kind is Kind.ENUM:
        return f"is not null or one of {', '.join(field.enum)}"
    return "is not true, false or null" if field.kind is Kind.BOOLEAN else "is not an id (a UUID) or null"
