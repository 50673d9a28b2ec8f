"""Where handlers are tested: on a real event store, without the edge. What is decided is saved, or refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

from commands.ports import Answer, Cause
from commands.services import Services
from commands.work import Work
from domain.actor import SYSTEM, Actor
from domain.kernel import Recorded
from domain.terms import Terms
from infra.event_store import PostgresEventStore
from projections.projection import Document, Projection


@dataclass
class Desk:
    """Runs one command after the other, as the actor and at the time that each is given."""

    store: PostgresEventStore
    now: datetime
    terms: Terms = field(default_factory=Terms)

    async def run(self, handler: Callable[..., Awaitable[Any]], *asked: Any, by: Actor = SYSTEM) -> Answer:
        """The handler's answer, once all it decided is saved."""
        services = cast("Services", SimpleNamespace(terms=self.terms, new_id=uuid4))
        cause = Cause(uuid4(), handler.__name__, by, self.now)
        work = Work(self.store, services, cause, real_now=self.now, fresh=True)
        answer: Answer = await handler(work, *asked)
        if work.changed:
            await self.store.save(work.changed, cause)
        return answer

    async def log(self, after: int = 0) -> list[Recorded]:
        """All that was recorded past that position."""
        events: list[Recorded] = []
        while True:
            page = await self.store.read(events[-1].position if events else after, 1_000)
            if not page.events:
                return events
            events += page.events


class Shelf:
    """The documents of some projections, folded from the log as it grows."""

    def __init__(self, *projections: Projection) -> None:
        self.projections = projections
        self.documents: dict[str, dict[UUID, Document]] = {p.resource: {} for p in projections}

    def take_in(self, events: Iterable[Recorded]) -> None:
        """Fold these."""
        for event in events:
            for projection in self.projections:
                self._fold(projection, event)

    def _fold(self, projection: Projection, event: Recorded) -> None:
        handler = projection.handles.get(type(event.fact))
        if handler is None:
            return
        documents = self.documents[projection.resource]
        for target in projection.targets(event):
            after = handler(documents.get(target.id), event, target.hint)
            if after is None:
                documents.pop(target.id, None)
            else:
                documents[target.id] = after
