"""From facts to documents: a projection is a pure function of (document, event), and a list of what it handles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.kernel import Aggregate, Fact, Recorded

Document = dict[str, Any]
"""JSON-like: str, int, Decimal, bool, None, lists and dicts. Ids are text, instants RFC 3339 text."""


def inner(document: Document, name: str) -> Any:
    """The value of a field, or with a dotted name of a part of it."""
    first, _, part = name.partition(".")
    value = document.get(first)
    if not part:
        return value
    return value.get(part) if isinstance(value, dict) else None


class Target(NamedTuple):
    """One document that an event concerns; the hint is for the handler (of a calendar: the night)."""

    id: UUID
    hint: Any = None


def begins(event: Recorded, target: Target) -> bool:
    """Is the document its stream's own, and the event the stream's first? Then there is none yet."""
    return event.version == 1 and event.stream == target.id


Handler = Callable[[Document | None, Recorded, Any], Document | None]
"""(document before, event, hint) → document after; None where there is none."""


def own_stream(event: Recorded) -> Iterable[Target]:
    """The usual case: a stream is a document."""
    return (Target(event.stream),)


def only_itself(document: Document) -> Sequence[UUID]:
    """The usual case: all that a document is made of stands in the stream of the same id."""
    return (UUID(document["id"]),)


@dataclass(frozen=True, slots=True)
class Projection:
    """One read model. Raise `version` when what it makes of the same events changes: a rebuild is then due."""

    resource: str
    """The resource whose documents it makes, and its name."""
    handles: Mapping[type[Fact], Handler]
    targets: Callable[[Recorded], Iterable[Target]] = field(default=own_stream)
    streams: Callable[[Document], Sequence[UUID]] = field(default=only_itself)
    """Where the events of one document stand: its history, and its state as of a time, are read from there."""
    version: int = 1


def on(kind: type[Aggregate], **handlers: Handler) -> dict[type[Fact], Handler]:
    """Handlers by the names of that aggregate's events, as its `@event`s have them. A name that is none fails here."""
    return {getattr(kind, name): handler for name, handler in handlers.items()}


@lru_cache(maxsize=4_096)
def instant(at: datetime) -> str:
    """RFC 3339 UTC with milliseconds: as text, instants order as in time."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return f"{utc.isoformat(timespec='milliseconds')[: -len('+00:00')]}Z"


def id_text(id: UUID) -> str:
    """As `str` has it, in a third of its time: a fold makes dozens."""
    text: str = msgspec.to_builtins(id)
    return text


def born(event: Recorded, **fields: Any) -> Document:
    """A new document with what every resource carries."""
    at = instant(event.at)
    return {
        "id": id_text(event.stream),
        **fields,
        "isActive": True,
        "recordVersion": 1,
        "createdAt": at,
        "updatedAt": at,
    }


def changed(document: Document | None, event: Recorded, **fields: Any) -> Document:
    """The document with these fields changed: one version on, and the event's time."""
    if document is None:
        raise LookupError(f"{event.name} at {event.position} changes a document that is not there")
    # In one go: a fold is made of little else.
    return {**document, **fields, "recordVersion": event.version, "updatedAt": instant(event.at)}


class Step(NamedTuple):
    """One event of a document's life."""

    event: Recorded
    before: Document | None
    after: Document | None


def steps(projection: Projection, document: Document | None, events: Iterable[Recorded], id: UUID) -> Iterator[Step]:
    """What each of these events made of one document; events that do not concern it are passed over."""
    for event in events:
        handler = projection.handles.get(type(event.fact))
        if handler is None:
            continue
        before, concerned = document, False
        for target in projection.targets(event):
            if target.id == id:
                document, concerned = handler(document, event, target.hint), True
        if concerned:
            yield Step(event, before, document)


def fold(projection: Projection, document: Document | None, events: Iterable[Recorded], id: UUID) -> Document | None:
    """One document after these events."""
    for step in steps(projection, document, events, id):
        document = step.after
    return document
