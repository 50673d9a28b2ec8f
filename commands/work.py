"""The work on one command: what it may load, who asks, when it is, and what it has decided so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from commands.ports import Conflict, Wanted, WrongKind
from domain.access import holds
from domain.actor import Actor
from domain.errors import NotAllowed, NotThere
from domain.kernel import Aggregate, Recorded

if TYPE_CHECKING:
    from commands.ports import Cause, EventStore
    from commands.services import Services
    from domain.resource import Resource

A = TypeVar("A", bound=Aggregate)


@dataclass(slots=True)
class Course:
    """A command over all attempts to decide it."""

    cause: Cause
    begun: bool = False
    """Has it recorded something already? A version that it moved itself is then no stale one."""


class Work:
    """A unit of work. The handler loads and decides; the bus saves all that was decided, in one transaction.

    `at` is the product's time of this command, `real_now` the wall's (tokens, sessions, signatures).
    """

    def __init__(
        self,
        store: EventStore,
        services: Services,
        cause: Cause,
        *,
        real_now: datetime,
        fresh: bool = False,
        ahead: Iterable[Aggregate] = (),
        course: Course | None = None,
    ) -> None:
        self.store = store
        self.services = services
        self.cause = cause
        self.real_now = real_now
        self.fresh = fresh
        self.from_cache = False
        self.position: int | None = None
        self.course = course or Course(cause)
        # By the ids' numbers: a UUID hashes in Python, an int does not.
        self._loaded = {draft.id.int: draft for draft in ahead}
        self._caught_up = {*self._loaded}

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return self.cause.actor

    @property
    def at(self) -> datetime:
        """When it is, by the product's clock."""
        return self.cause.at

    def new_id(self) -> UUID:
        """An id for something new."""
        return self.services.new_id()

    def begin(self, kind: type[A]) -> A:
        """Something new, under an id of its own: there is nothing to load."""
        made = kind.at(self.new_id())
        self._loaded[made.id.int] = made
        self._caught_up.add(made.id.int)
        return made

    async def load(self, kind: type[A], stream: UUID, *, fresh: bool = False) -> A:
        """A draft of the stream, the same one each time. Ask `fresh` for what is decided on but not written:
        the append's version check guards only the streams that it appends to.

        A stream of another kind is to whoever asks as one that never began: an error that told the two apart would
        tell of what they may not see, as a sealed review's id can be worked out.
        """
        fresh = fresh or self.fresh
        known = self._known(kind, stream, fresh=fresh)
        if known is not None:
            return known
        try:
            found = await self.store.load(kind, stream, fresh=fresh)
        except WrongKind:
            return kind.at(stream)
        return self._take(kind, found, fresh=fresh)

    async def load_all(self, wanted: Iterable[Wanted]) -> None:
        """Have these streams at hand for `load`, all read in one question."""
        missing = [
            Wanted(kind, stream, fresh or self.fresh)
            for kind, stream, fresh in wanted
            if self._known(kind, stream, fresh=fresh or self.fresh) is None
        ]
        try:
            found = await self.store.load_all(missing)
        except WrongKind:  # one of them is
            for kind, stream, fresh in missing:
                await self.load(kind, stream, fresh=fresh)
        else:
            for asked, aggregate in zip(missing, found, strict=True):
                self._take(asked.kind, aggregate, fresh=asked.fresh)

    def _known(self, kind: type[A], stream: UUID, *, fresh: bool) -> A | None:
        known = self._loaded.get(stream.int)
        if isinstance(known, kind) and (not fresh or stream.int in self._caught_up or known.pending_events):
            return known
        return None

    def _take(self, kind: type[A], found: A, *, fresh: bool) -> A:
        number = found.id.int
        self.from_cache |= not fresh
        if fresh:
            self._caught_up.add(number)
        known = self._loaded.get(number)
        if isinstance(known, kind):  # whoever holds the draft sees it caught up
            known.__dict__.update(found.__dict__)
            return known
        self._loaded[number] = found
        return found

    @property
    def changed(self) -> list[Aggregate]:
        """What has decided something that is not saved yet."""
        return [a for a in self._loaded.values() if a.pending_events]

    def pending(self) -> list[Recorded]:
        """The events decided so far, as the log will have them; their positions are not known yet."""
        c, actor = self.cause, self.cause.actor
        return [
            Recorded(0, fact, c.at, actor.id, actor.role, c.id, c.name)
            for aggregate in self.changed
            for fact in aggregate.pending_facts
        ]

    async def save(self) -> None:
        """Record what was decided so far, before going on: for a command that calls outside in between.

        What it intends is on disk first, so that a crash leaves something to resume.
        """
        if self.changed:
            await self.confirm()
            self.position = await self.store.save(self.changed, self.cause)
            self.course.begun = True

    async def confirm(self) -> None:
        """What was read from memory, and is not appended to, still stands: the append's version check guards no other.

        Without this a decision to leave a stream alone could rest on what another process has changed since. Raises
        Conflict.
        """
        remembered = [a for a in self._loaded.values() if a.id.int not in self._caught_up and not a.pending_events]
        if not remembered:
            return
        try:
            found = await self.store.load_all([Wanted(type(a), a.id, fresh=True) for a in remembered])
        except WrongKind:
            raise Conflict("a stream that was read has become something else meanwhile") from None
        if any(now.version != then.version for now, then in zip(found, remembered, strict=True)):
            raise Conflict("another command has changed meanwhile what this one was decided on")
        self._caught_up |= {aggregate.id.int for aggregate in remembered}

    def expect(self, aggregate: Aggregate, record_version: int | None) -> None:
        """As `Aggregate.expect`, for commands that save more than once: what has begun moved the version itself.

        Raises STALE_VERSION.
        """
        if not self.course.begun:
            aggregate.expect(record_version)

    def admit(self, resource: Resource, facts: Mapping[str, Any], *, to: str = "change") -> None:
        """Let the caller through, or raise: NotThere if they may not see it, NotAllowed if not `to` do that."""
        if not holds(resource.sees, self.actor, facts):
            raise NotThere(resource.name)
        if to == "change" and not holds(resource.changes, self.actor, facts):
            raise NotAllowed(f"You may see this {resource.name}, but not change it.")
