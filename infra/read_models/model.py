"""What a read model is to those who run, rebuild and watch it: a table, and the way of events into it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, LiteralString, Protocol

from psycopg import AsyncConnection, sql

from domain.kernel import Fact, Recorded
from infra.read_models.codec import to_json

LAYOUT = 1
"""Raised when tables are made in another way: rebuilds are then due."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}", re.ASCII)

Connection = AsyncConnection[Any]


class Model(Protocol):
    """One read model. It writes what events make of it inside the caller's transaction, to the table it is told."""

    @property
    def name(self) -> str:
        """What `read_model`, rebuilds and health know it by."""
        ...

    @property
    def version(self) -> int:
        """Raised when the same events make something else."""
        ...

    @property
    def table(self) -> str:
        """The table that is read."""
        ...

    @property
    def declaration(self) -> str:
        """A digest of all that the table depends on."""
        ...

    @property
    def columns(self) -> Mapping[str, LiteralString]:
        """Columns with their types that a table of an earlier declaration may lack: a start adds them, empty, so that
        the table can be written and read on until it is rebuilt.
        """
        ...

    def create(self, table: str) -> sql.Composed:
        """Makes an empty table of this model, under any name."""
        ...

    def indexes(self, table: str) -> Sequence[sql.Composed]:
        """Makes its indexes, under names that PostgreSQL chooses."""
        ...

    @property
    def handles(self) -> Collection[type[Fact]] | None:
        """The events that can make any difference to it; None: each has to be shown to it."""
        ...

    @property
    def aggregates(self) -> Collection[str] | None:
        """The topics of the aggregates whose events it looks at; None: of any.

        An event that this release does not know stops the models that look at its aggregate. A model that comes to
        look at another one raises its version, as it may have passed events of that one by.
        """
        ...

    async def apply(self, connection: Connection, table: str, events: Sequence[Recorded]) -> None:
        """Write what these events, in order, make of the table."""
        ...


def table_name(prefix: str, name: str) -> str:
    """The table of a model. Raises ValueError for a name that is no plain word."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a read model")
    return f"{prefix}{re.sub('(?<=[a-z0-9])(?=[A-Z])', '_', name).lower()}"


def digest(*parts: Any) -> str:
    """A short text that changes with the parts."""
    return hashlib.sha256(to_json([LAYOUT, *parts]).encode()).hexdigest()[:16]


def by_name(models: Iterable[Model]) -> dict[str, Model]:
    """The models by name. Raises ValueError if two share a name or a table."""
    found: dict[str, Model] = {}
    for model in models:
        if model.name in found or model.table in {other.table for other in found.values()}:
            raise ValueError(f"two read models are named {model.name}")
        found[model.name] = model
    return found
