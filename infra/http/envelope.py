"""The bodies of answers: the reference's envelope, lists, and the one form of errors."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from domain.actor import NOBODY, Actor
from domain.kernel import Aggregate
from projections.projection import instant

APP_VERSION = "0.1.0"
FARTHEST = 1_000
"""The greatest power of ten that a number's first digit may stand for, and its negative the least. Arithmetic and the
database would fail on what is far beyond, and no rule needs it."""

_encode = msgspec.json.Encoder(decimal_format="number").encode
_canonical = msgspec.json.Encoder(order="deterministic", decimal_format="string").encode


@dataclass(slots=True)
class Context:
    """One request, as its answer tells of it."""

    request_id: str
    method: str
    path: str
    address: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """By their names in small letters."""
    actor: Actor = NOBODY
    ahead: Sequence[Aggregate] = ()
    """What was read together with the caller."""
    wrote: int | None = None
    """The position of what the caller's session or API key wrote last, if it was read as well."""
    told: Any = None
    """The message, if it was read before the caller was known, or the error that it is."""
    disowned: bool = False
    """A cookie came with it, and counts for nothing, as the request came from elsewhere."""
    started: float = field(default_factory=time.perf_counter)

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since the request came in."""
        return int((time.perf_counter() - self.started) * 1000)


def encode(value: Any) -> bytes:
    """JSON with decimals as exact numbers."""
    return _encode(value)


def decode(body: bytes) -> Any:
    """JSON with every fraction read as a decimal.

    Raises msgspec.DecodeError; OverflowError for a number beyond reason; RecursionError for a nest too deep.
    """
    return _decode(body)


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not -FARTHEST <= number.adjusted() <= FARTHEST:
        raise OverflowError("a number beyond reason")
    return number


_decode = msgspec.json.Decoder(float_hook=_number).decode


def canonical(value: Any) -> bytes:
    """One spelling for all spellings of the same JSON: what idempotency keys compare."""
    return _canonical(_same(value))


def _same(value: Any) -> Any:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value
    if kind is dict:
        return {name: inner if type(inner) is str else _same(inner) for name, inner in value.items()}
    if kind is list:
        return [_same(inner) for inner in value]
    number = Decimal(value)
    return ["#", str(number.normalize()) if number else "0"]


def success(
    context: Context, *, data_name: str, action: str, status: int, data: Any, beside: dict[str, Any] | None = None
) -> bytes:
    """The envelope of a resource, or of a list of them."""
    return encode(
        head(context, data_name, action, status, len(data) if isinstance(data, list) else 1)
        | {data_name: data}
        | (beside or {})
    )


def head(context: Context, data_name: str, action: str, status: int, rows: int) -> dict[str, Any]:
    """What stands in the envelope before the resource."""
    actor = context.actor
    return {
        "status": "OK",
        "statusCode": str(status),
        "elapsedMs": context.elapsed_ms,
        "requestId": context.request_id,
        "userId": actor.text,
        "sessionId": actor.session,
        "dataName": data_name,
        "method": context.method,
        "action": action,
        "appVersion": APP_VERSION,
        "rowCount": rows,
    }


def failure(status: int, code: str, message: str, detail: dict[str, Any] | None = None) -> bytes:
    """An error, everywhere."""
    return encode(
        {
            "result": "ERR",
            "status": status,
            "message": message,
            "errCode": code,
            "date": instant(datetime.now(UTC)),
            "detail": plain(detail or {}),
        }
    )


def plain(value: Any) -> Any:
    """Domain values in the detail of an error, as JSON has them."""
    match value:
        case dict():
            return {str(k): plain(v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(v) for v in value]
        case datetime():
            return instant(value)
        case str() | bool() | int() | Decimal() | None:
            return value
        case _:
            return str(value)


def request_id_of(sent: str | None, made: str) -> str:
    """The caller's own request id if it is fit for a log line, else the made one."""
    return sent if sent and re.fullmatch(r"[\w.:-]{1,128}", sent, re.ASCII) else made
