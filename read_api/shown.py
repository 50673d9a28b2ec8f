"""From a document to what one caller sees of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from domain.access import As, Rule, holds, parents
from domain.actor import Actor
from domain.resource import COMMON, Resource
from projections.projection import Document

OWNER = "_owner"
_BEFORE = tuple(field.name for field in COMMON if field.name == "id")
_AFTER = tuple(field.name for field in COMMON if field.name not in {"id", OWNER})


def shown(resource: Resource, document: Document, actor: Actor) -> Document:
    """The document as this caller sees it, in the order of the declaration.

    What they may not see is absent, what has no value is null. Rules that ask for a parent find `as:<resource>` in
    the document.
    """
    out: Document = {name: document.get(name) for name in _BEFORE}
    get = document.get
    for name, sees, place, places in resource.shown_fields:
        if sees is None or holds(sees, actor, document):
            value = out[name] = get(name)
            if place:
                out[place] = places.get(value) if isinstance(value, str) else None
    if not resource.brief:
        for name in _AFTER:
            out.setdefault(name, document.get(name))
        out[OWNER] = document.get(resource.owner) if resource.owner else None
    return out


def asked_of_parents(resource: Resource) -> frozenset[As]:
    """The parents whose visibility decides which fields of the resource a caller sees."""
    return frozenset(asked for field in resource.fields if field.sees is not None for asked in parents(field.sees))


def models_of(resources: Iterable[Resource], by_name: Mapping[str, Resource]) -> frozenset[str]:
    """The read models that decide what is answered about these resources: their own, and those of their parents."""
    found: set[str] = set()
    waiting = [*resources]
    while waiting:
        one = waiting.pop()
        if one.documents in found:
            continue
        found.add(one.documents)
        rules: list[Rule] = [one.sees, *(f.sees for f in one.fields if f.sees is not None)]
        waiting += [by_name[parent.resource] for rule in rules for parent in parents(rule)]
    return frozenset(found)
