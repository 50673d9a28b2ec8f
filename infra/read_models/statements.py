"""List queries as SQL: filters, order and page, each seeing no more of a document than the caller does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from commands.ports import SOME
from domain.access import parents
from domain.actor import Actor
from domain.resource import Field, Kind, Resource
from domain.zones import dates_at
from infra.postgres import ready as sql
from infra.postgres.arrays import Texts
from infra.read_models.codec import to_json
from infra.read_models.documents import folded_fields
from infra.read_models.model import table_name
from infra.read_models.rules import Parameters, Visibility, all_of, any_of, text_of
from read_api.query import (
    Absent,
    Between,
    Condition,
    Equal,
    Filter,
    LocalDateOf,
    LocalDates,
    LocalNow,
    Part,
    Query,
    Sort,
    Whole,
)

NUMBERS = frozenset({Kind.INTEGER, Kind.MONEY, Kind.DECIMAL})
ZONE = sql.SQL("coalesce(d.body->>'timeZone', 'UTC')")
"""The document's own."""
FURTHEST = 2**62
"""An offset that no table reaches and every database takes."""
MOST_BYTES = 32_000_000
"""Of the documents on one page: a thousand of the longest would take gigabytes to tell."""


class Statement:
    """One statement about the documents of a resource, as one caller sees them."""

    def __init__(self, resources: Mapping[str, Resource], resource: Resource, actor: Actor) -> None:
        self.parameters = Parameters()
        self.resource = resource
        self._sees = Visibility(resources, actor, self.parameters)
        self._resources = resources
        self._d = sql.Identifier("d")
        self._where: list[sql.Composable] = [self._sees.row(resource, self._d)]

    def of(self, id: UUID) -> Statement:
        """Only the document of this id."""
        self._where.append(sql.SQL("d.id = {}").format(self.parameters(id)))
        return self

    def where(self, **equals: Any) -> Statement:
        """Only documents whose fields have these very values."""
        for name, value in equals.items():
            self._where.append(equal(self.parameters, name, value, self._d))
        return self

    def asked(self, query: Query) -> Statement:
        """Only documents that a list asks for."""
        self._where += [any_of(self._condition(f, c) for c in f.any_of) for f in query.filters]
        if query.keyword is not None:
            part = Part(query.keyword)
            names = [f for name in query.resource.search if (f := query.resource.field_named(name)) is not None]
            self._where.append(any_of(self._condition(Filter(field, (part,)), part) for field in names))
        return self

    def rows(self, sort: Sort | None = None) -> sql.Composed:
        """The documents as JSON text, in order."""
        return self._found(sql.SQL("{}::text"), sort)

    def page(self, query: Query) -> sql.Composed:
        """One row: the total, and the page's documents in order, as many as `MOST_BYTES` hold. Both in one statement,
        so as of one moment.

        Only the page is written as text, not all that is sorted to find it.
        """
        return sql.SQL(
            "SELECT (SELECT count(*) FROM {table} AS d WHERE {where}),"
            " ARRAY(SELECT body FROM (SELECT body, sum(octet_length(body)) OVER (ROWS UNBOUNDED PRECEDING) AS bytes"
            " FROM (SELECT page.body::text AS body FROM ({rows} LIMIT {limit} OFFSET {offset}) AS page OFFSET 0)"
            " AS written) AS told WHERE told.bytes <= {most})"
        ).format(
            table=self._table,
            where=all_of(self._where),
            rows=self._found(sql.SQL("{} AS body"), query.sort),
            limit=sql.Literal(query.rows),
            offset=sql.Literal(offset(query)),
            most=sql.Literal(MOST_BYTES),
        )

    def _found(self, told: sql.SQL, sort: Sort | None) -> sql.Composed:
        """The documents in order, told in that form."""
        body = told.format(self._body())
        found = sql.SQL("SELECT {} FROM {} AS d WHERE {}").format(body, self._table, all_of(self._where))
        return found + self._order(sort) if sort is not None else found

    @property
    def _table(self) -> sql.Identifier:
        return sql.Identifier(table_name("doc_", self.resource.documents))

    def _body(self) -> sql.Composable:
        """The document, with whether the caller sees the parents that decide about fields."""
        asked = {parent for f in self.resource.fields if f.sees is not None for parent in parents(f.sees)}
        if not asked:
            return sql.SQL("d.body")
        told = sql.SQL(", ").join(
            sql.SQL("{}, {}").format(sql.Literal(f"as:{a.resource}"), self._parent(a.resource, a.field))
            for a in sorted(asked, key=lambda a: (a.resource, a.field))
        )
        return sql.SQL("(d.body || jsonb_build_object({}))").format(told)

    def _parent(self, resource: str, field: str) -> sql.Composable:
        return self._sees.parent(self._resources[resource], text_of(field, self._d))

    def _order(self, sort: Sort) -> sql.Composed:
        kind = sort.field.kind
        if sort.by_place:
            of = sql.SQL("array_position({}::text[], {})").format(
                self.parameters(list(sort.field.enum)), self._value(sort.field)
            )
        elif kind in NUMBERS:
            of = sql.SQL("({})::numeric").format(self._value(sort.field))
        else:
            of = sql.SQL('({}) COLLATE "C"').format(self._value(sort.field))
        way = sql.SQL("DESC" if sort.descending else "ASC")
        return sql.SQL(" ORDER BY {} {} NULLS LAST, d.id").format(of, way)

    def _value(self, field: Field, *, folded: bool = False) -> sql.Composable:
        """The field as text, as far as the caller sees it: for whom it is absent, it is null."""
        name = (self.resource.owner or "_owner") if field.name == "_owner" else field.name
        column = sql.SQL("d.folded->>{}") if folded else sql.SQL("d.body->>{}")
        value = column.format(sql.Literal(name))
        if field.sees is None:
            return value
        return sql.SQL("CASE WHEN {} THEN {} END").format(self._sees.rule(field.sees, self._d), value)

    def _condition(self, filter_: Filter, condition: Condition) -> sql.Composable:
        field = filter_.field
        match condition:
            case Absent():
                return sql.SQL("({}) IS NULL").format(self._value(field))
            case Part(text):
                return sql.SQL("strpos({}, {}) > 0").format(self._folded(field), self.parameters(text))
            case Whole(text):
                return sql.SQL("({}) = {}").format(self._folded(field), self.parameters(text))
            case Equal(Decimal() as number):
                return sql.SQL("({})::numeric = {}").format(self._value(field), self.parameters(number))
            case Equal(value):
                text = to_json(value) if isinstance(value, bool) else str(value)
                return sql.SQL("({}) = {}").format(self._value(field), self.parameters(text))
            case Between():
                return self._between(field, condition)
            case LocalDates() | LocalNow() | LocalDateOf():
                return self._local(field, condition)

    def _folded(self, field: Field) -> sql.Composable:
        if field.name not in folded_fields(self.resource):
            raise ValueError(f"{self.resource.name}.{field.name} is not kept without case: it is no declared filter")
        return self._value(field, folded=True)

    def _between(self, field: Field, between: Between) -> sql.Composable:
        form = sql.SQL("({})::numeric") if field.kind in NUMBERS else sql.SQL('({}) COLLATE "C"')
        value = form.format(self._value(field))
        bounds: list[sql.Composable] = []
        if between.low is not None:
            sign = sql.SQL(">=" if between.low_in else ">")
            bounds.append(sql.SQL("{} {} {}").format(value, sign, self.parameters(between.low)))
        if between.high is not None:
            sign = sql.SQL("<=" if between.high_in else "<")
            bounds.append(sql.SQL("{} {} {}").format(value, sign, self.parameters(between.high)))
        return all_of(bounds)

    def _local(self, field: Field, condition: LocalDates | LocalNow | LocalDateOf) -> sql.Composable:
        """Conditions on dates as the document's own zone has them; UTC where it says none.

        Which date it is where is not the database's to say: its zones may be older than the product's, and some names
        are abbreviations to it, without summers.
        """
        match condition:
            case LocalDateOf(instant):
                return self._there(field, instant, _day)
            case LocalNow(period, now) if field.kind is Kind.DAY:
                return self._there(field, now, _week if period == "week" else _day)
        local = sql.SQL("(({})::timestamptz AT TIME ZONE {})").format(self._value(field), ZONE)
        match condition:
            case LocalDates(first, last):
                return sql.SQL("{}::date BETWEEN {} AND {}").format(
                    local, self.parameters(first), self.parameters(last)
                )
            case LocalNow(period, now):
                return sql.SQL("date_trunc({unit}, {local}) = date_trunc({unit}, {now} AT TIME ZONE {zone})").format(
                    unit=sql.Literal(period), local=local, now=self.parameters(now), zone=ZONE
                )

    def _there(self, field: Field, at: datetime, period: Callable[[date], tuple[date, date]]) -> sql.Composable:
        """Is the day of the field in the period of the date that it is, at the instant, in the document's zone?"""
        value = sql.SQL('({}) COLLATE "C"').format(self._value(field))
        return any_of(
            sql.SQL("({} = ANY({}::text[]) AND {} BETWEEN {} AND {})").format(
                ZONE, self.parameters(Texts(zones)), value, *(self.parameters(str(day)) for day in period(today))
            )
            for today, zones in dates_at(at)
        )


def offset(query: Query) -> int:
    """How many documents stand on the pages before."""
    return min((query.page - 1) * query.rows, FURTHEST)


def equal(parameters: Parameters, name: str, value: Any, table: sql.Identifier) -> sql.Composable:
    """Has the field this very value? None stands for no value, SOME for any."""
    text = text_of(name, table)
    if value is None or value is SOME:
        return sql.SQL("{} IS NULL" if value is None else "{} IS NOT NULL").format(text)
    if isinstance(value, bool | int | Decimal):
        return sql.SQL("{}.body->{} = {}::jsonb").format(table, sql.Literal(name), parameters(to_json(value)))
    return sql.SQL("{} = {}").format(text, parameters(str(value)))


def _day(of: date) -> tuple[date, date]:
    return of, of


def _week(of: date) -> tuple[date, date]:
    monday = of - timedelta(days=of.weekday())
    return monday, monday + timedelta(days=6)
