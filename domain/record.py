"""A record: a resource without rules of its own. What it holds and who may change it is declared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from domain.errors import NotThere
from domain.kernel import Aggregate, event
from domain.resource import Field, Kind

OWNER = Field("ownerId", Kind.ID, shown=False)
"""What every record declares beside its own fields: whose it is. The parent's owner, else who created it."""


class Record(Aggregate):
    """Created, changed and deleted. Its fields are plain JSON values under the names that callers know them by."""

    TOPIC = "record"

    def __init__(self) -> None:
        self.kind: str | None = None
        self.owner: UUID | None = None
        self.fields: Mapping[str, Any] = MappingProxyType({})
        self.deleted = False

    def of(self, kind: str) -> Mapping[str, Any]:
        """What the record of that kind holds. Raises NotThere if there is none, or no more."""
        if self.kind != kind or self.deleted:
            raise NotThere(kind)
        return self.fields

    def create(self, kind: str, owner: UUID | None, fields: Mapping[str, Any]) -> None:
        """A new record of that kind, belonging to that user."""
        if self.kind is None:
            self._created(kind=kind, owner=owner, fields=dict(fields))

    def change(self, kind: str, changes: Mapping[str, Any]) -> None:
        """These of its fields are so from now on; what it holds nothing of is null already. Raises NotThere."""
        held = self.of(kind)
        if any(held.get(name) != value for name, value in changes.items()):
            self._changed(kind=kind, fields={**held, **changes})

    def delete(self, kind: str) -> None:
        """Hide it for good. Raises NotThere."""
        self.of(kind)
        self._deleted(kind=kind)

    @event("Created", topic="record.created.v1")
    def _created(self, kind: str, owner: UUID | None, fields: dict[str, Any]) -> None:
        self.kind, self.owner, self.fields = kind, owner, fields

    @event("Changed", topic="record.changed.v1")
    def _changed(self, kind: str, fields: dict[str, Any]) -> None:  # for readers of the log: a stream keeps its kind
        self.kind, self.fields = kind, fields

    @event("Deleted", topic="record.deleted.v1")
    def _deleted(self, kind: str) -> None:
        self.kind, self.deleted = kind, True
