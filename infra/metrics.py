"""What the product counts of itself, for Prometheus: of this process, and of the read models whoever fills them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from commands.bus import Ask, Bus, Done
from commands.ports import Unavailable
from commands.registry import Command
from commands.wire import Message
from domain.errors import DomainError
from infra.read_models.catalogue import ModelHealth

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SAVES = (1, 2, 4, 8, 16, 32, 64, 128, 200)

Observe = Callable[[int, float], None]
"""Hears of a request: its status, and how many seconds it took."""


class Metrics:
    """The counts of one process. They begin at nothing with it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "innkeep_request_seconds",
            "Requests, by route (with or without its service's prefix), method and status.",
            ["method", "route", "status"],
            registry=self.registry,
            buckets=SECONDS,
        )
        self._commands = Counter(
            "innkeep_commands",
            "Commands, by name and outcome: done, replayed, or the code of the refusal.",
            ["command", "outcome"],
            registry=self.registry,
        )
        self._batches = Histogram(
            "innkeep_append_saves",
            "Saves that shared a transaction of the event store.",
            registry=self.registry,
            buckets=SAVES,
        )
        self._waiting = self._gauge("innkeep_append_waiting", "Saves that wait for a transaction of the event store.")
        self._up = self._gauge("innkeep_database_up", "1: the database answers; 0: the rest is what was known last.")
        self._head = self._gauge("innkeep_log_position", "The newest position of the log that is settled.")
        self._events = self._gauge("innkeep_read_model_lag_events", "Events that a read model has not taken in.")
        self._seconds = self._gauge("innkeep_read_model_lag_seconds", "How long ago the oldest of those was recorded.")
        self._well = self._gauge("innkeep_read_model_well", "1: it follows the log as it is declared; 0: it does not.")
        self._aside = self._gauge("innkeep_dead_letters", "Streams that a read model leaves out.")

    def request(self, method: str, route: str) -> Observe:
        """Counts the requests of one route."""
        of_status: dict[int, Histogram] = {}

        def observe(status: int, seconds: float) -> None:
            histogram = of_status.get(status)
            if histogram is None:
                histogram = of_status[status] = self._requests.labels(method, route, str(status))
            histogram.observe(seconds)

        return observe

    def command(self, name: str, outcome: str) -> None:
        """A command came to its end."""
        self._commands.labels(name, outcome).inc()

    def batch(self, saves: int) -> None:
        """So many saves shared a transaction."""
        self._batches.observe(saves)

    def text(self, waiting: int, found: tuple[int, Iterable[ModelHealth]] | None) -> bytes:
        """All of it, as Prometheus reads it, with how things are at this moment: the saves that wait, the log's
        position and the read models; None while the database does not answer.
        """
        self._waiting.set(waiting)
        self._up.set(found is not None)
        head, models = found or (None, ())
        if head is not None:
            self._head.set(head)
        for model in models:
            self._events.labels(model.name).set(model.events_behind)
            self._seconds.labels(model.name).set(model.seconds_behind)
            self._well.labels(model.name).set(model.well)
            self._aside.labels(model.name).set(model.dead_letters)
        return generate_latest(self.registry)

    def _gauge(self, name: str, what: str) -> Gauge:
        of_a_model = name.startswith(("innkeep_read_model", "innkeep_dead"))
        return Gauge(name, what, ["model"] if of_a_model else [], registry=self.registry)


class CountingBus(Bus):
    """A bus that counts what it runs."""

    metrics: Metrics

    async def run(self, command: Command, message: Message, ask: Ask) -> Done:
        """As every bus."""
        try:
            done = await super().run(command, message, ask)
        except (DomainError, Unavailable) as refused:
            self.metrics.command(command.name, getattr(refused, "code", "UNAVAILABLE"))
            raise
        except Exception:
            self.metrics.command(command.name, "INTERNAL")
            raise
        self.metrics.command(command.name, "replayed" if done.replayed else "done")
        return done
