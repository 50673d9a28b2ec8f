"""Quotes: what one fixes, of what, for how long, and that asking for one records nothing."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.actor import NOBODY, Actor
from domain.errors import Invalid, Refused
from tests.commands.booking import (
    GUEST,
    HOST,
    refusal,
    stay,
)
from tests.commands.marketplace import Marketplace, money, somebody


async def test_a_quote_fixes_the_price_and_not_the_nights(market: Marketplace) -> None:
    listing = await market.listing(HOST)
    asked = stay(market, listing)
    quoted = await market.quote(NOBODY, **asked)
    await market.ask("updateListing", HOST, listingId=listing["id"], pricePerNight=200)
    assert (await refusal(market, **asked, totalPrice=quoted["totalPrice"])).rule == "PRICE_DIFFERS"
    made = await market.ask("createReservation", GUEST, **asked, quoteId=quoted["quoteId"], totalPrice=341.97)
    assert money(made["totalPrice"]) == money("341.97")
    again = await refusal(market, somebody(), **asked, quoteId=quoted["quoteId"])
    assert again.rule == "NIGHTS_TAKEN"


async def test_a_quote_is_good_for_what_it_was_made_for(market: Marketplace) -> None:
    listing, other = await market.listing(HOST), await market.listing(HOST)
    asked = stay(market, listing)
    quoted = await market.quote(**asked)
    for over in (
        {"listingId": other["id"]},
        {"checkIn": market.day(31)},
        {"checkOut": market.day(32)},
        {"guestCount": 2},
    ):
        found = await refusal(market, **(asked | over), quoteId=quoted["quoteId"])
        assert found.rule == "QUOTE_MISMATCH"
        right = found.detail["quote"]
        made = await market.ask("createReservation", somebody(), **(asked | over), quoteId=right["quoteId"])
        await market.ask("deleteReservation", Actor(UUID(made["guestId"]), "user"), reservationId=made["id"])


async def test_a_quote_lasts_15_minutes(market: Marketplace) -> None:
    listing = await market.listing(HOST)
    asked = stay(market, listing)
    quoted = await market.quote(**asked)
    made_at = datetime.fromisoformat(quoted["expiresAt"]) - timedelta(minutes=15)
    assert abs(market.now - made_at) < timedelta(minutes=1)
    with pytest.raises(Refused) as refused:
        await market.answered(
            "createReservation", GUEST, at=made_at + timedelta(minutes=16), **asked, quoteId=quoted["quoteId"]
        )
    assert refused.value.rule == "QUOTE_EXPIRED"
    right = refused.value.detail["quote"]
    assert (await market.ask("createReservation", GUEST, **asked, quoteId=right["quoteId"]))[
        "bookingStatus"
    ] == "pending"


async def test_a_quote_that_nobody_made_is_malformed(market: Marketplace) -> None:
    listing = await market.listing(HOST)
    asked = stay(market, listing)
    quoted = (await market.quote(**asked))["quoteId"]
    head, body, sign = quoted.split(".")
    for forged in (f"{head}.{body}x.{sign}", f"{head}.{body}.{sign[:-4]}AAAA", quoted[:-1], "", "a.b.c"):
        with pytest.raises(Invalid):
            await market.ask("createReservation", GUEST, **asked, quoteId=forged)


async def test_asking_for_a_quote_records_nothing(market: Marketplace) -> None:
    asked = stay(market, await market.listing(HOST))
    before = await market.product.store.end()
    await market.quote(**asked)
    assert await market.product.store.end() == before
