"""Which status each kind of error has. The only place that knows."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ValidationError

from commands.bus import KeyReused, StillRunning, Unauthenticated
from commands.ports import Unavailable
from domain.errors import DomainError, Invalid, NotAllowed, NotThere, Refused
from infra.http.envelope import failure

LONGEST = 200
"""Characters of a caller's own text, such as an unknown field's name, that an error repeats."""


class Failure(NamedTuple):
    """An error as it is answered."""

    status: int
    code: str
    body: bytes
    headers: dict[str, str]


class TooLarge(DomainError):
    """The body is over the limit (413)."""

    code = "TOO_LARGE"


STATUS: dict[type[DomainError], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    NotAllowed: 403,
    NotThere: 404,
    Refused: 409,
    StillRunning: 409,
    TooLarge: 413,
    KeyReused: 422,
}


def status_of(error: DomainError) -> int:
    """The status of an error's kind; an error may carry one of its own as `status`."""
    own = getattr(error, "status", None)
    if isinstance(own, int):
        return own
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)


def failed(error: DomainError | Unavailable) -> Failure:
    """The answer to an error."""
    headers: dict[str, str] = {}
    retry_after = getattr(error, "retry_after", 1 if isinstance(error, StillRunning) else None)
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, int(retry_after)))
    if isinstance(error, Unavailable):
        return Failure(503, "UNAVAILABLE", failure(503, "UNAVAILABLE", error.message), headers)
    status = status_of(error)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Failure(status, error.code, failure(status, error.code, error.message, error.detail), headers)


def invalid(error: ValidationError) -> Invalid:
    """A message that did not validate, with every field named as the caller wrote it."""
    fields: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        name = ".".join(str(part) for part in problem["loc"])[:LONGEST] or "body"
        why = "is not a field of this request" if problem["type"] == "extra_forbidden" else _why(problem["msg"])
        fields[name.encode("ascii", "backslashreplace").decode()] = why
    return Invalid(fields)


def _why(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return "is required" if text == "Field required" else text[:LONGEST]
