"""The types that messages are made of: what a caller may send, refused with a clear word where it is not that."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

LONG = 50_000
"""Characters that a long text may have."""
SHORT = 1_000
"""Characters that a short text may have."""
UNSET: Any = None
"""The default of a field that a PATCH may leave out; `Message.sent` tells absent from null."""


class Message(BaseModel):
    """A command as it was asked for: validated once, here, and never again."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    IGNORED: ClassVar[frozenset[str]] = frozenset()
    """Wire names that the reference asks for and the server decides: accepted, and not looked at."""

    def sent(self, *names: str) -> dict[str, Any]:
        """The fields that were really sent, null ones included; of these names only, if any are given."""
        return {n: getattr(self, n) for n in (names or type(self).model_fields) if n in self.model_fields_set}


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("may not contain the character NUL")
    try:
        text.encode()
    except UnicodeEncodeError as broken:
        raise ValueError("is not well-formed Unicode") from broken
    return text


def _id(value: Any) -> Any:
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        raise ValueError("is not an id (a UUID)")
    return UUID(value)


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        raise ValueError("is not a number")  # noqa: TRY004 - pydantic turns only ValueError into its own
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        raise ValueError("is out of range")
    return number


def _day(value: Any) -> Any:
    """A date stays as sent if it is a date-time: only the listing's zone tells which date that is."""
    if isinstance(value, date | datetime):
        return value
    if not isinstance(value, str):
        raise ValueError("is not a date (YYYY-MM-DD)")  # noqa: TRY004
    try:
        return date.fromisoformat(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else _instant(value)
    except ValueError:
        raise ValueError("is not a date (YYYY-MM-DD)") from None


def _instant(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[T ]", value):
        raise ValueError("is not an instant (RFC 3339)")
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("is not an instant (RFC 3339)") from None
    if found.tzinfo is None:
        raise ValueError("has no zone (RFC 3339 asks for Z or an offset)")
    try:
        found.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside of the years 1 to 9999, by UTC") from None
    return found


Text = Annotated[StrictStr, Field(max_length=SHORT), AfterValidator(_no_nul)]
NonEmpty = Annotated[StrictStr, Field(min_length=1, max_length=SHORT), AfterValidator(_no_nul)]
LongText = Annotated[StrictStr, Field(max_length=LONG), AfterValidator(_no_nul)]
Id = Annotated[UUID, PlainValidator(_id), WithJsonSchema({"type": "string", "format": "uuid"})]
Whole = Annotated[StrictInt, Field(ge=-(2**31), lt=2**31)]
Flag = StrictBool
Number = Annotated[Decimal, PlainValidator(_number), WithJsonSchema({"type": "number"})]
"""Money in major units, or a percentage: read as a decimal, whatever its digits."""
Day = Annotated[date | datetime, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A listing-local date; a date-time is taken at the listing's zone by whoever knows the listing."""
Instant = Annotated[datetime, PlainValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
RecordVersion = Annotated[StrictInt, Field(ge=1, lt=2**31)]
