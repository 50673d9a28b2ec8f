"""Pieces of SQL that are text as soon as they are made: `psycopg.sql` for statements of hundreds of pieces.

`psycopg.sql` reads a template anew each time it is filled, and nests what it made until the statement is sent; of a
search that took ten times as long as all else. The names and their meaning are the same, and the pieces go with those
of `psycopg.sql`, into them and out of them. What values mean is psycopg's: literals and names are quoted by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from itertools import count
from string import Formatter
from typing import Any, LiteralString, TypeAlias

from psycopg import abc, sql

Composable: TypeAlias = sql.Composable


class Piece(sql.Composable):
    """A piece of SQL, as text."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def as_bytes(self, context: abc.AdaptContext | None = None) -> bytes:  # noqa: ARG002 - as all pieces have it
        """As it is sent."""
        return self.text.encode()

    def as_string(self, context: abc.AdaptContext | None = None) -> str:  # noqa: ARG002
        """As it is."""
        return self.text

    def __repr__(self) -> str:
        return f"Piece({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Piece) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __add__(self, other: sql.Composable) -> Composed:  # type: ignore[override]
        return Composed.of(self.text + text(other))

    def format(self, *args: Any, **named: Any) -> Composed:
        """The template with these pieces in their places; `{{` is a brace."""
        pieces = named | {str(place): piece for place, piece in enumerate(args)} if args else named
        return Composed.of(
            "".join(
                [before if field is None else before + text(pieces[field]) for before, field in _template(self.text)]
            )
        )

    def join(self, pieces: Iterable[Any]) -> Composed:
        """The pieces with this one between them."""
        return Composed.of(self.text.join(map(text, pieces)))


class Composed(Piece):
    """Pieces one after the other."""

    __slots__ = ()

    def __init__(self, pieces: Iterable[Any]) -> None:
        super().__init__("".join(map(text, pieces)))

    @classmethod
    def of(cls, written: str) -> Composed:
        """What is put together already."""
        made = cls.__new__(cls)
        made.text = written
        return made


class SQL(Piece):
    """SQL as it is written in the program: a template, or a whole piece."""

    __slots__ = ()

    def __init__(self, written: LiteralString) -> None:
        super().__init__(written)


class Identifier(Piece):
    """A name, quoted."""

    __slots__ = ()

    def __init__(self, *names: str) -> None:
        super().__init__(_identifier(names))


class Literal(Piece):
    """A value of the program's own, quoted."""

    __slots__ = ()

    def __init__(self, value: Any) -> None:
        known = type(value) in {str, int, bool, Decimal}
        super().__init__(_literal(str(type(value)), value) if known else sql.Literal(value).as_string(None))


class Placeholder(Piece):
    """Where the parameter of that name goes."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        super().__init__(f"%({name})s")


OURS = frozenset({Piece, Composed, SQL, Identifier, Literal, Placeholder})


def text(piece: Any) -> str:
    """A piece as text; what is none is a literal, as in `psycopg.sql`."""
    if type(piece) in OURS:  # cheaper than to ask an abstract class, thousands of times a search
        written: str = piece.text
        return written
    return piece.as_string(None) if isinstance(piece, sql.Composable) else Literal(piece).text


@lru_cache(maxsize=1_024)
def _template(written: str) -> tuple[tuple[str, str | None], ...]:
    """What stands before each field, and the field: its name, or its place among those that have none."""
    places = map(str, count())
    return tuple((before, next(places) if field == "" else field) for before, field, _, _ in Formatter().parse(written))


@lru_cache(maxsize=1_024)
def _identifier(names: tuple[str, ...]) -> str:
    return sql.Identifier(*names).as_string(None)


@lru_cache(maxsize=4_096)
def _literal(_kind: str, value: Any) -> str:
    return sql.Literal(value).as_string(None)
