"""Indexes by name, and who may ask for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from domain.access import holds, may
from domain.actor import Actor
from domain.errors import NotAllowed, NotThere
from read_api.ports import NobodyKnown
from read_api.search.catalogue import INDEXES
from read_api.search.declared import Index
from read_api.search.filters import parse


class Indexes:
    """All indexes that callers can search, by their names; those of resources by the plural as well."""

    def __init__(self, indexes: Iterable[Index] = INDEXES) -> None:
        self.all: Sequence[Index] = tuple(indexes)
        plurals = {index.resource.plural: index for index in self.all if index.name == index.resource.name}
        self._by_name = plurals | {index.name: index for index in self.all}

    def named(self, name: str, actor: Actor) -> Index:
        """The index of that name. Raises NotThere, NobodyKnown, NotAllowed."""
        found = self._by_name.get(name)
        if found is None:
            raise NotThere("index")
        listed = found.lists is None or holds(found.lists, actor, {})
        if not actor.known and not (listed and may(found.resource.sees, actor)):
            raise NobodyKnown("This needs a login: send a valid access token or API key.")
        if not listed:
            raise NotAllowed(f"You may not list {found.resource.plural}.")
        return found

    def index_named(self, name: str, actor: Actor) -> str:
        """The own name of the index that goes by that name. Raises NotThere, NotAllowed."""
        return self.named(name, actor).name

    def check(self, index: str, conditions: Any, actor: Actor) -> None:
        """Raises Invalid for conditions that this caller could not search that index with."""
        parse(self.named(index, actor), actor, conditions)
