"""What each projection looks at, as far as that is declared apart from its handlers."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.catalogue import AGGREGATES
from domain.kernel import Fact, Recorded
from infra.event_store.codec import aggregate_of, facts_of
from projections.catalogue import DEADLINES
from projections.operators import OPERATOR_FEED

FACTS = [(kind, fact) for kind in AGGREGATES for fact in facts_of(kind)]
NOTHING = UUID(int=0)


def happened(kind: type[Fact]) -> Recorded:
    """An event of which only the name is known: whoever looks further fails."""
    return Recorded(1, object.__new__(kind), datetime(2026, 1, 1, tzinfo=UTC), None, "system", NOTHING, "do")


@pytest.mark.parametrize("name", [fact.TOPIC for _, fact in FACTS])
def test_an_event_is_named_after_its_aggregate(name: str) -> None:
    """So that it is known which read models an event of a newer release may concern."""
    (kind,) = [kind for kind, fact in FACTS if name == fact.TOPIC]
    assert aggregate_of(name) == kind.TOPIC


def test_what_tells_of_no_event_of_an_aggregate_does_not_name_it() -> None:
    for declared, looks in ((DEADLINES.aggregates, DEADLINES.changes), (OPERATOR_FEED.aggregates, OPERATOR_FEED.entry)):
        assert declared is not None
        others = [fact for kind, fact in FACTS if kind.TOPIC not in declared]
        for fact in others:
            assert not [*(looks(happened(fact)) or ())], f"{fact.TOPIC} is looked at, and its aggregate not named"
