"""Commands and what they record, as steps of a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from commands.bus import Ask, Done
from commands.ports import Cause, EventStore, Unavailable
from commands.registry import Command
from commands.services import Services
from commands.wire import Message
from domain.errors import DomainError
from domain.kernel import Aggregate
from infra.event_store import PostgresEventStore
from infra.metrics import CountingBus, Metrics
from infra.tracing.port import Tracing

OUTCOME = "innkeep.outcome"


class TracedBus(CountingBus):
    """A bus whose commands are steps."""

    tracing: Tracing

    async def run(self, command: Command, message: Message, ask: Ask) -> Done:
        """As every bus."""
        known = {"innkeep.command": command.name, "innkeep.request_id": ask.request_id, "innkeep.role": ask.actor.role}
        with self.tracing.span(f"command {command.name}", "internal", known) as span:
            try:
                done = await super().run(command, message, ask)
            except DomainError as refused:
                span.say(OUTCOME, refused.code)
                raise
            except Exception as error:
                span.say(OUTCOME, "UNAVAILABLE" if isinstance(error, Unavailable) else "INTERNAL")
                span.failed(type(error).__name__)
                raise
            span.say(OUTCOME, "replayed" if done.replayed else "done")
            span.say("innkeep.position", done.position)
            return done


class TracedEventStore(PostgresEventStore):
    """An event store whose saves are steps, and which keeps with each command what trace it is part of."""

    def __init__(self, *of_the_store: Any, tracing: Tracing, **more: Any) -> None:
        super().__init__(*of_the_store, **more)
        self._tracing = tracing
        self._commit.traced = tracing.now

    async def save(self, aggregates: Sequence[Aggregate], cause: Cause) -> int:
        """As every event store."""
        names = [fact.TOPIC for aggregate in aggregates for fact in aggregate.pending_facts]
        known = {"db.system.name": "postgresql", "innkeep.events": ",".join(names)}
        with self._tracing.span("append events", "client", known) as span:
            position = await super().save(aggregates, cause)
            span.say("innkeep.position", position)
            return position


def counting_bus(
    store: EventStore, services: Services, metrics: Metrics, patience: float, tracing: Tracing | None
) -> CountingBus:
    """The product's bus; its commands are steps where somebody wants to know them."""
    if tracing is None:
        bus = CountingBus(store, services, patience=patience)
    else:
        bus = TracedBus(store, services, patience=patience)
        bus.tracing = tracing
    bus.metrics = metrics
    return bus
