"""Histories, however long."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from domain.actor import Actor
from domain.kernel import Recorded
from domain.listing import Listing, Location, Offer
from domain.resources.catalog import LISTING
from projections.listings import LISTINGS
from projections.projection import Document, fold
from read_api.reads import Reads

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOST = Actor(uuid4(), "user")
LOFT = Offer("Loft", "1 Rue", "Bright", "loft", Location(0, 0, "UTC"), "EUR", 9_999, "instant")


class Known:
    """A listing with a past, as the store and the log have it: nobody waits for either."""

    def __init__(self, changes: int) -> None:
        listing = Listing.at(uuid4())
        listing.create(cast("UUID", HOST.id), LOFT, published=True)
        for n in range(changes):
            listing.change(replace(LOFT, title=f"Loft {n}"), published=True)
        self.id = listing.id
        self.events = [
            Recorded(n, fact, NOON, HOST.id, "user", uuid4(), "updateListing")
            for n, fact in enumerate(listing.pending_facts, start=1)
        ]

    async def get(self, *_: Any) -> Document | None:
        return fold(LISTINGS, None, self.events, self.id)

    async def parents(self, *_: Any, **__: Any) -> dict[str, bool]:
        return {}

    async def history(self, *_: Any) -> list[Recorded]:
        return self.events


@pytest.mark.parametrize("ask", ["history", "as_of"])
async def test_others_have_their_turn_while_a_long_life_is_told(ask: str) -> None:
    known = Known(changes=1_000)
    reads = Reads(cast("Any", known), known, {"listing": LISTINGS}, {"listing": LISTING}, lambda: NOON)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    meanwhile = asyncio.create_task(others())
    await asyncio.sleep(0)
    began = turns
    if ask == "history":
        told = await reads.history(LISTING, known.id, HOST)
        assert [entry["changes"].get("title") for entry in told] == ["Loft", *(f"Loft {n}" for n in range(1_000))]
    else:
        assert (await reads.as_of(LISTING, known.id, "2026-06-01T12:00:00Z", HOST))["title"] == "Loft 999"
    assert turns - began >= 10
    meanwhile.cancel()
