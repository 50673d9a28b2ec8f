"""A collector of traces: takes OTLP over HTTP, and keeps the spans."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Told(NamedTuple):
    """One span, as it was sent."""

    name: str
    trace: str
    id: str
    parent: str
    known: dict[str, str]
    roles: str


class Collector:
    """What was sent so far."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.spans: list[Told] = []
        self.headers: dict[str, str] = {}

    def of(self, trace: str) -> list[Told]:
        """The spans of one trace."""
        return [span for span in self.spans if span.trace == trace]

    def take(self, body: bytes) -> None:
        """One parcel."""
        for found in ExportTraceServiceRequest.FromString(body).resource_spans:
            who = {attribute.key: attribute.value.string_value for attribute in found.resource.attributes}
            for span in (span for scope in found.scope_spans for span in scope.spans):
                known = {a.key: a.value.string_value or str(a.value.int_value) for a in span.attributes}
                ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                self.spans.append(Told(span.name, *ids, known, who["innkeep.roles"]))


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on loopback, while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            collector.headers = {name.lower(): value for name, value in self.headers.items()}
            collector.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """It keeps quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
