"""Which events are asked for, and how that is said to the database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString, Self, get_args
from uuid import UUID

from domain.actor import Role

VERSIONED = re.compile(r"\.v[\d*?]+$")
"""How the whole name of an event ends, such as `reservation.requested.v1`."""
ROLES: tuple[str, ...] = get_args(Role)


class NotUnderstood(ValueError):
    """A filter that says nothing; the message is one line for whoever asked."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Events that have all of this; what is absent or empty decides nothing."""

    stream: UUID | None = None
    names: tuple[str, ...] = ()
    """Any of these patterns, as LIKE takes them."""
    actor: UUID | None = None
    role: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """To the millisecond: an event of 12:00:00.0005 is one of 12:00."""

    @classmethod
    def read(
        cls,
        stream: str | None = None,
        names: Iterable[str] = (),
        actor: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Self:
        """As it is written on a command line. Raises NotUnderstood."""
        return cls(
            stream=_id(stream, f"{stream} is no stream: an id (a UUID) is expected") if stream is not None else None,
            names=tuple(pattern for name in names for pattern in patterns(name)),
            actor=_actor(actor) if actor is not None and actor not in ROLES else None,
            role=actor if actor in ROLES else None,
            since=_instant(since, "--since") if since is not None else None,
            until=_instant(until, "--until") if until is not None else None,
        )

    @property
    def picks(self) -> bool:
        """Does it leave anything out?"""
        return self != Wanted()

    def conditions(self) -> Iterator[tuple[LiteralString, Any]]:
        """What must hold of an event `e` and its command `c`, each with the value that it asks for."""
        if self.stream is not None:
            yield "e.stream = %b", self.stream
        if self.names:
            yield "e.name LIKE ANY (%b::text[])", list(self.names)
        if self.actor is not None:
            yield "c.actor = %b", self.actor
        if self.role is not None:
            yield "c.role = %b::text", self.role
        if self.since is not None:
            yield "c.at >= %b::timestamptz", self.since
        if self.until is not None:
            yield "date_trunc('milliseconds', c.at) <= %b::timestamptz", self.until


def patterns(name: str) -> list[str]:
    """A name with `*` and `?` as LIKE has it. Without a version, every version is meant."""
    name = name.strip()
    if not name:
        raise NotUnderstood("--name is empty: the name of an event is expected, such as reservation.*")
    like = re.sub(r"([\\%_])", r"\\\1", name).replace("*", "%").replace("?", "_")
    return [like] if VERSIONED.search(name) else [like, like + ".v%"]


def _id(text: str, otherwise: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotUnderstood(otherwise) from None


def _actor(text: str) -> UUID:
    return _id(text, f"{text} is no actor: the id of a user (a UUID) or a role is expected ({', '.join(ROLES)})")


def _instant(text: str, option: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotUnderstood(
            f"{option} {text} is no instant: ISO 8601 is expected, such as 2027-05-01T12:00:00Z"
        ) from None
