"""Events and aggregates: the library's, without its clock. The domain knows no more of the library than this.

Time, actor and command stand beside an event, in the command's journal row, never in its fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from inspect import signature
from typing import Annotated, Any, ClassVar, NamedTuple, Self, cast
from uuid import UUID

from eventsourcing.domain import (
    BaseAggregate,
    CanMutateAggregate,
    MetaDomainEvent,
    OriginatorIDError,
    OriginatorVersionError,
    decorated_funcs,
    event,
)

from domain.errors import Refused

__all__ = ["PERSONAL", "Aggregate", "Fact", "Personal", "Recorded", "event"]

BESIDE = datetime.min.replace(tzinfo=UTC)
"""Stands where the library looks for a time; ours is in the command's row."""

PERSONAL = "personal"
Personal = Annotated[str, PERSONAL]
"""Text about a person, or that a person wrote.

It stands only in streams of that person, so that a key destroyed erases it."""


@dataclass(frozen=True)
class Fact(CanMutateAggregate[UUID], metaclass=MetaDomainEvent):
    """An event of one stream. Who caused it, and when, stands beside it."""

    originator_id: UUID
    originator_version: int
    timestamp = BESIDE
    TOPIC: ClassVar[str]

    def mutate(self, aggregate: Any) -> Any:
        """Let the fact change the state of its aggregate: as the library does it, with the same checks.

        The library looks up by reflection, each time, which of an event's fields its method takes; here a method takes
        all of them, which the tests hold for every event. Raises OriginatorIDError, OriginatorVersionError.
        """
        fields = dict(self.__dict__)
        stream, version = fields.pop("originator_id"), fields.pop("originator_version")
        if stream != aggregate.id:
            raise OriginatorIDError(stream, aggregate.id)
        if version != aggregate.version + 1:
            raise OriginatorVersionError(version, aggregate.version + 1)
        decorated_funcs[type(self)](aggregate, **fields)
        aggregate.version = version
        return aggregate


class Aggregate(BaseAggregate[UUID]):
    """A stream that begins empty, at version 0; all it knows it has from its events.

    State is only ever replaced, never changed in place: that is what makes a shallow draft safe to decide on.
    """

    TOPIC: ClassVar[str]

    class Event(Fact):
        """The base of this aggregate's events."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Let the methods of its events record them at once: the library would look anew, at each call, which event it
        is and which fields that has.
        """
        super().__init_subclass__(**options)
        for kind in [value for value in vars(cls).values() if isinstance(value, type) and value in decorated_funcs]:
            setattr(cls, decorated_funcs[kind].__name__, _recording(kind, decorated_funcs[kind]))

    @classmethod
    def at(cls, stream: UUID, facts: Iterable[Fact] = ()) -> Self:
        """The stream after these facts."""
        self = cast("Self", type.__call__(cls))
        self.__base_init__(stream, 0, BESIDE)
        for fact in facts:
            fact.mutate(self)
        return self

    def draft(self) -> Self:
        """A copy to decide on; what is decided on it is seen by nobody until it is saved and kept."""
        twin = object.__new__(type(self))
        twin.__dict__ = {**self.__dict__, "_pending_events": []}
        return twin

    def trigger_event(self, event_class: type[CanMutateAggregate[UUID]], **fields: Any) -> None:
        """Record a fact and let it change the state."""
        fact = cast("Callable[..., Fact]", event_class)(self.id, self.version + 1, **fields)
        fact.mutate(self)
        self.pending_events.append(fact)

    def in_one(self, record: Callable[[], None]) -> None:
        """Put the one fact that `record` records, of the state as it is now, in the place of several that were decided:
        what a caller changes with one request is one version on.
        """
        several = self.pending_facts
        if len(several) > 1:
            self.version -= len(several)
            several.clear()
            record()

    @property
    def pending_facts(self) -> list[Fact]:
        """What was decided and is not recorded yet: the library's `pending_events`, by their right type."""
        return cast("list[Fact]", self.pending_events)

    def expect(self, record_version: int | None) -> None:
        """Refuse a change that was decided on an older version than this one. Raises STALE_VERSION."""
        if record_version is not None and record_version != self.version:
            raise Refused(
                "STALE_VERSION",
                f"This was changed meanwhile: it is at version {self.version}, you sent {record_version}.",
                recordVersion=self.version,
            )


def _recording(kind: type[Any], assigns: Callable[..., None]) -> Callable[..., None]:
    """A method that records an event of that kind, whose fields are the parameters of the method that assigns them."""
    names = tuple(signature(assigns).parameters)[1:]

    @wraps(assigns)
    def record(self: Aggregate, *values: Any, **fields: Any) -> None:
        if values:
            fields |= zip(names[: len(values)], values, strict=True)
        self.trigger_event(kind, **fields)

    return record


class Recorded(NamedTuple):
    """A fact as the log has it: with its position, and with the command that caused it."""

    position: int
    fact: Fact
    at: datetime
    actor: UUID | None
    role: str
    command: UUID
    command_name: str

    @property
    def stream(self) -> UUID:
        """The stream that the fact belongs to."""
        return self.fact.originator_id

    @property
    def version(self) -> int:
        """The fact's place in its stream, from 1."""
        return self.fact.originator_version

    @property
    def name(self) -> str:
        """The stored name, such as `reservation.requested.v1`."""
        return self.fact.TOPIC
