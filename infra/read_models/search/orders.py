"""Orders as SQL, and the cursors that read on behind a document, however deep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from uuid import UUID

from domain.errors import Invalid
from infra.postgres import ready as sql
from infra.read_models.rules import Parameters, all_of, any_of
from infra.read_models.search.conditions import Conditions
from infra.read_models.search.tables import DOCUMENT, NUMBERS, Tables
from infra.read_models.search.told import relevance
from read_api.search.algebra import (
    And,
    ByDistance,
    ByField,
    ByRelevance,
    ByStayPrice,
    Condition,
    Not,
    Or,
    Order,
    Question,
    Told,
)
from read_api.search.patterns import is_text

NULL, VALUE = "-", "="
"""Before a value in a cursor: there is none, or it follows."""

MOST_DIGITS, BIGGEST = 60, 2**63 - 1
"""Of numbers in cursors: what no document has is no cursor's."""

Type = Literal["text", "numeric", "float8", "bigint"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column that documents are ordered by; absent values last, whichever way it goes."""

    name: str
    of: sql.Composable
    type: Type
    descending: bool

    @property
    def clause(self) -> sql.Composable:
        """In an ORDER BY of what was selected under its name."""
        way = sql.SQL("DESC" if self.descending else "ASC")
        return sql.SQL("{}{} {} NULLS LAST").format(sql.Identifier(self.name), self._collation, way)

    @property
    def selected(self) -> sql.Composable:
        """The column, to be selected."""
        return sql.SQL("({})::{} AS {}").format(self.of, sql.SQL(self.type), sql.Identifier(self.name))

    def behind(self, text: str, parameters: Parameters) -> tuple[sql.Composable, sql.Composable]:
        """Conditions on what was selected: it has the value of a cursor; it lies behind it. Raises Invalid."""
        mine = sql.SQL("{}{}").format(sql.Identifier(self.name), self._collation)
        empty = sql.SQL("{} IS NULL").format(sql.Identifier(self.name))
        if text == NULL:
            return empty, sql.SQL("false")
        value = sql.SQL("{}::{}").format(parameters(self._value(text)), sql.SQL(self.type))
        sign = sql.SQL("<" if self.descending else ">")
        return sql.SQL("{} = {}").format(mine, value), any_of([sql.SQL("{} {} {}").format(mine, sign, value), empty])

    @property
    def _collation(self) -> sql.Composable:
        return sql.SQL(' COLLATE "C"' if self.type == "text" else "")

    def _value(self, text: str) -> Any:
        if not text.startswith(VALUE):
            raise _no_cursor()
        if self.type == "text":
            if not is_text(text):
                raise _no_cursor()
            return text[1:]
        try:
            number = Decimal(text[1:])
        except InvalidOperation:
            raise _no_cursor() from None
        if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS or len(text) > MOST_DIGITS:
            raise _no_cursor()
        if self.type == "numeric":
            return number
        return float(number) if self.type == "float8" else max(-BIGGEST, min(BIGGEST, int(number)))


PRICE = sql.SQL("stay.amount")
"""Where a statement that needs it has the price of the stay."""


def columns(question: Question, tables: Tables, conditions: Conditions) -> list[Column]:
    """What the question is ordered by; the id comes last of itself."""
    found = [part for order in question.orders for part in _parts(order, question, tables, conditions)]
    return [Column(f"by {n}", *part) for n, part in enumerate(found)]


def behind(by: Sequence[Column], cursor: Sequence[str], parameters: Parameters) -> sql.Composable:
    """Only what lies behind the cursor. Raises Invalid for one that is of another order, or none at all."""
    if len(cursor) != len(by) + 1:
        raise _no_cursor()
    try:
        id = UUID(cursor[-1])
    except ValueError:
        raise _no_cursor() from None
    ways, equal = [], list[sql.Composable]()
    for column, text in zip(by, cursor, strict=False):
        same, further = column.behind(text, parameters)
        ways.append(all_of([*equal, further]))
        equal.append(same)
    ways.append(all_of([*equal, sql.SQL("id > {}").format(parameters(id))]))
    return any_of(ways)


def _parts(
    order: Order, question: Question, tables: Tables, conditions: Conditions
) -> list[tuple[sql.Composable, Type, bool]]:
    """What to order by, its type, and whether the greatest comes first."""
    match order:
        case ByField(place, descending):
            return [(tables.value(place), "numeric" if place.field.kind in NUMBERS else "text", descending)]
        case ByDistance(place, lat, lon):
            return [(sql.SQL("round({})").format(conditions.distance(place, lat, lon)), "float8", False)]
        case ByRelevance():
            words = _words(question.where)
            return [(relevance(tables.index, words, tables.parameters, tables.sees, DOCUMENT), "bigint", True)]
        case ByStayPrice(descending):
            if question.stay is None:
                raise ValueError("an order by the price of a stay needs the stay")
            return [(tables.value(tables.index.places["currency"]), "text", False), (PRICE, "bigint", descending)]


def _words(condition: Condition) -> tuple[str, ...]:
    match condition:
        case Told(words):
            return words
        case And(parts) | Or(parts):
            return tuple(word for part in parts for word in _words(part))
        case Not():
            return ()
    return ()


def _no_cursor() -> Invalid:
    return Invalid({"cursor": "is none of this search: use the one that came with the page before, and the same order"})
