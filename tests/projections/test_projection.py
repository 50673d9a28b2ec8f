"""From facts to documents, one step at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from domain.kernel import Aggregate, Fact, Recorded, event
from projections.projection import (
    Document,
    Projection,
    Target,
    born,
    changed,
    fold,
    instant,
    on,
    only_itself,
    own_stream,
    steps,
)

AT = datetime(2026, 3, 18, 12, tzinfo=UTC)
STREAM = UUID(int=7)


class Lamp(Aggregate):
    TOPIC = "lamp"

    class Event(Aggregate.Event):
        TOPIC = "lamp.event"

    @event("Hung", topic="lamp.hung.v1")
    def hang(self) -> None:
        self.is_lit = False

    @event("Lit", topic="lamp.lit.v1")
    def light(self) -> None:
        self.is_lit = True

    @event("Fell", topic="lamp.fell.v1")
    def fall(self) -> None:
        self.is_lit = False


def _hung(_: Document | None, e: Recorded, __: Any) -> Document:
    return born(e, lit=False)


def _lit(document: Document | None, e: Recorded, _: Any) -> Document:
    return changed(document, e, lit=True)


def _fell(_: Document | None, __: Recorded, ___: Any) -> None:
    return None


LAMPS = Projection("lamp", on(Lamp, Hung=_hung, Lit=_lit, Fell=_fell))


def life(*does: str) -> list[Recorded]:
    lamp = Lamp.at(STREAM)
    for what in does:
        getattr(lamp, what)()
    facts: list[Fact] = lamp.pending_events  # type: ignore[assignment]
    return [
        Recorded(n, f, AT + timedelta(seconds=n), None, "system", UUID(int=n), "do") for n, f in enumerate(facts, 1)
    ]


def test_a_document_is_what_its_events_made_of_it() -> None:
    assert fold(LAMPS, None, life("hang", "light"), STREAM) == {
        "id": str(STREAM),
        "lit": True,
        "isActive": True,
        "recordVersion": 2,
        "createdAt": "2026-03-18T12:00:01.000Z",
        "updatedAt": "2026-03-18T12:00:02.000Z",
    }
    assert fold(LAMPS, None, life("hang", "fall"), STREAM) is None


def test_every_step_tells_what_was_before_and_after() -> None:
    told = [
        (s.event.position, s.before is None, s.after is None)
        for s in steps(LAMPS, None, life("hang", "light", "fall"), STREAM)
    ]
    assert told == [(1, True, False), (2, False, False), (3, False, True)]


def test_events_of_other_documents_and_unknown_ones_are_passed_over() -> None:
    assert list(steps(LAMPS, None, life("hang"), UUID(int=8))) == []
    deaf = Projection("lamp", on(Lamp, Hung=_hung))
    assert [s.event.position for s in steps(deaf, None, life("hang", "light"), STREAM)] == [1]


def test_a_handler_hears_the_hint_of_its_target() -> None:
    heard = []

    def hear(document: Document | None, _: Recorded, hint: Any) -> Document | None:
        heard.append(hint)
        return document

    projection = Projection(
        "lamp", on(Lamp, Hung=hear), targets=lambda e: [Target(e.stream, "left"), Target(e.stream, "right")]
    )
    fold(projection, None, life("hang"), STREAM)
    assert heard == ["left", "right"]


def test_a_change_to_what_is_not_there_is_an_error_that_names_the_event() -> None:
    (_, lit) = life("hang", "light")
    with pytest.raises(LookupError, match=r"lamp\.lit\.v1 at 2"):
        changed(None, lit)


def test_a_handler_for_an_event_that_the_aggregate_has_not_fails_at_once() -> None:
    with pytest.raises(AttributeError):
        on(Lamp, Exploded=_hung)


def test_instants_are_utc_with_milliseconds_and_order_as_text() -> None:
    there = timezone(timedelta(hours=2))
    moments = [
        datetime(5, 1, 1, tzinfo=UTC),
        AT,
        AT + timedelta(microseconds=1999),
        datetime(2026, 3, 18, 14, 1, tzinfo=there),
    ]
    texts = [instant(moment) for moment in moments]
    assert texts == [
        "0005-01-01T00:00:00.000Z",
        "2026-03-18T12:00:00.000Z",
        "2026-03-18T12:00:00.001Z",
        "2026-03-18T12:01:00.000Z",
    ]
    assert texts == sorted(texts)


def test_usually_a_stream_is_a_document() -> None:
    (hung,) = life("hang")
    assert [*own_stream(hung)] == [(STREAM, None)]
    assert only_itself({"id": str(STREAM)}) == (STREAM,)
