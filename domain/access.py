"""Who may: rules as data, so that one rule guards a command, one document and a whole query alike.

A rule is asked with the caller and the few facts of a document that it names. `holds` answers for one document;
the read side compiles the same rule into its query, so that counts and pages leak nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.actor import Actor

Facts = Mapping[str, Any]


class Rule:
    """The base of all rules; `|` and `&` combine them."""

    __slots__ = ()

    def holds(self, actor: Actor, facts: Facts) -> bool:
        """Does it hold for a caller, who is not the product itself, and these facts? Ask `holds`."""
        raise NotImplementedError

    def __or__(self, other: Rule) -> Rule:
        return AnyOf((self, other))

    def __and__(self, other: Rule) -> Rule:
        return AllOf((self, other))


@dataclass(frozen=True, slots=True)
class Everyone(Rule):
    """Anyone, known or not."""

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Nobody(Rule):
    """No caller at all; only the product itself."""

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class LoggedIn(Rule):
    """Anyone with valid credentials."""

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return actor.known


@dataclass(frozen=True, slots=True)
class Staff(Rule):
    """Moderators and admins."""

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return actor.staff


@dataclass(frozen=True, slots=True)
class Admin(Rule):
    """Admins and superAdmins."""

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return actor.admin


@dataclass(frozen=True, slots=True)
class KeyHolder(Rule):
    """Any caller that came with an API key."""

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return actor.by_key


@dataclass(frozen=True, slots=True)
class InPerson(Rule):
    """Any caller that logged in, rather than coming with an API key."""

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return actor.known and not actor.by_key


@dataclass(frozen=True, slots=True)
class Own(Rule):
    """The caller is the user whose id stands in this field."""

    field: str

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return actor.id is not None and str(facts.get(self.field)) == actor.text


@dataclass(frozen=True, slots=True)
class Is(Rule):
    """The field has one of these values."""

    field: str
    values: tuple[Any, ...]

    def holds(self, actor: Actor, facts: Facts) -> bool:
        found = facts.get(self.field)
        return any(_same(found, value) for value in self.values)


@dataclass(frozen=True, slots=True)
class As(Rule):
    """Whoever sees the document of that resource whose id stands in this field."""

    resource: str
    field: str

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return bool(facts.get(f"as:{self.resource}", False))


@dataclass(frozen=True, slots=True)
class AnyOf(Rule):
    """One of these is enough."""

    rules: tuple[Rule, ...]

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return any(rule.holds(actor, facts) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class AllOf(Rule):
    """All of these together."""

    rules: tuple[Rule, ...]

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return all(rule.holds(actor, facts) for rule in self.rules)


def holds(rule: Rule, actor: Actor, facts: Facts) -> bool:
    """Does the rule hold for this caller and these facts?

    The product itself passes every rule. `As` is answered from the key `as:<resource>` of the facts,
    which whoever asks fills with the parent's own answer.
    """
    return actor.role == "system" or rule.holds(actor, facts)


def may(rule: Rule, actor: Actor) -> bool:
    """Could the rule hold for this caller on any document at all?"""
    if actor.role == "system":
        return True
    match rule:
        case Own():
            return actor.id is not None
        case Is(_, values):
            return bool(values)
        case As():
            return True
        case AnyOf(rules):
            return any(may(r, actor) for r in rules)
        case AllOf(rules):
            return all(may(r, actor) for r in rules)
    return holds(rule, actor, {})


def parents(rule: Rule) -> frozenset[As]:
    """Every parent whose visibility the rule asks for."""
    match rule:
        case As():
            return frozenset((rule,))
        case AnyOf(rules) | AllOf(rules):
            return frozenset().union(*(parents(r) for r in rules))
    return frozenset()


def named(rule: Rule) -> frozenset[str]:
    """The fields by which the rule ties a document to a caller or to a parent."""
    match rule:
        case Own(field) | As(_, field):
            return frozenset((field,))
        case AnyOf(rules) | AllOf(rules):
            return frozenset().union(*(named(r) for r in rules))
    return frozenset()


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON is: true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
