"""Events to stored rows and back: plain JSON out, read in again by the annotations of the event's own class."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from typing import Any, NamedTuple, NotRequired, cast, get_type_hints
from uuid import UUID

import msgspec
from typing_extensions import TypedDict

from commands.ports import Unavailable
from domain.kernel import Aggregate, Fact
from infra.event_store.golden import personal_fields

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes the state of a newer event of an older one's: plain JSON values in and out. It may change its argument."""

ENVELOPE = frozenset({"originator_id", "originator_version"})
"""What stands in columns of its own."""


class UnknownEvent(Unavailable):
    """The log has an event that this code cannot read: a newer one wrote it. Nothing is decided on a stream with such
    an event, and no read model that it may concern goes past it; everything else goes on.

    Args:
        name: the event's stored name.
        stream: where it stands.
        version: at which version.
        why: it cannot be read, for the log.
        aggregate: the topic of the aggregate that has it; absent where this code knows no such aggregate either.
    """

    def __init__(
        self,
        name: str,
        stream: UUID,
        version: int,
        why: str = "no event is known by that name",
        *,
        aggregate: str | None = None,
    ) -> None:
        super().__init__(
            "This was changed by a newer release of Innkeep, which this one cannot read.",
            retry_after=60,
            why=f"event {name} (stream {stream}, version {version}): {why}",
        )
        self.name, self.stream, self.version, self.aggregate = name, stream, version, aggregate
        self.matter = str(self)  # each such event is a trouble of its own
        self.position: int | None = None
        """In the log, where that is known."""

    def concerns(self, aggregates: Collection[str] | None) -> bool:
        """May it make a difference to who looks at these aggregates' events? None: at all there are."""
        return self.aggregate is None or aggregates is None or self.aggregate in aggregates


class Stored(NamedTuple):
    """An event as its table has it, less its position and its command."""

    stream: UUID
    version: int
    name: str
    state: bytes


@dataclass(frozen=True, slots=True)
class _Known:
    fact: type[Fact]
    kind: type[Aggregate]
    state: Any
    """The event's own fields as a TypedDict; one with a default may be absent from an old row."""
    read: Callable[[bytes], dict[str, Any]]
    defaults: dict[str, Any]


