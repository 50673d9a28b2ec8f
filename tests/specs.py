"""given(history).when(decision).then(events or refusal): the form in which rules are written down.

given(Claim).having(lambda c: c.take(ANNA, "TAKEN")).when(lambda c: c.take(BEN, "TAKEN")).refused("TAKEN")
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

import pytest

from domain.errors import Invalid, Refused
from domain.kernel import Aggregate, Fact

A = TypeVar("A", bound=Aggregate)
STREAM = UUID("00000000-0000-7000-8000-000000000001")


def told(fact: Fact) -> tuple[str, dict[str, Any]]:
    """An event's stored name and its own fields."""
    own = {f.name: getattr(fact, f.name) for f in fields(fact) if f.name not in {"originator_id", "originator_version"}}
    return fact.TOPIC, own


@dataclass
class Spec(Generic[A]):
    """One rule: what happened before, what is asked, what comes of it."""

    kind: type[A]
    stream: UUID = STREAM
    history: tuple[Fact, ...] = ()
    decision: Callable[[A], object] | None = None

    def having(self, *decisions: Callable[[A], object]) -> Self:
        """What was decided before, replayed from its events alone."""
        aggregate = self.kind.at(self.stream, self.history)
        for decide in decisions:
            decide(aggregate)
        self.history = (*self.history, *aggregate.pending_events)  # type: ignore[arg-type]
        return self

    def when(self, decision: Callable[[A], object]) -> Self:
        """What is asked now."""
        self.decision = decision
        return self

    def _run(self) -> A:
        aggregate = self.kind.at(self.stream, self.history)
        assert self.decision is not None
        self.decision(aggregate)
        return aggregate

    def then(self, *names: str, **last: Any) -> A:
        """These events come of it, by stored name; `last` are fields of the last one.

        Answers the aggregate, replayed.
        """
        aggregate = self._run()
        events = [told(e) for e in aggregate.pending_events]  # type: ignore[arg-type]
        assert [name for name, _ in events] == list(names)
        if last:
            assert {k: events[-1][1][k] for k in last} == last
        replayed = self.kind.at(self.stream, (*self.history, *aggregate.pending_events))  # type: ignore[arg-type]
        state = {k: v for k, v in vars(aggregate).items() if k != "_pending_events"}
        assert {k: v for k, v in vars(replayed).items() if k != "_pending_events"} == state
        return replayed

    def nothing(self) -> A:
        """Nothing comes of it: what was asked for already holds."""
        return self.then()

    def refused(self, rule: str) -> Refused:
        """The rule of this name says no, and nothing changes."""
        with pytest.raises(Refused) as refusal:
            self._run()
        assert refusal.value.rule == rule
        return refusal.value

    def invalid(self, *names: str) -> Invalid:
        """The request is malformed in these fields."""
        with pytest.raises(Invalid) as invalid:
            self._run()
        assert set(names) <= set(invalid.value.detail["fields"])
        return invalid.value


def given(kind: type[A], *history: Fact, stream: UUID = STREAM) -> Spec[A]:
    """What has happened."""
    return Spec(kind, stream, history)
