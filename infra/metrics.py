"""What a process counts of itself, for Prometheus. How things stand when it asks is in `infra.standing`."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from commands.bus import Ask, Bus, Done
from commands.ports import Unavailable
from commands.registry import Command
from commands.wire import Message
from domain.errors import DomainError

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SAVES = (1, 2, 4, 8, 16, 32, 64, 128, 200)

Observe = Callable[[int, float], None]
"""Hears of a request: its status, and how many seconds it took."""


class Metrics:
    """The counts of one process. They begin at nothing with it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
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