class Codec:
    """Stored names and what they mean. An unknown name is an error; nothing is ever imported for it.

    Values come back as they were: UUIDs, dates, instants, tuples and frozen dataclasses by their annotations. A field
    annotated `dict[str, Any]` holds plain JSON values; its numbers come back as int or Decimal, never rounded.

    Args:
        aggregates: the classes whose events are stored.
        upcasts: for each retired name the name that took its place, and how to get there.

    Raises:
        ValueError: two events have one name, an event has none, or a retired name is still in use.
    """

    def __init__(
        self,
        aggregates: Collection[type[Aggregate]],
        upcasts: Mapping[str, tuple[str, Upcast]] | None = None,
    ) -> None:
        self._known: dict[str, _Known] = {}
        self._upcasts = dict(upcasts or {})
        self._aggregates = frozenset(kind.TOPIC for kind in aggregates)
        self._write = msgspec.json.Encoder(decimal_format="number").encode
        self._read_raw = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode
        for kind in aggregates:
            for fact in facts_of(kind):
                self._add(kind, fact)
        for old, (new, _) in self._upcasts.items():
            if old in self._known:
                raise ValueError(f"{old} is retired, but an event is still recorded by that name")
            if new not in self._known and new not in self._upcasts:
                raise ValueError(f"{old} is to be read as {new}, which is not known")

    def encode(self, fact: Fact) -> Stored:
        """The event as it is stored."""
        state = dict(vars(fact))
        stream, version = state.pop("originator_id"), state.pop("originator_version")
        return Stored(stream, version, fact.TOPIC, self._write(state))

    def decode(self, stream: UUID, version: int, name: str, state: bytes) -> Fact:
        """The event that was stored, brought to its newest form. Raises UnknownEvent."""
        known = self._known.get(name)
        if known is None:
            known, state = self._upcast(stream, version, name, state)
        try:
            read = known.read(state)
        except msgspec.DecodeError as error:
            why = f"its state cannot be read: {error}"
            raise UnknownEvent(name, stream, version, why, aggregate=known.kind.TOPIC) from error
        values = {**known.defaults, **read, "originator_id": stream, "originator_version": version}
        fact: Fact = object.__new__(known.fact)
        fact.__dict__.update(values)
        return fact

    def kind_of(self, fact: Fact) -> type[Aggregate]:
        """The aggregate that the event belongs to."""
        return self._known[fact.TOPIC].kind

    @property
    def facts(self) -> dict[str, type[Fact]]:
        """The event classes by their stored names."""
        return {name: known.fact for name, known in self._known.items()}

    @property
    def retired(self) -> dict[str, str]:
        """The names that are read but no longer written, and what each is read as."""
        return {old: new for old, (new, _) in self._upcasts.items()}

    def others(self, facts: Collection[type[Fact]]) -> list[str]:
        """The stored names that are known, and are read as none of these events."""
        wanted = {fact.TOPIC for fact in facts}
        newest = {name: name for name in self._known}
        for old in self._upcasts:
            name = old
            while name in self._upcasts:
                name = self._upcasts[name][0]
            newest[old] = name
        return [name for name, read_as in newest.items() if read_as not in wanted]

    def golden(self) -> dict[str, Any]:
        """The schema of each stored name, and which fields are personal: what a file in the repository keeps."""
        return {
            name: {
                "aggregate": known.kind.TOPIC,
                "schema": msgspec.json.schema(known.state),
                "personal": personal_fields(known.fact, ENVELOPE),
            }
            for name, known in sorted(self._known.items())
        }

    def _add(self, kind: type[Aggregate], fact: type[Fact]) -> None:
        name = getattr(fact, "TOPIC", None)
        if not name:
            raise ValueError(f"{kind.__name__}.{fact.__name__} has no stored name: give it a topic")
        if name in self._known:
            raise ValueError(f"two events have the name {name}")
        state, defaults = _state_of(fact)
        try:
            read = msgspec.json.Decoder(state, float_hook=Decimal).decode
        except TypeError as error:
            raise TypeError(f"{name} cannot be stored: {error}") from error
        self._known[name] = _Known(fact, kind, state, cast("Callable[[bytes], dict[str, Any]]", read), defaults)

    def _upcast(self, stream: UUID, version: int, name: str, state: bytes) -> tuple[_Known, bytes]:
        written = name
        raw = self._read_raw(state) if name in self._upcasts else {}
        while name in self._upcasts:
            name, upcast = self._upcasts[name]
            raw = upcast(raw)
        if name not in self._known:
            aggregate = aggregate_of(written)
            known = aggregate if aggregate in self._aggregates else None
            raise UnknownEvent(written, stream, version, aggregate=known)
        return self._known[name], self._write(raw)


def aggregate_of(name: str) -> str:
    """The topic of the aggregate, from an event's stored name: `listing` of `listing.created.v1`."""
    return name.rsplit(".", 2)[0]


def facts_of(kind: type[Aggregate]) -> list[type[Fact]]:
    """The event classes that an aggregate declares, its base class apart."""
    declared = (value for name, value in vars(kind).items() if name != "Event")
    return [value for value in declared if isinstance(value, type) and issubclass(value, Fact)]


def _state_of(fact: type[Fact]) -> tuple[Any, dict[str, Any]]:
    hints = get_type_hints(fact)
    own = [field for field in fields(fact) if field.name not in ENVELOPE]
    defaults = {field.name: field.default for field in own if field.default is not MISSING}
    types = {f.name: NotRequired[hints[f.name]] if f.name in defaults else hints[f.name] for f in own}
    return TypedDict(fact.__qualname__.replace(".", ""), types), defaults  # type: ignore[operator]
