"""A whole question as one statement, so that its page, total and facets are of one moment."""

from __future__ import annotations

from collections.abc import Iterable

from domain.money import EXPONENTS
from domain.resource import Kind
from infra.postgres import ready as sql
from infra.read_models.rules import Parameters, all_of
from infra.read_models.search.conditions import Conditions
from infra.read_models.search.orders import PRICE, behind, columns
from infra.read_models.search.prices import stay_price
from infra.read_models.search.tables import DOCUMENT, NUMBERS, TEXTS, Tables
from read_api.search.algebra import (
    And,
    Box,
    ByDistance,
    ByField,
    ByStayPrice,
    Condition,
    Everything,
    Exists,
    Facet,
    Missing,
    Not,
    OneOf,
    Or,
    Question,
    Range,
    Within,
)
from read_api.search.declared import ROOM, Join, Place

COUNT = sql.SQL("SELECT count(*) FROM {tables} WHERE {where}")
FOUND = sql.SQL(
    "WITH found AS {kept} (SELECT {d}.id AS id{columns} FROM {tables} WHERE {where}),"
    " page AS (SELECT *, row_number() OVER (ORDER BY {order}) AS place FROM found WHERE {behind}"
    " ORDER BY {order} LIMIT {limit} OFFSET {start})"
    " SELECT {total}, {facets}::text, {hits}::text"
)
TOTAL = sql.SQL("(SELECT count(*) FROM found)")
HITS = sql.SQL(
    "(SELECT coalesce(json_agg(json_build_array(page.id, {by}, {body}, {joined}, {distance}, {price})"
    " ORDER BY page.place), '[]'::json) FROM page JOIN {documents} ON {d}.id = page.id{more})"
)
VALUES = sql.SQL(
    "(SELECT coalesce(json_agg(json_build_array({told}, many) ORDER BY {order}), '[]'::json)"
    " FROM (SELECT value, many FROM ({values}) AS each ORDER BY {order} LIMIT {most}) AS counted)"
)
ITEMS = sql.SQL(
    "SELECT value, sum(of_these)::bigint AS many FROM"
    " (SELECT {0} AS list, count(*) AS of_these FROM found WHERE jsonb_typeof({0}) = 'array' GROUP BY {0}) AS lists,"
    " LATERAL (SELECT DISTINCT value FROM jsonb_array_elements_text(list) AS item (value)) AS items"
    " WHERE value IS NOT NULL GROUP BY value"
)
"""Of lists, few differ: each of those is taken apart once."""
STAY = sql.SQL(" CROSS JOIN LATERAL (SELECT {} AS amount OFFSET 0) AS stay")


