"""A resource's history: who did what to it, when; and its state as of a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable
from typing import Any, TypeVar
from uuid import UUID

from domain.actor import Actor
from domain.kernel import Recorded
from domain.resource import Resource
from projections.projection import Document, Projection, Step, instant, steps
from read_api.shown import shown

T = TypeVar("T")
Entry = dict[str, Any]
AT_ONCE = 50
"""Events of a life that are told before others have their turn."""

_VERSION = re.compile(r"\.v[0-9]+$")
_MARKS = frozenset({"recordVersion", "updatedAt"})
"""Fields that every change changes: they tell that there was one, not what it was."""


async def unhurried(items: Iterable[T]) -> AsyncGenerator[T, None]:
    """Each of these; others have their turn in between, as whoever writes much makes long histories."""
    for n, item in enumerate(items, start=1):
        yield item
        if n % AT_ONCE == 0:
            await asyncio.sleep(0)


async def last_known(
    resource: Resource, projection: Projection, events: Iterable[Recorded], id: UUID
) -> tuple[Document | None, bool]:
    """The last document that the events made, and whether it is there still: neither ended nor deleted."""
    known: Document | None = None
    there = False
    async for step in unhurried(steps(projection, None, events, id)):
        there = step.after is not None and (resource.keeps_deleted or step.after.get(resource.alive) is not False)
        known = step.after if step.after is not None else known
    return known, there


async def entries(resource: Resource, life: Iterable[Step], actor: Actor, parents: dict[str, bool]) -> list[Entry]:
    """What happened to one document, as far as this caller can see that something did.

    An event that changes nothing they see, not even the document's version, is no entry: its mere existence may be
    what is kept from them.
    """
    untold = _MARKS | {field.name for field in resource.fields if field.timeless}
    told = []
    after: Document = {}
    async for step in unhurried(life):
        before, after = after, {} if step.after is None else shown(resource, step.after | parents, actor)
        if not _differ(before, after, untold - _MARKS):
            continue
        told.append(
            {
                "event": _VERSION.sub("", step.event.name),
                "at": instant(step.event.at),
                "actorId": str(step.event.actor) if step.event.actor else None,
                "role": step.event.role,
                "command": step.event.command_name,
                "recordVersion": after.get("recordVersion"),
                "changes": {
                    name: after.get(name)
                    for name in (after or before)
                    if name not in untold and before.get(name) != after.get(name)
                },
            }
        )
    return told


def _differ(before: Document, after: Document, save: frozenset[str]) -> bool:
    """Do they differ in anything save these fields?"""
    return any(before.get(name) != after.get(name) for name in before.keys() | after.keys() if name not in save)
