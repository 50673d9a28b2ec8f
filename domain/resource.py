"""The words in which a resource is declared, once, for every surface that shows or changes it.

From one `Resource` come its get and list routes with filters, sort and paging, who sees which rows and fields, its
OpenAPI text and, if it has no rules of its own (`record`), its create, update and delete commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from domain.access import Admin, As, Everyone, Nobody, Own, Rule, Staff

INDEX = "_idx"
"""Behind the name of an enum: the place of its value in the declaration."""


class Kind(StrEnum):
    """What a field holds; decides its filter operators, its order and its JSON form."""

    ID = "ID"
    STRING = "String"
    TEXT = "Text"
    INTEGER = "Integer"
    MONEY = "Money"
    """Major units in JSON, a decimal inside."""
    DECIMAL = "Double"
    BOOLEAN = "Boolean"
    ENUM = "Enum"
    DAY = "Day"
    """A listing-local calendar date, `YYYY-MM-DD`."""
    INSTANT = "Date"
    """An instant, RFC 3339 UTC with milliseconds."""
    OBJECT = "Object"
    LIST = "List"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a resource as callers see it."""

    name: str
    kind: Kind
    doc: str = ""
    required: bool = False
    """Needed on create, never null."""
    filter: bool = False
    """May be filtered on in lists."""
    enum: tuple[str, ...] = ()
    """The values of an ENUM in the reference's order: `<name>_idx` is the place."""
    sees: Rule | None = None
    """Who sees the field, of those who see the row; absent: all of them."""
    shown: bool = True
    """False: kept for rules and filters, in no answer."""
    fixed: bool = False
    """Of a record: given on create, never changed after."""
    personal: bool = False
    of: Kind | None = None
    """Of a LIST: what its items are."""
    lookup: bool = False
    """Looked up by its exact value, by commands or the edge: indexed, whoever may filter on it."""
    timeless: bool = False
    """Told as it is now alone: no history says when it changed, and a past state shows it as it is now."""
    parts: tuple[Field, ...] = ()
    """Of an OBJECT: what can be searched in it; with `lat` and `lon` it is a point on the earth."""
    then: str = ""
    """Of a lookup: the field that its documents stand in order of; absent: the newest first."""

    @property
    def point(self) -> bool:
        """Is it a point on the earth?"""
        return {"lat", "lon"} <= {part.name for part in self.parts}


@dataclass(frozen=True, slots=True)
class RecordRules:
    """What a resource without rules of its own asks of the one generic aggregate."""

    creates: Rule = field(default_factory=Admin)
    unique: tuple[str, ...] = ()
    """Fields that together may stand only once (409 ENTRY_EXISTS), compared without case."""
    parent: str | None = None
    """The resource whose id stands in `<parent>Id`; its owner is this record's owner, and it must be seen."""


@dataclass(frozen=True, slots=True)
class Tells:
    """The texts of a resource that are searched by their words, by the names of their fields (`location.city`)."""

    title: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    languages: str | None = None
    """The field, a text or a list of them, that says in which languages they are."""

    @property
    def fields(self) -> tuple[str, ...]:
        """All of them, those first that weigh most."""
        return (*self.title, *self.place, *self.text)


class ShownField(NamedTuple):
    """One field as answers show it."""

    name: str
    sees: Rule | None
    place: str
    """Of an enum: the name under which its value's place is shown; else nothing."""
    places: Mapping[str, int]


@dataclass(frozen=True)
class Resource:
    """One resource: what it holds, who sees it, where it stands."""

    name: str
    plural: str
    service: str
    """As in the reference: `auth`, `propertyCatalog`, … (in lower case the route prefix)."""
    path: str
    """Of the list; the get stands under it unless `get_path` says otherwise."""
    fields: tuple[Field, ...]
    doc: str
    owner: str | None = None
    """The field that `_owner` repeats."""
    sees: Rule = field(default_factory=Everyone)
    lists: Rule | None = None
    """Who may ask for the list at all (403 else); absent: anyone, who then gets what they see."""
    changes: Rule = field(default_factory=Nobody)
    get_path: str | None = None
    id_param: str | None = None
    record: RecordRules | None = None
    has_get: bool = True
    has_list: bool = True
    within: As | None = None
    """The parent whose id stands in the list's path: a list of what the caller does not see is not there."""
    oldest_first: bool = False
    """Lists go from the oldest to the newest, unless the caller says otherwise."""
    finds: tuple[tuple[str, str], ...] = ()
    """More gets: a path with one parameter, and the field whose value it is; the newest such resource is answered."""
    source: str | None = None
    """The resource whose documents it shows in another way; absent: its own."""
    history: Rule | None = None
    """Who reads the history and past states, of those who see it; absent: the owner and staff."""
    search: tuple[str, ...] = ()
    """The texts that a list's `keyword` is looked for in; the list then needs one."""
    tells: Tells | None = None
    """The texts whose words are kept stemmed and forgiving beside its documents; absent: none."""
    brief: bool = False
    """Shown without what every resource carries, save the id."""
    keeps_deleted: bool = False
    """Deleting hides a resource from gets and lists, save where the rules keep it readable."""
    alive: str = "isActive"
    """The field that is false once the resource is deleted."""

    @property
    def id_name(self) -> str:
        """The path parameter of the get route, such as `listingId`."""
        return self.id_param or f"{self.name}Id"

    @property
    def documents(self) -> str:
        """The name of the read model that it is answered from."""
        return self.source or self.name

    @property
    def reads_history(self) -> Rule:
        """Who reads its history, of those who see it."""
        if self.history is not None:
            return self.history
        return Own(self.owner) | Staff() if self.owner else Staff()

    @cached_property
    def shown_fields(self) -> tuple[ShownField, ...]:
        """What answers show of it, in order, beside what every resource carries."""
        return tuple(
            ShownField(
                field.name,
                field.sees,
                field.name + INDEX if field.kind is Kind.ENUM else "",
                {value: place for place, value in enumerate(field.enum)},
            )
            for field in self.fields
            if field.shown
        )

    @property
    def common(self) -> tuple[Field, ...]:
        """What it shows of what every resource carries; nothing else of it can be asked about."""
        return tuple(f for f in COMMON if f.name == "id" or not self.brief)

    def field_named(self, name: str) -> Field | None:
        """The declared field of that name, common fields included."""
        return next((f for f in (*self.fields, *COMMON) if f.name == name), None)


COMMON: tuple[Field, ...] = (
    Field("id", Kind.ID, "The resource's id."),
    Field("isActive", Kind.BOOLEAN, "False once deleted."),
    Field("recordVersion", Kind.INTEGER, "1, then one more with every change."),
    Field("createdAt", Kind.INSTANT, "When it was made."),
    Field("updatedAt", Kind.INSTANT, "When it last changed."),
    Field("_owner", Kind.ID, "The user it belongs to."),
)
"""What every resource carries."""
