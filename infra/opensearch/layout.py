"""How a search document is laid out: a tree of documents, each with the fields that can be asked for.

At the root stands the document of the index itself, beneath it those that are joined, and beneath each the parents
whose visibility decides about it, with the few facts that this takes. Of joins with many documents only those are kept
whose words are searched: their words, and who sees them. Where one is joined by a key that several may have, the newest
few stand in slots: what a caller sees joined is the first of them that they see. Every field has columns, by what is
done with it:

| column | holds |
|---|---|
| `r` | a text as it is: rules, order, facets; cut at `LONGEST`, where order and facets end |
| `k` | a text casefolded, whole: what is longer than `LONGEST` ends in its digest |
| `g` | a long text casefolded, in pieces: for patterns |
| `w` | the words of a text, in order |
| `n` | a number, scaled to an integer |
| `b` | true or false |
| `p`, `plat`, `plon` | a point on the map, and its degrees as they are |

`has` names the fields that have a value at all; `t4` to `t1` have the terms of the document's words, by their part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from domain.access import AllOf, AnyOf, As, Is, Own, Rule, parents
from domain.resource import COMMON, Field, Kind, Resource, Tells
from infra.opensearch.fields import Kept, kept_of
from read_api.search.declared import Index, Join, Place

LONGEST = 32_000
"""Bytes of a text that one term takes: OpenSearch's own end is at 32 766."""
ROOT = "own"
"""The path of the index's own document."""
SLOTS = 3
"""Of the newest with a key, so many are kept where one is joined."""
DEGREES = 9
"""Digits behind the point of latitudes and longitudes."""


@dataclass(frozen=True)
class Node:
    """One document's place in the tree."""

    path: str
    resource: Resource
    fields: tuple[Field, ...]
    by: str = ""
    """The field of the node above that has the key; at the root nothing."""
    on: str = "id"
    """The field that has that value here."""
    where: tuple[tuple[str, str], ...] = ()
    join: Join | None = None
    slot: int = 0
    """Which of the newest with the key stands here."""
    points: frozenset[str] = frozenset()
    tells: Tells | None = None
    """Its texts, where their words are searched."""
    children: tuple[Node, ...] = ()

    @property
    def many(self) -> bool:
        """Do several documents stand here?"""
        return self.join is not None and self.join.many

    def terms(self, part: int) -> str:
        """The column of its words' terms of one part."""
        return f"{self.path}.t{part}"

    def column(self, field: str, kind: str) -> str:
        """The full name of one column."""
        name = (self.resource.owner or field) if field == "_owner" else field
        return f"{self.path}.f.{name}.{kind}"

    @cached_property
    def kept(self) -> tuple[Kept, ...]:
        """All fields, in their order."""
        return kept_of(self.fields)

    @property
    def has(self) -> str:
        """The column that names the fields with a value."""
        return f"{self.path}.has"

    def parent(self, resource: str, field: str) -> Node:
        """The node of the parent that this rule asks for."""
        return next(n for n in self.children if n.join is None and (n.resource.name, n.by) == (resource, field))

    def walk(self) -> Iterator[Node]:
        """This node and all beneath it."""
        yield self
        for child in self.children:
            yield from child.walk()


Sees = Callable[[Node, Mapping[str, Any]], bool]
"""Does the caller see what stands at the node?"""


