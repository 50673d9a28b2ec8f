"""What is kept of conditions between searches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

import pytest

from domain.actor import NOBODY
from domain.terms import Terms
from infra.read_models.search.conditions import Conditions, kept
from infra.read_models.search.tables import Tables
from read_api.search.algebra import Condition
from read_api.search.filters import parse
from read_api.search.listing_index import LISTINGS
from read_api.search.listing_question import takes


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    kept.cache_clear()
    yield
    kept.cache_clear()


def written(condition: Condition) -> None:
    Conditions(Tables({}, LISTINGS, NOBODY))(condition)


def of_caller(values: Sequence[str]) -> Condition:
    return parse(LISTINGS, NOBODY, {"field": "location.timeZone", "operator": "eq", "values": list(values)})


def test_nothing_that_a_caller_writes_is_kept() -> None:
    """However many lists there are, and however long their texts, no memory is held by them."""
    for n in range(600):
        written(of_caller([f"{n} {'x' * 900}"] * 10))
    assert kept.cache_info().currsize == 0


def test_lists_of_time_zones_are_made_once() -> None:
    """Every search of guests with dates asks for all zones."""
    asked = takes(date(2031, 5, 8), datetime(2031, 5, 1, 12, tzinfo=UTC), Terms())
    written(asked)
    made = kept.cache_info().currsize
    written(asked)
    assert kept.cache_info().hits == kept.cache_info().currsize == made > 0
