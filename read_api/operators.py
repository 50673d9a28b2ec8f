"""Operators, bare as their reference shows them, and the feed by which outside systems keep in step with them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.actor import Actor
from domain.errors import Invalid, NotThere, Refused
from domain.resources.operators import OPERATOR
from projections.operators import OPERATOR_FEED, TYPES
from projections.projection import Document
from read_api.lists import USUAL_SORT, Parameters
from read_api.ports import FeedStore, ReadStore
from read_api.query import Query

CONTEXTS = ("INTEGRATIONS",)
FARTHEST = 10**12
"""A page number past this is as empty as this one."""
_PASSED_OVER = frozenset({"requestId", "access_token"})
_SHOWN = ("id", *(field.name for field in OPERATOR.fields if field.shown))


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one answer holds, and how long it may be waited for."""

    page: int = 100
    page_most: int = 1_000
    entries: int = 1_000
    entries_most: int = 10_000
    wait_most: float = 30.0
    """Seconds."""


class OperatorReads:
    """What can be asked of operators. Who may ask at all is for the edge to say (`OPERATOR.sees`)."""

    def __init__(self, documents: ReadStore, feeds: FeedStore, limits: Limits = Limits()) -> None:
        self.documents = documents
        self.feeds = feeds
        self.limits = limits

    async def one(self, id: UUID, actor: Actor) -> Document:
        """One operator. Raises NotThere."""
        found = await self.documents.get(OPERATOR, id, actor)
        if found is None:
            raise NotThere("operator")
        return bare(found)

    async def page(self, parameters: Parameters, actor: Actor) -> dict[str, Any]:
        """One page of operators, the newest first. Raises Invalid."""
        asked = Asked(parameters, ("pageNumber", "pageSize"))
        number = asked.whole("pageNumber", 1)
        size = asked.whole("pageSize", self.limits.page, self.limits.page_most)
        asked.done()
        found = await self.documents.page(Query(OPERATOR, USUAL_SORT, page=min(number, FARTHEST), rows=size), actor)
        operators = [bare(document) for document in found.documents]
        pages = -(-found.total // size)
        return {
            "listElement": operators,
            "totalElement": found.total,
            "items": operators,
            "totalItems": found.total,
            "pageNumber": number,
            "totalPages": pages,
            "pageSize": size,
            "nextPage": number + 1 if number < pages else None,
        }

    async def synchronization(self, parameters: Parameters) -> dict[str, Any]:
        """The feed from `startId` on, and where to read on. Waits, if asked to, for there to be something.

        Raises Invalid, and START_ID_AHEAD for a number that the feed has not come to: nobody skips unseen.
        """
        asked = Asked(parameters, ("startId", "numberOfEvents", "eventTypes", "contexts", "wait"))
        start = asked.whole("startId", 1)
        limit = asked.whole("numberOfEvents", self.limits.entries, self.limits.entries_most)
        types = asked.some_of("eventTypes", TYPES)
        asked.some_of("contexts", CONTEXTS)
        wait = asked.seconds("wait", self.limits.wait_most)
        asked.done()
        page = await self.feeds.entries(OPERATOR_FEED.name, min(start, FARTHEST), limit)
        if start > page.head + 1:
            raise Refused(
                "START_ID_AHEAD",
                f"The feed ends with entry {page.head}: the furthest startId is {page.head + 1}.",
                head=page.head,
            )
        if not page.rows and wait:
            await self.feeds.wait_beyond(OPERATOR_FEED.name, start - 1, wait)
            page = await self.feeds.entries(OPERATOR_FEED.name, start, limit)
        return {
            "nextId": page.rows[-1].id + 1 if page.rows else start,
            "events": [{"operatorId": row.subject, "type": row.type} for row in page.rows if row.type in types],
        }


class Asked:
    """The parameters of one request: read one by one, what is wrong with them said of all at once by `done`."""

    def __init__(self, parameters: Parameters, known: Iterable[str]) -> None:
        self.values: dict[str, list[str]] = {}
        for name, value in parameters:
            self.values.setdefault(name, []).append(value)
        unknown = self.values.keys() - {*known} - _PASSED_OVER
        self.problems = {name[:100]: "is not a parameter here" for name in sorted(unknown)}

    def done(self) -> None:
        """Raises Invalid, naming every parameter that does not fit."""
        if self.problems:
            raise Invalid(self.problems)

    def whole(self, name: str, otherwise: int, most: int | None = None) -> int:
        """A whole number from 1 on."""
        text = self._one(name)
        if text is None:
            return otherwise
        number = int(text) if re.fullmatch(r"[0-9]{1,30}", text) else 0
        if number < 1 or (most is not None and number > most):
            self.problems[name] = "is not a whole number from 1" + (f" to {most}" if most is not None else "")
        return number

    def seconds(self, name: str, most: float) -> float:
        """A number of seconds from 0 on."""
        text = self._one(name)
        if text is None:
            return 0.0
        number = Decimal(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else Decimal(-1)
        if not 0 <= number <= Decimal(str(most)):
            self.problems[name] = f"is not a number of seconds from 0 to {most:g}"
        return float(number)

    def some_of(self, name: str, known: tuple[str, ...]) -> frozenset[str]:
        """Some of the known values, repeated or separated by commas; all of them if none is named."""
        if name not in self.values:
            return frozenset(known)
        named = {part.strip() for value in self.values[name] for part in value.split(",")}
        if not named <= {*known}:
            self.problems[name] = "is not of " + ", ".join(known)
        return frozenset(named)

    def _one(self, name: str) -> str | None:
        values = self.values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            self.problems[name] = "may be given once"
        return values[0]


def bare(document: Document) -> Document:
    """An operator as its reference shows it, without what every resource carries."""
    return {name: document.get(name) for name in _SHOWN}
