"""Access rules as filters of a search, as conditions of its scripts, and asked of what it found.

`domain.access.holds` says the same of one document; the contract suite holds the engines to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from domain.access import AllOf, AnyOf, As, Is, Own, Rule, holds, may
from domain.actor import Actor
from domain.resource import Field
from infra.opensearch.layout import Node
from projections.projection import Document

Query = dict[str, Any]
ALL: Query = {"match_all": {}}
NONE: Query = {"match_none": {}}


def both(parts: Iterable[Query]) -> Query:
    """All of these together; of none, everything."""
    told = [part for part in parts if part != ALL]
    if NONE in told:
        return NONE
    if not told:
        return ALL
    return told[0] if len(told) == 1 else {"bool": {"filter": told}}


def either(parts: Iterable[Query]) -> Query:
    """One of these is enough; of none, nothing."""
    told = [part for part in parts if part != NONE]
    if ALL in told:
        return ALL
    if not told:
        return NONE
    return told[0] if len(told) == 1 else {"bool": {"should": told, "minimum_should_match": 1}}


def opposite(part: Query) -> Query:
    """Not this."""
    if part in (ALL, NONE):
        return NONE if part == ALL else ALL
    return {"bool": {"must_not": [part]}}


class Visibility:
    """What one caller sees of the documents of a layout."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def row(self, node: Node) -> Query:
        """Is there a document at this node, and does the caller see it?"""
        there: Query = {"exists": {"field": node.has}}
        seen = [there, self.rule(node.resource.sees, node)]
        if not node.resource.keeps_deleted:
            seen.append(opposite({"term": {node.column(node.resource.alive, "b"): False}}))
        return both(seen)

    def field(self, node: Node, field: Field) -> Query:
        """Does the caller, who sees the document, see this field of it?"""
        return ALL if field.sees is None else self.rule(field.sees, node)

    def rule(self, rule: Rule, node: Node) -> Query:
        """Does the rule hold for the caller and the document at this node?"""
        if not may(rule, self._actor):
            return NONE
        match rule:
            case _ if self._actor.role == "system":
                return ALL
            case Own(field):
                return {"term": {node.column(field, "r"): str(self._actor.id)}}
            case Is(field, values):
                return either(_is(node, field, value) for value in values)
            case As(resource, field):
                return self.row(node.parent(resource, field))
            case AnyOf(rules):
                return either(self.rule(part, node) for part in rules)
            case AllOf(rules):
                return both(self.rule(part, node) for part in rules)
        return ALL if holds(rule, self._actor, {}) else NONE

    def sees(self, node: Node, body: Mapping[str, Any]) -> bool:
        """Does the caller see the document at this node, of a search document that was found?"""
        document = self.document(node, body)
        if not node.resource.keeps_deleted and document.get(node.resource.alive) is False:
            return False
        return holds(node.resource.sees, self._actor, document)

    def document(self, node: Node, body: Mapping[str, Any]) -> Document:
        """The document with `as:<resource>` for each parent that its rules ask for."""
        below = body.get("below") or {}
        asked = {
            f"as:{child.resource.name}": child.path in below and self.sees(child, below[child.path])
            for child in node.children
            if child.join is None
        }
        return {**body["document"], **asked}


def _is(node: Node, field: str, value: Any) -> Query:
    if value is None:
        return opposite({"term": {node.has: field}})
    if isinstance(value, bool):
        return {"term": {node.column(field, "b"): value}}
    return {"term": {node.column(field, "r"): value}}


SEES = """boolean sees(def doc, def rule) {
  def said = rule[0];
  if (said == 'all' || said == 'none') { return said == 'all'; }
  if (said == 'has') { return doc[rule[1]].size() > 0; }
  if (said == 'is') { return doc[rule[1]].contains(rule[2]); }
  if (said == 'not') { return !sees(doc, rule[1]); }
  for (int i = 1; i < rule.size(); i++) {
    boolean one = sees(doc, rule[i]);
    if (said == 'and' && !one) { return false; }
    if (said == 'or' && one) { return true; }
  }
  return said == 'and';
}
"""
"""Asks a rule of a document. The rule is a parameter: a script for each rule and field would be compiled for each, and
the cluster compiles few in a minute.
"""


def told(query: Query) -> list[Any]:
    """The same condition as `SEES` takes it: of those that rules are made of."""
    match query:
        case {"match_all": _}:
            return ["all"]
        case {"match_none": _}:
            return ["none"]
        case {"exists": {"field": field}}:
            return ["has", field]
        case {"term": term}:
            ((field, value),) = term.items()
            return ["is", field, value]
        case {"bool": {"filter": parts}}:
            return ["and", *map(told, parts)]
        case {"bool": {"should": parts}}:
            return ["or", *map(told, parts)]
        case {"bool": {"must_not": [part]}}:
            return ["not", told(part)]
    raise ValueError(f"no rule is made of {query}")
