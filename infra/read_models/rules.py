"""Access rules and list queries as SQL: one parametrised condition, so that counts and pages leak nothing.

`domain.access.holds` says the same of one document; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from domain.access import AllOf, AnyOf, As, Is, Own, Rule, holds, may
from domain.actor import Actor
from domain.resource import Resource
from infra.postgres import ready as sql
from infra.read_models.codec import to_json
from infra.read_models.model import table_name

TRUE, FALSE = sql.SQL("true"), sql.SQL("false")


class Parameters:
    """The values of one statement, each under a name of its own."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def __call__(self, value: Any) -> sql.Composable:
        """A placeholder for the value. Equal values share none: where each stands decides its type."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return sql.Placeholder(name)


class Visibility:
    """What one caller sees, as conditions of one statement.

    Args:
        resources: all of them by name; rules may ask for a parent's.
        actor: the caller.
        parameters: of the statement.
        deleted: whether that of what is deleted is asked too, as if it were there.
    """

    def __init__(
        self, resources: Mapping[str, Resource], actor: Actor, parameters: Parameters, *, deleted: bool = False
    ) -> None:
        self._resources = resources
        self._actor = actor
        self._parameters = parameters
        self._deleted = deleted
        self._tables = 0

    def row(self, resource: Resource, table: sql.Identifier) -> sql.Composable:
        """Does the caller see this row of the resource at all?"""
        seen = self.rule(resource.sees, table)
        if resource.keeps_deleted or self._deleted:
            return seen
        alive = sql.Literal(resource.alive)
        return sql.SQL("({} AND {}.body->{} IS DISTINCT FROM 'false'::jsonb)").format(seen, table, alive)

    def rule(self, rule: Rule, table: sql.Identifier) -> sql.Composable:
        """Does the rule hold for the caller and this row? Null means no, as no rule denies another."""
        if not may(rule, self._actor):
            return FALSE
        match rule:
            case _ if self._actor.role == "system":
                return TRUE
            case Own(field):
                return sql.SQL("{} = {}").format(text_of(field, table), self._parameters(str(self._actor.id)))
            case Is(field, values):
                return any_of(self._is(field, value, table) for value in values)
            case As(resource, field):
                return self.parent(self._resources[resource], text_of(field, table))
            case AnyOf(rules):
                return any_of(self.rule(part, table) for part in rules)
            case AllOf(rules):
                return all_of(self.rule(part, table) for part in rules)
        return TRUE if holds(rule, self._actor, {}) else FALSE

    def parent(self, resource: Resource, id_text: sql.Composable) -> sql.Composable:
        """Does the caller see the document of the resource that has this id?"""
        self._tables += 1
        alias = sql.Identifier(f"parent{self._tables}")
        return sql.SQL("EXISTS (SELECT 1 FROM {table} AS {alias} WHERE {alias}.id = ({id})::uuid AND {seen})").format(
            table=sql.Identifier(table_name("doc_", resource.documents)),
            alias=alias,
            id=id_text,
            seen=self.row(resource, alias),
        )

    def _is(self, field: str, value: Any, table: sql.Identifier) -> sql.Composable:
        if value is None:
            return sql.SQL("{} IS NULL").format(text_of(field, table))
        return sql.SQL("{}.body->{} = {}::jsonb").format(table, sql.Literal(field), self._parameters(to_json(value)))


def text_of(field: str, table: sql.Identifier) -> sql.Composable:
    """The value of a field, or with a dotted name of a part of it, as text; null where there is none."""
    first, _, part = field.partition(".")
    if part:
        return sql.SQL("{}.body->{}->>{}").format(table, sql.Literal(first), sql.Literal(part))
    return sql.SQL("{}.body->>{}").format(table, sql.Literal(first))


def any_of(parts: Iterable[sql.Composable]) -> sql.Composable:
    """One of these conditions is enough."""
    return _joined(sql.SQL(" OR "), parts, nothing=FALSE, everything=TRUE)


def all_of(parts: Iterable[sql.Composable]) -> sql.Composable:
    """All of these conditions together."""
    return _joined(sql.SQL(" AND "), parts, nothing=TRUE, everything=FALSE)


def _joined(word: sql.SQL, parts: Iterable[sql.Composable], *, nothing: sql.SQL, everything: sql.SQL) -> sql.Composable:
    """The parts with the word between them; `everything` decides alone, `nothing` adds nothing."""
    told = [part for part in parts if part is not nothing]
    if any(part is everything for part in told):
        return everything
    if not told:
        return nothing
    return told[0] if len(told) == 1 else sql.SQL("({})").format(word.join(told))
