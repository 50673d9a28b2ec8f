"""An average's past: what each published review made of it, as of every time, and nothing of those that are sealed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.actor import NOBODY, SYSTEM, Actor
from domain.errors import NotThere
from tests.commands.marketplace import Marketplace, open_marketplace, somebody

HOST, MODERATOR = somebody(), somebody("moderator")


@pytest.fixture
async def market(database: str) -> AsyncIterator[Marketplace]:
    async with open_marketplace(database) as market:
        yield market


async def stayed(market: Marketplace, listing: Any, guest: Actor, ahead: int) -> tuple[str, datetime]:
    """A complete stay at the listing, and when its guest left."""
    paid = await market.pay(guest, await market.book(guest, listing, ahead, 2))
    over = datetime.combine(date.fromisoformat(paid["checkOut"]), time(11), UTC)
    await market.answered("completeStay", SYSTEM, at=over, subject=paid["id"])
    return paid["id"], over


async def left(market: Marketplace, by: Actor, at: datetime, stay: str, about: str, rating: int) -> Any:
    """A review."""
    told = {"reservationId": stay, "revieweeType": about, "rating": rating, "reviewText": "Told at length."}
    return (await market.answered("createReview", by, at=at, **told))["shown"]


async def published(market: Marketplace, listing: Any, rating: int, ahead: int) -> tuple[Any, datetime]:
    """A review of the listing by a new guest, published as both sides are complete; and when it was."""
    guest = somebody()
    stay, over = await stayed(market, listing, guest, ahead)
    about_listing = await left(market, guest, over + timedelta(hours=1), stay, "listing", rating)
    await left(market, guest, over + timedelta(hours=2), stay, "host", 5)
    await left(market, HOST, over + timedelta(hours=3), stay, "guest", 5)
    return about_listing, over + timedelta(hours=3)


async def average_of(market: Marketplace, listing: Any, by: Actor = NOBODY) -> dict[str, Any]:
    """As a get shows it."""
    (found,) = await market.product.services.documents.select("reviewAggregate", revieweeId=listing["id"])
    shown = await market.get("reviewAggregate", found["id"], by)
    assert shown is not None
    return shown


async def as_of(market: Marketplace, id: str, at: datetime) -> tuple[int, str | None]:
    resource = market.product.resources["reviewAggregate"]
    then = await market.product.reads.as_of(resource, UUID(id), at.isoformat(), MODERATOR)
    return then["reviewCount"], None if then["averageRating"] is None else str(then["averageRating"])


async def test_each_review_that_counts_is_an_entry(market: Marketplace) -> None:
    listing = await market.listing(HOST)
    first, at_first = await published(market, listing, 4, 10)
    _, at_second = await published(market, listing, 5, 20)
    moderated = at_second + timedelta(hours=1)
    rejects = {"reviewId": first["id"], "moderationStatus": "rejected"}
    await market.answered("updateReview", MODERATOR, at=moderated, **rejects)
    average = await average_of(market, listing)
    assert (average["reviewCount"], str(average["averageRating"])) == (1, "5.00")

    resource = market.product.resources["reviewAggregate"]
    history = await market.product.reads.history(resource, UUID(average["id"]), MODERATOR)
    counts = [(entry["event"], entry["changes"].get("reviewCount")) for entry in history]
    assert counts == [("review.published", 1), ("review.published", 2), ("review.moderated", 1)]
    assert [entry["recordVersion"] for entry in history] == [1, 2, average["recordVersion"]]

    instants = (at_first, at_second - timedelta(minutes=1), at_second, moderated)
    assert [await as_of(market, average["id"], at) for at in instants] == [
        (1, "4.00"),
        (1, "4.00"),
        (2, "4.50"),
        (1, "5.00"),
    ]
    with pytest.raises(NotThere):
        await as_of(market, average["id"], at_first - timedelta(minutes=1))


async def test_a_sealed_review_is_in_no_past_of_it(market: Marketplace) -> None:
    listing = await market.listing(HOST)
    await published(market, listing, 4, 10)
    before = await average_of(market, listing)
    resource = market.product.resources["reviewAggregate"]
    past = await market.product.reads.history(resource, UUID(before["id"]), MODERATOR)
    guest = somebody()
    stay, over = await stayed(market, listing, guest, 20)
    await left(market, guest, over + timedelta(hours=1), stay, "listing", 1)
    assert await average_of(market, listing) == before
    assert await market.product.reads.history(resource, UUID(before["id"]), MODERATOR) == past
    assert await as_of(market, before["id"], over + timedelta(days=1)) == (1, "4.00")
