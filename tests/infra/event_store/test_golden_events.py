"""Stored names and their schemas are a contract with every log there is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.golden.events import HOW, added, broken, current, kept, written

NAME = re.compile(r"[a-z_]+(\.[a-z_]+)+\.v[1-9]\d*")
OLD: dict[str, Any] = {"a.done.v1": {"schema": 1}, "a.undone.v1": {"schema": 2}}


def test_what_a_log_may_hold_can_still_be_read() -> None:
    problems = broken(kept(), written(), current().retired)
    assert not problems, "\n".join(problems)


def test_every_event_stands_in_the_golden_file() -> None:
    new = added(kept(), written())
    assert not new, f"new events {', '.join(new)}: {HOW}"


def test_every_stored_name_says_what_happened_and_in_which_version() -> None:
    assert [name for name in current().facts if not NAME.fullmatch(name)] == []


@pytest.mark.parametrize(
    ("new", "retired", "says"),
    [
        (OLD, set(), None),
        (OLD | {"a.redone.v1": {}}, set(), None),
        ({"a.done.v1": {"schema": 1}}, set(), "a.undone.v1 can no longer be read"),
        ({"a.done.v1": {"schema": 1}}, {"a.undone.v1"}, None),
        (OLD | {"a.done.v1": {"schema": 3}}, set(), "a.done.v1 has changed"),
    ],
)
def test_names_may_be_added_and_retired_but_neither_changed_nor_forgotten(
    new: dict[str, Any], retired: set[str], says: str | None
) -> None:
    problems = broken(OLD, new, retired)
    assert [problem.startswith(says or "") for problem in problems] == ([True] if says else [])
