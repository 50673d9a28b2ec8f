"""Traces by OpenTelemetry, sent to a collector by OTLP over HTTP."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from infra.log import Seldom
from infra.tracing.port import TRACEPARENT, Begun, Kind, Known, Value

KINDS: Mapping[Kind, SpanKind] = {
    "server": SpanKind.SERVER,
    "internal": SpanKind.INTERNAL,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
SEND_SECONDS = 3.0
"""That a collector may take for one parcel, attempts included."""
DELAY_SECONDS = 1.0
"""That what is told waits for more, at most."""
PATH = "/v1/traces"


EXPORTING = logging.getLogger(OTLPSpanExporter.__module__)


class _Seldom(logging.Filter):
    """A collector that is away is told of with every parcel: ever more seldom is enough."""

    def __init__(self) -> None:
        super().__init__()
        self._words = Seldom()

    def filter(self, record: logging.LogRecord) -> bool:
        """Is it time again?"""
        return self._words.times(record.name) > 0


class Collected:
    """What is told goes to a collector, in parcels, from a thread of its own. While it is away, what is told is lost.

    Args:
        endpoint: of the collector, such as `http://127.0.0.1:4318`.
        headers: sent with every parcel.
        sample: which share of the traces that begin here is told, 0 to 1. Who sends a traceparent decides for theirs.
        roles: of this process.
    """

    def __init__(self, endpoint: str, headers: Mapping[str, str], sample: float, roles: Iterable[str]) -> None:
        who = {
            "service.name": "innkeep",
            "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
            "innkeep.roles": ",".join(sorted(roles)),
        }
        # Nothing of it is global: two products in one process do not meet.
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(sample)), resource=Resource.create(who), shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(endpoint.rstrip("/") + PATH, headers=dict(headers), timeout=SEND_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=DELAY_SECONDS * 1000))
        self._tracer = self._provider.get_tracer("innkeep")
        self._seldom = _Seldom()
        EXPORTING.addFilter(self._seldom)
        self._spoken = TraceContextTextMapPropagator()

    def now(self) -> str | None:
        """As `Tracing`."""
        return self._told(trace.get_current_span())

    @contextmanager
    def span(self, name: str, kind: Kind, known: Known, *, parent: str | None = None) -> Iterator[Step]:
        """As `Tracing`."""
        above = self._context(parent) if parent else None
        # What an error says may tell of people: it stands in the log, which is guarded as the database is.
        with self._tracer.start_as_current_span(
            name, above, KINDS[kind], known, record_exception=False, set_status_on_exception=False
        ) as span:
            ids = span.get_span_context()
            with structlog.contextvars.bound_contextvars(
                trace_id=trace.format_trace_id(ids.trace_id), span_id=trace.format_span_id(ids.span_id)
            ):
                yield Step(span)

    def begin(self, name: str, kind: Kind, known: Known, *, parent: str, began: int | None = None) -> Begun:
        """As `Tracing`."""
        span = self._tracer.start_span(name, self._context(parent), KINDS[kind], known, start_time=began)
        return Begun(self._told(span) or parent, span.end)

    async def close(self) -> None:
        """As `Tracing`."""
        await asyncio.to_thread(self._provider.shutdown)
        EXPORTING.removeFilter(self._seldom)

    def _context(self, parent: str) -> Context:
        return self._spoken.extract({TRACEPARENT: parent}, Context())

    def _told(self, span: trace.Span) -> str | None:
        if not span.get_span_context().trace_flags.sampled:
            return None
        carrier: dict[str, str] = {}
        self._spoken.inject(carrier, trace.set_span_in_context(span, Context()))
        return carrier.get(TRACEPARENT)


class Step:
    """A span that is under way."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def say(self, name: str, value: Value) -> None:
        """As `Span`."""
        self._span.set_attribute(name, value)

    def failed(self, why: str) -> None:
        """As `Span`."""
        self._span.set_status(StatusCode.ERROR, why)
