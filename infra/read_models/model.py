"""What a read model is to those who run, rebuild and watch it: a table, and the way of events into it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, LiteralString, NamedTuple, Protocol

from psycopg import AsyncConnection, sql

from domain.kernel import Fact, Recorded
from infra.read_models.codec import to_json

LAYOUT = 1
"""Raised when tables are made in another way: rebuilds are then due."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}", re.ASCII)

Connection = AsyncConnection[Any]
Write = Callable[[Connection], Awaitable[None]]
"""Writes something, inside the caller's transaction. What it sends is made already: PostgreSQL is not kept waiting."""


async def nothing(connection: Connection) -> None:
    """The write of what makes no difference."""


def one_by_one(writes: Sequence[Write]) -> Write:
    """All of these, in their order."""

    async def write(connection: Connection) -> None:
        for each in writes:
            await each(connection)

    return write


class Changes(NamedTuple):
    """What was made of events, to be written."""

    early: Sequence[Write]
    """May each be written in a transaction of its own, before the position that they stand for: who takes the same
    events in again, into a `resumed` making, makes no difference.
    """
    last: Write
    """Stands or falls with the position."""

    async def write(self, connection: Connection) -> None:
        """All of it, in the caller's transaction."""
        await one_by_one((*self.early, self.last))(connection)


class Making(Protocol):
    """What events make of one table: in memory, until it is written."""

    @property
    def size(self) -> int:
        """How much there is to be written: documents, or events."""
        ...

    async def take_in(self, connection: Connection, events: Sequence[Recorded]) -> None:
        """Let these events, in order, make a difference: all of them, or none if one of them cannot be taken in.

        The connection is asked for what the table has.
        """
        ...

    def changes(self) -> Changes:
        """The differences made since they were last asked for, encoded. Until they are written, nobody else may be
        asked what the table has.
        """
        ...


class Model(Protocol):
    """One read model: a table, and what events make of it."""

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

    @property
    def sets_aside(self) -> bool:
        """May an event that cannot be taken in be set aside, with all that follows in its stream? Else it stops the
        model, as with a feed, whose entries nobody expects to come later.
        """
        ...

    def making(self, table: str, *, resumed: bool = False) -> Making:
        """Begins to make something of events for that table.

        `resumed`: the table may have taken in some of the events already, as far as they are written early.
        """
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
