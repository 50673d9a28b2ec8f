"""Traces: one from the request to the documents, seen by a real collector."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.search.conftest import STARTING_SECONDS, indexes_on
from tests.e2e.server import Server, until
from tests.e2e.world import World
from tests.infra.kafka.reader import read_all
from tests.services.collector import Collector, Told, collecting
from tests.services.kafka import KafkaServer, NotHere

SENT = "0af7651916cd43dd8448eb211c80319c"
ABOVE = "b7ad6b7169203331"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def traced(folders: Path, collector: Collector) -> Iterator[World]:
    server = Server(
        folders / "traced", {"TRACING_ENDPOINT": collector.endpoint, "TRACING_HEADERS": "authorization=Bearer abc"}
    )
    try:
        with World(server.start()) as world:
            yield world
    finally:
        server.stop()


def asked_to_list(world: World, trace: str, flags: str = "01") -> Any:
    """A listing is made by someone whose request is part of that trace."""
    host = world.person()
    host.headers["traceparent"] = f"00-{trace}-{ABOVE}-{flags}"
    return world.listing(host)


def the(spans: list[Told], name: str) -> Told:
    """The one span of that name."""
    (found,) = [span for span in spans if span.name == name]
    return found


def test_a_request_its_command_its_events_and_its_document_are_one_trace(traced: World, collector: Collector) -> None:
    """Each step stands below the one that caused it, under the span that the caller named."""
    asked_to_list(traced, SENT)
    until("the projector has told", lambda: any(s.name == "project listing" for s in collector.of(SENT)))
    spans = collector.of(SENT)
    request = the(spans, "POST /v1/listings")
    command, appended = the(spans, "command createListing"), the(spans, "append events")
    assert request.parent == ABOVE
    assert (command.parent, appended.parent) == (request.id, command.id)
    assert the(spans, "project listing").parent == appended.id
    assert appended.known["innkeep.events"].startswith("listing.created.")
    assert command.known["innkeep.outcome"] == "done"
    assert request.known["http.response.status_code"] == "201"
    assert collector.headers["authorization"] == "Bearer abc"


def test_log_lines_have_the_ids_of_trace_and_request(traced: World, collector: Collector) -> None:
    """From a line of the log to the trace and back."""
    trace = SENT.replace("0a", "1b")
    asked_to_list(traced, trace)
    lines = [json.loads(line) for line in traced.server.words().splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line.get("trace_id") == trace and line["path"] == "/v1/listings"]
    until("the request is told", lambda: any(s.name == "POST /v1/listings" for s in collector.of(trace)))
    request = the(collector.of(trace), "POST /v1/listings")
    assert line["span_id"] == request.id
    assert line["request_id"] == request.known["innkeep.request_id"]


def test_who_does_not_want_to_be_traced_is_not(traced: World, collector: Collector) -> None:
    """The caller's flag decides, for all that follows."""
    unwanted, wanted = SENT.replace("0a", "2c"), SENT.replace("0a", "3d")
    asked_to_list(traced, unwanted, flags="00")
    asked_to_list(traced, wanted)
    until("the later one is told", lambda: any(s.name == "project listing" for s in collector.of(wanted)))
    assert collector.of(unwanted) == []


def test_nonsense_in_the_header_begins_a_trace_of_its_own(traced: World, collector: Collector) -> None:
    """A header that is none is passed over, and nobody's request fails by it."""
    host = traced.person()
    host.headers["traceparent"] = "00-xyz-nothing"
    before = len(collector.spans)
    traced.listing(host)
    until("it is told", lambda: any(s.name == "POST /v1/listings" for s in collector.spans[before:]))
    request = next(span for span in collector.spans[before:] if span.name == "POST /v1/listings")
    assert request.parent == ""


@pytest.mark.timeout(400)
def test_the_trace_goes_on_through_kafka(folders: Path, collector: Collector) -> None:
    """Who reads a message finds the trace in its header, as a step of which theirs is the next."""
    try:
        kafka = KafkaServer(folders)
    except NotHere as lacking:
        pytest.skip(f"no Kafka to test with: {lacking}")
    kafka.start()
    settings = {"TRACING_ENDPOINT": collector.endpoint, "KAFKA_BOOTSTRAP_SERVERS": kafka.servers}
    server = Server(folders / "told", settings)
    trace = SENT.replace("0a", "4e")
    try:
        with World(server.start()) as world:
            listing = asked_to_list(world, trace)
        messages = [m for m in read_all(kafka.servers, "innkeep.log.listing", at_least=1) if m.key == listing["id"]]
        until("sending is told", lambda: any(s.name == "send innkeep.log.listing" for s in collector.of(trace)))
    finally:
        server.stop()
        kafka.kill()
    sent = the(collector.of(trace), "send innkeep.log.listing")
    assert sent.parent == the(collector.of(trace), "append events").id
    assert [message.trace for message in messages] == [f"00-{trace}-{sent.id}-01"]


@pytest.mark.timeout(STARTING_SECONDS)
def test_what_is_written_to_opensearch_is_part_of_the_trace(
    folders: Path, collector: Collector, opensearch: str
) -> None:
    """As what is written to PostgreSQL."""
    trace = SENT.replace("0a", "5f")
    with indexes_on(opensearch) as settings:
        server = Server(folders / "searched", settings | {"TRACING_ENDPOINT": collector.endpoint})
        try:
            with World(server.start()) as world:
                asked_to_list(world, trace)
                until("the indexer has told", lambda: any(s.name == "index listing" for s in collector.of(trace)), 60)
        finally:
            server.stop()
    assert the(collector.of(trace), "index listing").parent == the(collector.of(trace), "append events").id


def test_who_traces_nothing_does_not_load_what_traces() -> None:
    """Off, it costs no import."""
    loaded = "import sys, infra.cli.serving; print('opentelemetry.sdk' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.strip() == "False"
