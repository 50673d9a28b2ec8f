"""Documents of records: the declared fields as they stand in the events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.catalogue import RESOURCES
from domain.kernel import Recorded
from domain.record import OWNER, Record
from domain.resource import Resource
from projections.projection import Document, Projection, Target, born, changed, id_text, on


def record_projection(resource: Resource) -> Projection:
    """The read model of a resource that has no rules of its own."""

    def targets(event: Recorded) -> Iterable[Target]:
        if isinstance(event.fact, Record.Event) and getattr(event.fact, "kind", None) == resource.name:
            yield Target(event.stream)

    def created(_: Document | None, event: Recorded, __: Any) -> Document:
        fact: Any = event.fact
        owner = None if fact.owner is None else id_text(fact.owner)
        return born(event, **declared(fact.fields), **{OWNER.name: owner})

    def altered(document: Document | None, event: Recorded, _: Any) -> Document:
        fact: Any = event.fact
        return changed(document, event, **declared(fact.fields))

    def declared(fields: Document) -> Document:
        return {f.name: fields.get(f.name) for f in resource.fields if f != OWNER}

    return Projection(resource.name, on(Record, Created=created, Changed=altered, Deleted=deleted), targets=targets)


def deleted(document: Document | None, event: Recorded, _: Any) -> Document:
    """Gone for good."""
    return changed(document, event, isActive=False)


RECORDS: tuple[Projection, ...] = tuple(record_projection(resource) for resource in RESOURCES if resource.record)
