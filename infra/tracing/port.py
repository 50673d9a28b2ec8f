"""What the product says of its work to those who look into it step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple, Protocol

Kind = Literal["server", "internal", "client", "producer", "consumer"]
"""As OpenTelemetry tells spans apart."""
Value = str | int | float | bool
Known = Mapping[str, Value]
TRACEPARENT = "traceparent"
"""The name of the header, in HTTP and on Kafka."""


class Span(Protocol):
    """A step that is under way."""

    def say(self, name: str, value: Value) -> None:
        """What is known of it now."""
        ...

    def failed(self, why: str) -> None:
        """It did not do what it should."""
        ...


class Begun(NamedTuple):
    """A step that ends when it is said; one that is never ended is not told."""

    traceparent: str
    end: Callable[[], None]


class Tracing(Protocol):
    """Where steps are told. What is told says nothing of people, and no secrets."""

    def now(self) -> str | None:
        """The W3C traceparent of the step that is under way here; None if there is none, or nobody wants to know."""
        ...

    def span(self, name: str, kind: Kind, known: Known, *, parent: str | None = None) -> AbstractContextManager[Span]:
        """A step that lasts as long as the block: of the trace of `parent`, else of what is under way here, else the
        first of a trace. Log lines meanwhile have its ids.
        """
        ...

    def begin(self, name: str, kind: Kind, known: Known, *, parent: str, began: int | None = None) -> Begun:
        """A step of that trace that begins now, or began at that time (nanoseconds since 1970)."""
        ...

    async def close(self) -> None:
        """Send what is not sent yet, for a few seconds at most."""
        ...