class Layout:
    """The tree of one index."""

    def __init__(self, index: Index, resources: Mapping[str, Resource]) -> None:
        self.index = index
        self._resources = resources
        self.root = self._node(ROOT, index.resource, whole=True, points=_points(index, None), joins=index.joins)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All of them, the root first."""
        return tuple(self.root.walk())

    @cached_property
    def models(self) -> frozenset[str]:
        """The read models that the documents are made from."""
        return frozenset(node.resource.documents for node in self.nodes)

    @cached_property
    def _joined(self) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            if node.join is not None and not node.many:
                found.setdefault(node.join.name, []).append(node)
        return found

    @cached_property
    def before(self) -> Mapping[str, tuple[Node, ...]]:
        """By the path of a node: those that stand in its stead for who sees them, the slots before it."""
        return {
            node.path: tuple(one for one in above.children if one.join is node.join and one.slot < node.slot)
            for above in self.nodes
            for node in above.children
            if node.join is not None
        }

    @cached_property
    def above(self) -> Mapping[str, Node]:
        """By the path of a node: the one that it stands beneath."""
        return {node.path: above for above in self.nodes for node in above.children}

    @cached_property
    def telling(self) -> tuple[Node, ...]:
        """Where words are looked for."""
        return tuple(node for node in self.nodes if node.tells is not None)

    def at(self, place: Place) -> Sequence[Node]:
        """Where the field of this place stands: for each document and caller in one of these at most."""
        return self._joined[place.join.name] if place.join else (self.root,)

    def joined_of(self, body: Mapping[str, Any], sees: Sees) -> Iterator[tuple[Node, Mapping[str, Any]]]:
        """What is joined in the body of a search document, each with its place, as far as it is seen: what is joined
        to something unseen is not.
        """
        yield from _joined_of(self.root, body, sees)

    def _node(
        self,
        path: str,
        resource: Resource,
        *,
        whole: bool,
        by: str = "",
        join: Join | None = None,
        slot: int = 0,
        points: frozenset[str] = frozenset(),
        joins: tuple[Join, ...] = (),
    ) -> Node:
        children = [
            self._node(f"{path}.p.{a.resource}_{a.field}", self._resources[a.resource], whole=False, by=a.field)
            for a in sorted(_above_all(resource, whole=whole), key=lambda a: (a.resource, a.field))
        ]
        children += [
            self._joins(path, one, slot, joins)
            for one in joins
            if self._kept(one) and _above(one, joins) is join
            for slot in range(SLOTS if one.on != "id" and not one.many else 1)
        ]
        return Node(
            path=path,
            resource=resource,
            fields=_fields(resource, whole=whole),
            by=by,
            slot=slot,
            on=join.on if join else "id",
            where=join.where if join else (),
            join=join,
            points=points,
            tells=resource.tells if (self._tells(join) if join else path == ROOT and self._tells_itself()) else None,
            children=tuple(children),
        )

    def _tells_itself(self) -> bool:
        tells, index = self.index.resource.tells, self.index
        own = {name for name in index.texts if name in index.places and index.places[name].join is None}
        return tells is not None and not own.isdisjoint(tells.fields)

    def _kept(self, join: Join) -> bool:
        return not join.many or self._tells(join)

    def _tells(self, join: Join) -> bool:
        """Are the words of what is joined searched?"""
        named = {name.partition(".")[0] for name in self.index.texts}
        return join.name in named and join.resource.tells is not None and join.by == "id"

    def _joins(self, above: str, join: Join, slot: int, joins: tuple[Join, ...]) -> Node:
        place = "m" if join.many else f"j{slot or ''}"
        return self._node(
            f"{place}.{join.name}" if above == ROOT else f"{above}.{place}.{join.name}",
            join.resource,
            whole=not join.many,
            by=join.by.rpartition(".")[2],
            join=join,
            slot=slot,
            points=_points(self.index, join),
            joins=joins,
        )


def _joined_of(node: Node, body: Mapping[str, Any], sees: Sees) -> Iterator[tuple[Node, Mapping[str, Any]]]:
    below, taken = body.get("below") or {}, set[str]()
    for child in node.children:
        if child.join is None or child.join.name in taken or child.path not in below:
            continue
        if sees(child, below[child.path]):
            taken.add(child.join.name)
            yield child, below[child.path]
            yield from _joined_of(child, below[child.path], sees)


def _fields(resource: Resource, *, whole: bool) -> tuple[Field, ...]:
    """The fields that are kept: with `whole` all, with the parts of objects; otherwise those that rules ask."""
    declared = [*resource.fields, *COMMON] if whole else []
    fields = {f.name: f for f in declared if f.name != "_owner" or not resource.owner}
    for own in declared:
        fields |= {name: replace(part, name=name) for part in own.parts if (name := f"{own.name}.{part.name}")}
    asked = sorted(facts_of(resource, whole=whole))  # in an order that every process has
    return tuple(
        (fields | {n: resource.field_named(n) or Field(n, Kind.ID) for n in asked if n not in fields}).values()
    )


def _rules(resource: Resource, *, whole: bool) -> list[Rule]:
    return [resource.sees, *(f.sees for f in resource.fields if whole and f.sees is not None)]


def _above_all(resource: Resource, *, whole: bool) -> set[As]:
    return {parent for rule in _rules(resource, whole=whole) for parent in parents(rule)}


def facts_of(resource: Resource, *, whole: bool = False) -> set[str]:
    """The fields that decide who sees a document of the resource; with `whole`, who sees which of its fields, too."""
    alive = set() if resource.keeps_deleted else {resource.alive}
    return alive.union(*(_asked(rule) for rule in _rules(resource, whole=whole)))


def _asked(rule: Rule) -> set[str]:
    match rule:
        case Own(field) | Is(field, _):
            return {field}
        case AnyOf(rules) | AllOf(rules):
            return set().union(*(_asked(r) for r in rules))
    return {parent.field for parent in parents(rule)}


def _above(join: Join, joins: tuple[Join, ...]) -> Join | None:
    """The join whose field has this one's key; none: the index's own resource."""
    name = join.by.rpartition(".")[0]
    return next(one for one in joins if one.name == name) if name else None


def _points(index: Index, join: Join | None) -> frozenset[str]:
    """The objects of this document that are points on the map."""
    resource = join.resource if join else index.resource
    split = [name.rpartition(".") for name in index.points]
    named = {field for above, _, field in split if above == (join.name if join else "")}
    return frozenset(named | {f.name for f in resource.fields if f.point})
