"""Comparing the events in the code with those that may stand in a log already."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from domain.catalogue import AGGREGATES
from infra.event_store import Codec
from infra.event_store.upcasts import UPCASTS

FILE = Path(__file__).with_name("events.json")
HOW = "run `python -m tests.golden` and commit the file"

Golden = dict[str, Any]


def current() -> Codec:
    """The product's own events."""
    return Codec(AGGREGATES, UPCASTS)


def written() -> Golden:
    """What the code would write into the file."""
    golden: Golden = json.loads(json.dumps(current().golden()))
    return golden


def kept() -> Golden:
    """What the file has."""
    golden: Golden = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return golden


def broken(old: Mapping[str, Any], new: Mapping[str, Any], retired: Collection[str]) -> list[str]:
    """The promises to an existing log that the code does not keep, each in a sentence."""
    gone = [
        f"{name} can no longer be read. A log may hold it: keep the event, or say in infra/event_store/upcasts.py "
        "what it is read as now."
        for name in old
        if name not in new and name not in retired
    ]
    changed = [
        f"{name} has changed. What is stored under that name was written in the old form: leave it as it was, give the "
        "new form a new name (.v2), and an upcast from the old one."
        for name in old
        if name in new and new[name] != old[name]
    ]
    return gone + changed


def added(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The names that the file does not have yet."""
    return sorted(set(new) - set(old))


def update() -> list[str]:
    """Write the new names into the file, and answer them.

    Names once written stay, read by upcasts when they are retired. Raises ValueError if a promise is broken; nothing
    is written then.
    """
    old, new = kept(), written()
    problems = broken(old, new, current().retired)
    if problems:
        raise ValueError("\n".join(problems))
    lines = [f"{json.dumps(name)}: {json.dumps(form, sort_keys=True)}" for name, form in sorted((old | new).items())]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return added(old, new)
