"""What can go wrong, as one tree. The edge gives each branch its status; the domain knows no HTTP.

DomainError
├── Invalid      the request is malformed            (400 INVALID, the fields named)
├── NotAllowed   seen, but not the caller's to do    (403 FORBIDDEN)
├── NotThere     absent, or not the caller's to see  (404 NOT_FOUND)
└── Refused      a rule of the marketplace said no   (409, the rule's stable name)
"""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """The base: a sentence for a person, a stable code for a program, a detail for both."""

    code = "ERROR"

    def __init__(self, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class Invalid(DomainError):
    """The request cannot be understood; `fields` says what is wrong with which."""

    code = "INVALID"

    def __init__(self, fields: dict[str, str], message: str | None = None) -> None:
        super().__init__(message or "; ".join(f"{name}: {why}" for name, why in fields.items()), fields=fields)


class NotAllowed(DomainError):
    """The caller may see this but not do that."""

    code = "FORBIDDEN"


class NotThere(DomainError):
    """There is no such thing, or the caller may not know that there is."""

    code = "NOT_FOUND"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}.")


class Refused(DomainError):
    """A rule said no. `rule` is its stable name, such as NIGHTS_TAKEN; callers build on it."""

    def __init__(self, rule: str, message: str, **detail: Any) -> None:
        super().__init__(message, **detail)
        self.rule = self.code = rule
