"""Where the values of a question stand: the table of an index's own documents, and those that are joined to it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace

from domain.access import parents
from domain.actor import Actor
from domain.resource import Field, Kind, Resource
from infra.postgres import ready as sql
from infra.read_models.model import table_name
from infra.read_models.rules import Parameters, Visibility, all_of, text_of
from infra.read_models.texts import TEXTS, words_key
from read_api.search.declared import Index, Join, Place

NUMBERS = frozenset({Kind.INTEGER, Kind.MONEY, Kind.DECIMAL})
__all__ = ["DOCUMENT", "NUMBERS", "TEXTS", "Tables", "item_place"]

DOCUMENT = sql.Identifier("d")


class Tables:
    """The tables of one statement about an index, with no more of each document than the caller sees.

    Args:
        resources: all of them by name; rules may ask for a parent's.
        index: what is asked.
        actor: the caller.
    """

    def __init__(self, resources: Mapping[str, Resource], index: Index, actor: Actor) -> None:
        self.parameters = Parameters()
        self.index = index
        self._resources = resources
        self._sees = Visibility(resources, actor, self.parameters)
        self._joins: dict[str, sql.Composable] = {}

    def of_page(self) -> Tables:
        """The same tables once more, for what is selected of the documents on a page."""
        twin = copy(self)
        twin._joins = {}  # noqa: SLF001 - its own
        return twin

    @property
    def seen(self) -> sql.Composable:
        """Does the caller see the row at all?"""
        return self._sees.row(self.index.resource, DOCUMENT)

    def sees(self, join: Join, table: sql.Identifier) -> sql.Composable:
        """Does the caller see this row of a joined resource?"""
        return self._sees.row(join.resource, table)

    @property
    def all(self) -> sql.Composed:
        """The tables to select from: the index's own, and every join that was asked for by now."""
        return self.own + self.joins

    @property
    def own(self) -> sql.Composed:
        """The table of the index's own documents."""
        return sql.SQL("{} AS {}").format(_table(self.index.resource), DOCUMENT)

    @property
    def joins(self) -> sql.Composed:
        """Every join that was asked for by now."""
        return sql.Composed([sql.SQL(" {}").format(join) for join in self._joins.values()])

    def alias(self, place: Place) -> sql.Identifier:
        """The row that holds the place; a join is made when it is first asked for."""
        join = place.join
        if join is None:
            return DOCUMENT
        alias = sql.Identifier(f"join {join.name}")
        if join.name not in self._joins:
            self._joins[join.name] = self._joined(join, alias)
        return alias

    def _joined(self, join: Join, alias: sql.Identifier) -> sql.Composable:
        """As the database likes it best where there is one at most anyway; otherwise the newest of them."""
        if join.on == "id":
            return sql.SQL("LEFT JOIN {} AS {} ON {}").format(_table(join.resource), alias, self._matches(join, alias))
        row = sql.Identifier("joined")
        return sql.SQL("LEFT JOIN LATERAL (SELECT {}.* FROM {} LIMIT 1) AS {} ON true").format(
            row, self.rows(join, row), alias
        )

    def rows(self, join: Join, row: sql.Identifier) -> sql.Composable:
        """The joined documents that the caller sees, newest first: something to select from."""
        order = sql.SQL(' ORDER BY {} COLLATE "C" DESC NULLS LAST, {}.id').format(text_of("createdAt", row), row)
        return sql.SQL("{} AS {} WHERE {}{}").format(
            _table(join.resource), row, self._matches(join, row), sql.SQL("") if join.on == "id" else order
        )

    def _matches(self, join: Join, row: sql.Identifier) -> sql.Composable:
        """Is the row joined, and seen by the caller?"""
        key = self._key(join)
        by_id = sql.SQL("{}.id = ({})::uuid").format(row, key)
        wanted = [by_id if join.on == "id" else sql.SQL("{} = {}").format(text_of(join.on, row), key)]
        wanted += [sql.SQL("{} = {}").format(text_of(name, row), self.parameters(value)) for name, value in join.where]
        return all_of([*wanted, self._sees.row(join.resource, row)])

    def value(self, place: Place) -> sql.Composable:
        """The value as text, null where there is none that the caller sees."""
        row = self.alias(place)
        name, _, part = self._name(place).partition(".")
        found = text_of(name, row)
        if part:
            found = sql.SQL("{}.body->{}->>{}").format(row, sql.Literal(name), sql.Literal(part))
        return self._shown(place.field, found, row)

    def json(self, place: Place) -> sql.Composable:
        """The value as it stands in the document."""
        row = self.alias(place)
        found = sql.SQL("{}.body->{}").format(row, sql.Literal(self._name(place)))
        return self._shown(place.field, found, row)

    def folded(self, place: Place) -> sql.Composable:
        """The text without case, or all texts of a list: kept beside the document, unless it is of ASCII alone."""
        row, name = self.alias(place), self._name(place)
        if place.field.kind is not Kind.LIST:
            return self._shown(place.field, _kept(row, name), row)
        kept = sql.SQL("coalesce({row}.folded->{name}, {row}.body->{name})")
        return self._shown(place.field, kept.format(row=row, name=sql.Literal(name)), row)

    def words(self, place: Place) -> sql.Composable:
        """The words of the text, a space before and behind each."""
        row, name = self.alias(place), self._name(place)
        found = sql.SQL("(' ' || coalesce({row}.folded->>{words}, {text}) || ' ')").format(
            row=row, words=sql.Literal(words_key(name)), text=_kept(row, name)
        )
        return self._shown(place.field, found, row)

    def body(self, resource: Resource, row: sql.Identifier) -> sql.Composable:
        """The document, with whether the caller sees the parents that decide about its fields."""
        asked = {parent for f in resource.fields if f.sees is not None for parent in parents(f.sees)}
        if not asked:
            return sql.SQL("{}.body").format(row)
        told = [
            sql.SQL("{}, {}").format(
                sql.Literal(f"as:{a.resource}"),
                self._sees.parent(self._resources[a.resource], text_of(a.field, row)),
            )
            for a in sorted(asked, key=lambda a: (a.resource, a.field))
        ]
        return sql.SQL("({}.body || jsonb_build_object({}))").format(row, sql.SQL(", ").join(told))

    def _key(self, join: Join) -> sql.Composable:
        """The value that a joined document is found by."""
        other, dot, name = join.by.partition(".")
        if not dot:
            return sql.SQL("{}.id::text").format(DOCUMENT) if join.by == "id" else text_of(join.by, DOCUMENT)
        before = next(one for one in self.index.joins if one.name == other)
        return text_of(name, self.alias(Place(before, Field(name, Kind.ID))))

    def _name(self, place: Place) -> str:
        if place.field.name != "_owner":
            return place.field.name
        resource = place.join.resource if place.join else self.index.resource
        return resource.owner or "_owner"

    def _shown(self, field: Field, value: sql.Composable, row: sql.Identifier) -> sql.Composable:
        if field.sees is None:
            return value
        return sql.SQL("CASE WHEN {} THEN {} END").format(self._sees.rule(field.sees, row), value)


def item_place(place: Place) -> Place:
    """The items of a list, as a field of their own kind."""
    return Place(place.join, replace(place.field, kind=place.field.of or Kind.STRING))


def _kept(row: sql.Identifier, name: str) -> sql.Composable:
    first, _, part = name.partition(".")
    plain = (
        sql.SQL("{}.body->{}->>{}").format(row, sql.Literal(first), sql.Literal(part)) if part else text_of(name, row)
    )
    return sql.SQL('lower(coalesce({}.folded->>{}, {}) COLLATE "C")').format(row, sql.Literal(name), plain)


def _table(resource: Resource) -> sql.Identifier:
    return sql.Identifier(table_name("doc_", resource.documents))
