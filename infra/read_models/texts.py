"""What is kept of texts beside a document, so that searching them needs no rules of case or words in SQL.

Kept sparsely: a text of ASCII alone is its own lower case there as here, and a text that is nothing but words is its
own words. So most documents keep nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from domain.resource import Field, Kind, Resource
from projections.projection import Document
from projections.words import words

TEXTS = frozenset({Kind.STRING, Kind.TEXT})
SHORT = 64
"""Characters of a text that is likely to come again, as zones and addresses do: its words are remembered."""
VERSION = 1
"""Raised when something else is kept."""


def searched_texts(resource: Resource) -> set[str]:
    """The names of the texts, lists of texts, and texts within objects, that callers may search."""
    return {name for field in resource.fields if field.shown for name in _names(field)}


def words_key(name: str) -> str:
    """Where the words of a text stand, if they are not that very text."""
    return f"{name} words"


class Place(NamedTuple):
    """Where a text stands in a document."""

    name: str
    """Of its field, or with a dot of a part of it."""
    field: str
    part: str


def places_of(names: Iterable[str]) -> tuple[Place, ...]:
    """Of the texts of these names."""
    return tuple(Place(name, *name.partition(".")[::2]) for name in names)


def kept_texts(places: Iterable[Place], document: Document) -> dict[str, str | list[str]]:
    """What has to be kept of the texts there."""
    kept: dict[str, str | list[str]] = {}
    for name, field, part in places:
        value = document.get(field)
        if part:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, str):
            if not (value.isascii() and value.isalnum()):
                kept |= _of_text(name, value)
        elif isinstance(value, list) and not all(item.isascii() for item in value if isinstance(item, str)):
            kept[name] = [item.casefold() for item in value if isinstance(item, str)]
    return kept


def _of_text(name: str, text: str) -> dict[str, str | list[str]]:
    folded, told = _known(text) if len(text) <= SHORT else _forms(text)
    kept: dict[str, str | list[str]] = {} if text.isascii() else {name: folded}
    if told != folded:
        kept[words_key(name)] = told
    return kept


def _forms(text: str) -> tuple[str, str]:
    return text.casefold(), " ".join(words(text))


_known = lru_cache(maxsize=4_096)(_forms)


def _names(field: Field) -> list[str]:
    if field.kind in TEXTS or (field.kind is Kind.LIST and field.of in TEXTS):
        return [field.name]
    return [f"{field.name}.{part.name}" for part in field.parts if part.kind in TEXTS]
