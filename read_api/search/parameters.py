"""Parameters of a search as values: each read by itself, and every one that does not fit is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from domain.errors import Invalid

T = TypeVar("T")

_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
PASSED_OVER = frozenset({"requestId", "access_token"})
"""Parameters that every request may carry and that no search looks at."""


class Asking:
    """The parameters of one request. What does not fit is gathered, and told by `check`.

    Args:
        parameters: names and values, in the caller's order.
        known: all names that there are.
    """

    def __init__(self, parameters: Iterable[tuple[str, str]], known: Collection[str]) -> None:
        self.problems: dict[str, str] = {}
        self._values: dict[str, list[str]] = {}
        for name, value in parameters:
            if name in known:
                self._values.setdefault(name, []).append(value)
            elif name not in PASSED_OVER:
                self.problems[name[:100]] = f"is not a parameter of this search; there are {', '.join(sorted(known))}"

    def check(self) -> None:
        """Raises Invalid, naming each parameter that does not fit."""
        if self.problems:
            raise Invalid(self.problems)

    def wrong(self, name: str, problem: str) -> None:
        """This parameter does not fit."""
        self.problems.setdefault(name, problem)

    def has(self, name: str) -> bool:
        """Was it given?"""
        return name in self._values

    def one(self, name: str, read: Callable[[str], T | None], allowed: str) -> T | None:
        """The value of a parameter that may be given once; None if it is absent or does not fit."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            self.wrong(name, "may be given once")
            return None
        value = read(values[0])
        if value is None:
            self.wrong(name, f"must be {allowed}")
        return value

    def many(self, name: str, read: Callable[[str], T | None], allowed: str, most: int) -> tuple[T, ...]:
        """The values of a parameter that may be repeated, each once, in the caller's order."""
        values = self._values.get(name, [])
        if len(values) > most:
            self.wrong(name, f"may be given {most} times at most")
            return ()
        found = {value: read(value) for value in values}
        if None in found.values():
            self.wrong(name, f"must be {allowed}")
        return tuple(dict.fromkeys(value for value in found.values() if value is not None))


def decimal(text: str, least: Decimal | None = None, most: Decimal | None = None) -> Decimal | None:
    """A plain number between these."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = Decimal(text)
    return None if (least is not None and number < least) or (most is not None and number > most) else number


def whole(text: str, least: int, most: int) -> int | None:
    """A whole number between these."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) <= most else None


def day(text: str) -> date | None:
    """A calendar date."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def id_text(text: str) -> str | None:
    """An id, as documents write it."""
    try:
        return str(UUID(text)) if re.fullmatch(r"[0-9a-fA-F-]{36}", text, re.ASCII) else None
    except ValueError:
        return None


def numbers(text: str, bounds: Iterable[int]) -> tuple[Decimal, ...] | None:
    """As many numbers as there are bounds, with commas between them, each from minus its bound to its bound."""
    limits = [Decimal(bound) for bound in bounds]
    parts = text.split(",")
    found = [decimal(part.strip(), -limit, limit) for part, limit in zip(parts, limits, strict=False)]
    return None if len(parts) != len(limits) or None in found else tuple(n for n in found if n is not None)
