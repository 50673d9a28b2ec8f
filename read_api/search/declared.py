"""What can be searched: indexes, each over one resource's documents and what is joined to them. Declared once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from domain.access import Rule
from domain.resource import Field, Kind, Resource

SCALARS = frozenset(Kind) - {Kind.OBJECT, Kind.LIST}
ROOM = 256_000
"""Bytes, about, of the documents of one join with many that stand with a document: callers write some of them long."""


@dataclass(frozen=True, slots=True)
class Join:
    """Documents of another resource that stand with each document of an index, as far as the caller sees them."""

    name: str
    """Under which they stand, and before the dot of their fields: `listing.title`."""
    resource: Resource
    by: str
    """The field that holds the id: of the index's resource, or of another join before it (`payment.listingId`)."""
    on: str = "id"
    """The field of the joined resource that has that value."""
    many: bool = False
    """All of them, newest first, `most` at most and as many as have `ROOM`: shown, not searched. Otherwise the one, or
    null.
    """
    most: int = 100
    where: tuple[tuple[str, str], ...] = ()
    """Values that fields of the joined must have besides."""


class Place(NamedTuple):
    """One field of an index: of its own resource, or of a join."""

    join: Join | None
    field: Field

    @property
    def name(self) -> str:
        """As callers write it."""
        return f"{self.join.name}.{self.field.name}" if self.join else self.field.name


@dataclass(frozen=True)
class Index:
    """One thing to search: its resource says what documents hold, and who sees which of them and which fields."""

    name: str
    """As in the path: the resource's name, or the view's."""
    resource: Resource
    joins: tuple[Join, ...] = ()
    texts: tuple[str, ...] = ()
    """The texts, by the names of their places, that `q` looks in. Those of a resource that `tells` are all looked in if
    one of them is named, and so are those of a join with `many` (`texts.localizedTitle`).
    """
    shows: tuple[str, ...] | None = None
    """Of a view: the fields of its own resource that it shows; absent: all of them."""
    lists: Rule | None = None
    """Who may ask at all; absent: as the resource's list."""
    doc: str = ""
    points: tuple[str, ...] = field(default=())
    """Objects with `lat` and `lon` in which distances and boxes are looked for; those of the resource itself, indexed
    where it declares them (`Field.point`).
    """

    @cached_property
    def places(self) -> dict[str, Place]:
        """Every field that can be asked for, by its name."""
        own = [Place(None, f) for f in _fields(self.resource)]
        joined = [Place(join, f) for join in self.joins if not join.many for f in _fields(join.resource)]
        return {place.name: place for place in (*own, *joined)}

    @cached_property
    def plain_texts(self) -> tuple[Place, ...]:
        """The texts that `q` looks in for whole words only: those of no terms, or of a document joined by its id."""
        return tuple(place for name in self.texts if (place := self.places.get(name)) and not self._told(place))

    def _told(self, place: Place) -> bool:
        """Is the text among the terms that are looked for in the index's own documents, or in those beneath them?"""
        resource = place.join.resource if place.join else self.resource
        beneath = place.join is None or place.join.by == "id"
        return beneath and resource.tells is not None and place.field.name in resource.tells.fields


def _fields(resource: Resource) -> Iterator[Field]:
    """What is shown of a resource, and the parts of its objects by their dotted names, seen by who sees the object."""
    for own in (*resource.fields, *resource.common):
        if own.shown:
            yield own
            for part in own.parts:
                yield replace(part, name=f"{own.name}.{part.name}", sees=own.sees)
