"""Every event of the product comes back from the log as it was recorded."""

from __future__ import annotations

from dataclasses import fields
from inspect import signature
from typing import get_type_hints

import pytest
from eventsourcing.domain import decorated_funcs
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel import Fact
from infra.event_store.codec import ENVELOPE
from tests.golden.events import current
from tests.infra.event_store.values import values_of

CODEC = current()


@pytest.mark.parametrize("name", sorted(CODEC.facts))
def test_comes_back_as_it_was(name: str) -> None:
    fact = CODEC.facts[name]
    hints = get_type_hints(fact)
    own = {field.name: values_of(hints[field.name]) for field in fields(fact) if field.name not in ENVELOPE}

    @settings(max_examples=25)
    @given(st.builds(fact, originator_id=st.uuids(), originator_version=st.integers(1, 1000), **own))
    def comes_back(written: Fact) -> None:
        read = CODEC.decode(*CODEC.encode(written))
        assert type(read) is fact
        assert vars(read) == vars(written)

    comes_back()


@pytest.mark.parametrize("name", sorted(CODEC.facts))
def test_is_applied_by_a_method_that_takes_all_of_it(name: str) -> None:
    """So nothing has to be looked up, or left out, when it is."""
    fact = CODEC.facts[name]
    own = {field.name for field in fields(fact)} - ENVELOPE
    assert own == {*signature(decorated_funcs[fact]).parameters} - {"self"}
