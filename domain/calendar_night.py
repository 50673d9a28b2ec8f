"""A night of a calendar as a value: who has it, and what the host says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from domain.money import Money

ClaimKind = Literal["hold", "booking", "ical"]
"""What others claim nights for; the host's own claim is a `block`."""

STAYS = ("hold", "booking")
"""The claims that are somebody's stay."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose calendar it is, and where its dates are dates."""

    listing: UUID
    host: UUID
    zone: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What the host says of a night, beside whether it is to be had."""

    price: Money | None = None
    """Instead of the season's or the listing's."""
    min_stay: int | None = None
    """For an arrival on that night."""
    ical_url: str | None = None
    external_calendar_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """Who has a night, and what for: one at a time."""

    by: UUID
    kind: ClaimKind | Literal["block"]


@dataclass(frozen=True, slots=True)
class Night:
    """A night that is listed: it is claimed, or the host has said something of it. `version` counts its changes."""

    version: int = 0
    claim: Claimed | None = None
    entry: Entry | None = None


FREE = Night()


def claimed(nights: Mapping[date, Night], which: Iterable[date], claim: Claimed | None) -> dict[date, Night]:
    """The month once these nights are claimed so, or free again."""
    after = {}
    for n in which:
        before = nights.get(n, FREE)
        after[n] = Night(before.version + 1, claim, before.entry)
    return _with(nights, after)


def said(
    nights: Mapping[date, Night], which: Iterable[date], entry: Entry | None, block: Claimed | None
) -> dict[date, Night]:
    """The month once the host has said this of these nights: a stay's claim stays what it is."""
    after = {}
    for n in which:
        before = nights.get(n, FREE)
        others = before.claim is not None and before.claim.kind != "block"
        after[n] = Night(before.version + 1, before.claim if others else block, entry)
    return _with(nights, after)


def _with(nights: Mapping[date, Night], changed: Mapping[date, Night]) -> dict[date, Night]:
    """The month with these changed; a night that nobody has or speaks of is listed no more."""
    gone = {n for n, night in changed.items() if night.claim is None and night.entry is None}
    merged = {**nights, **changed}
    return {n: night for n, night in merged.items() if n not in gone} if gone else merged