class Statement:
    """One question as SQL. Raises Invalid for a cursor that is none of its order."""

    def __init__(self, tables: Tables, question: Question) -> None:
        self._tables = tables
        self._question = question
        self._conditions = Conditions(tables, few=_few(question.where))
        self.text = self._made()

    @property
    def parameters(self) -> Parameters:
        """What its placeholders stand for."""
        return self._tables.parameters

    def _made(self) -> sql.Composed:
        question, tables = self._question, self._tables
        where = [tables.seen, self._conditions(question.where), *self._price_bounds()]
        by = columns(question, tables, self._conditions)
        selected = [column.selected for column in by]
        selected += [
            sql.SQL("{} AS {}").format(self._counted(facet), sql.Identifier(f"facet {n}"))
            for n, facet in enumerate(question.facets)
        ]
        priced, paged = self._needs_price, question.after is not None
        if priced:
            selected.append(sql.SQL("{} AS amount").format(PRICE))
        rows = tables.all + STAY.format(self._price()) if priced else tables.all
        order = sql.SQL(", ").join([*(column.clause for column in by), sql.SQL("id")])
        return FOUND.format(
            kept=sql.SQL("NOT MATERIALIZED" if self._is_in_order else "MATERIALIZED"),
            d=DOCUMENT,
            columns=sql.SQL("").join(sql.SQL(", {}").format(one) for one in selected),
            tables=rows,
            where=all_of(where),
            order=order,
            behind=behind(by, question.after or (), self.parameters) if paged else sql.SQL("true"),
            limit=sql.Literal(question.limit),
            start=sql.Literal(0 if paged else question.start),
            total=TOTAL if question.counted == "all" else sql.SQL("0"),
            facets=self._facets(),
            hits=self._hits([sql.Identifier(column.name) for column in by], priced=priced),
        )

    @property
    def _is_in_order(self) -> bool:
        """Does an index have the documents in this very order? A page is then read from it, and all are but counted.

        Conditions are then asked twice, so that they had better be cheap.
        """
        question = self._question
        if question.facets or self._needs_price or not _cheap(question.where):
            return False
        match question.orders:
            case ():
                return True
            case (ByField(Place(None, field), True),):
                return field.name == "createdAt"
        return False

    @property
    def _needs_price(self) -> bool:
        return self._question.price is not None or any(isinstance(o, ByStayPrice) for o in self._question.orders)

    def _price(self) -> sql.Composable:
        if self._question.stay is None:
            raise ValueError("a price needs the stay that it is of")
        return stay_price(self._question.stay, self.parameters, DOCUMENT)

    def _price_bounds(self) -> list[sql.Composable]:
        """What the whole stay may cost. Bounds are major units: minor ones are compared by the listing's currency."""
        if self._question.price is None:
            return []
        low, high, currency = self._question.price
        held: list[sql.Composable] = [
            sql.SQL("({}) = {}").format(
                self._tables.value(self._tables.index.places["currency"]), self.parameters(currency)
            )
        ]
        digits = sql.Literal(10 ** EXPONENTS.get(currency, 2))
        if low is not None:
            held.append(sql.SQL("{} >= {}::numeric * {}").format(PRICE, self.parameters(low), digits))
        if high is not None:
            held.append(sql.SQL("{} <= {}::numeric * {}").format(PRICE, self.parameters(high), digits))
        return held

    def _counted(self, facet: Facet) -> sql.Composable:
        if facet.place.field.kind is Kind.LIST:
            return self._tables.json(facet.place)
        value = self._tables.value(facet.place)
        return sql.SQL("({})::numeric").format(value) if facet.place.field.kind in NUMBERS else value

    def _facets(self) -> sql.Composable:
        """An object: for each facet its values with their counts."""
        made = [
            sql.SQL("{}, {}").format(sql.Literal(f.place.name), _facet(n, f))
            for n, f in enumerate(self._question.facets)
        ]
        return sql.SQL("json_build_object({})").format(sql.SQL(", ").join(made))

    def _hits(self, by: list[sql.Identifier], *, priced: bool) -> sql.Composable:
        question, tables = self._question, self._tables.of_page()
        left_out = question.many != "shown"
        joined = [sql.SQL("NULL") if join.many and left_out else _joined(join, tables) for join in question.index.joins]
        distance: sql.Composable = sql.SQL("NULL")
        for order in question.orders:
            if isinstance(order, ByDistance):
                distance = Conditions(tables).distance(order.place, order.lat, order.lon)
        price: sql.Composable = sql.SQL("NULL")
        if question.stay is not None:
            price = sql.SQL("page.amount") if priced else self._price()
        return HITS.format(
            by=array(sql.SQL("page.{}::text").format(name) for name in by),
            body=tables.body(question.index.resource, DOCUMENT),
            joined=array(joined),
            distance=distance,
            price=price,
            documents=tables.own,
            d=DOCUMENT,
            more=tables.joins,
        )


def array(items: Iterable[sql.Composable]) -> sql.Composed:
    """A JSON array of these."""
    return sql.SQL("json_build_array({})").format(sql.SQL(", ").join(items))


def _few(where: Condition) -> bool:
    """Does a place on the map leave few documents?"""
    return isinstance(where, Box | Within) or (isinstance(where, And) and any(_few(part) for part in where.parts))


def _cheap(where: Condition) -> bool:
    """Does it take no more than a look at the document's own plain values?"""
    match where:
        case Everything():
            return True
        case OneOf(place) | Range(place) | Exists(place) | Missing(place):
            return place.join is None and place.field.kind not in TEXTS
        case And(parts) | Or(parts):
            return all(_cheap(part) for part in parts)
        case Not(part):
            return _cheap(part)
    return False


def _joined(join: Join, tables: Tables) -> sql.Composable:
    row = sql.Identifier("shown")
    rows, body = tables.rows(join, row), tables.body(join.resource, row)
    if join.many:
        return sql.SQL(
            "(SELECT coalesce(json_agg(one.body), '[]'::json) FROM (SELECT body, sum(octet_length(body::text)) OVER"
            " (ROWS UNBOUNDED PRECEDING) AS bytes FROM (SELECT {} AS body FROM {} LIMIT {}) AS newest) AS one"
            " WHERE one.bytes <= {})"
        ).format(body, rows, sql.Literal(join.most), sql.Literal(ROOM))
    return sql.SQL("(SELECT {} FROM {} LIMIT 1)").format(body, rows)


def _facet(n: int, facet: Facet) -> sql.Composable:
    column = sql.Identifier(f"facet {n}")
    if facet.bounds:
        counts = sql.SQL(", ").join(
            sql.SQL("json_build_array({}, count(*) FILTER (WHERE {} >= {}))").format(
                sql.Literal(str(bound)), column, sql.Literal(bound)
            )
            for bound in facet.bounds
        )
        return sql.SQL("(SELECT json_build_array({}) FROM found)").format(counts)
    values = sql.SQL("SELECT {0} AS value, count(*) AS many FROM found WHERE {0} IS NOT NULL GROUP BY {0}").format(
        column
    )
    if facet.place.field.kind is Kind.LIST:
        values = ITEMS.format(column)
    number = facet.place.field.kind in NUMBERS
    return VALUES.format(
        told=sql.SQL("trim_scale(value)::text" if number else "value"),
        order=sql.SQL("many DESC, value" if number else 'many DESC, value COLLATE "C"'),
        values=values,
        most=sql.Literal(facet.most),
    )
