"""Guests who ask for a stay, and who says what becomes of it."""

from datetime import timedelta
from typing import Any

import pytest

from domain.actor import Actor
from domain.errors import Refused
from tests.commands.marketplace import Marketplace, somebody

HOST, GUEST, STRANGER = somebody(), somebody(), somebody()
ADMIN, MODERATOR = somebody("admin"), somebody("moderator")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def refusal(market: Marketplace, by: Actor = GUEST, /, **asked: Any) -> Refused:
    """Why a reservation is refused."""
    with pytest.raises(Refused) as refused:
        await market.ask("createReservation", by, **asked)
    return refused.value


def stay(market: Marketplace, listing: dict[str, Any], ahead: int = 30, nights: int = 3, **over: Any) -> dict[str, Any]:
    dates = {"checkIn": market.day(ahead), "checkOut": market.day(ahead + nights)}
    return {"listingId": listing["id"], "guestCount": 1} | dates | over


async def asked(market: Marketplace, ahead: int = 30, nights: int = 3, **over: Any) -> dict[str, Any]:
    """A request for a stay at a new listing."""
    listing = await market.listing(HOST, **over)
    found: dict[str, Any] = await market.book(GUEST, listing, ahead, nights)
    return found


async def paid(market: Marketplace, ahead: int = 30, nights: int = 3, **over: Any) -> dict[str, Any]:
    """One that is paid for: confirmed, or authorised where the host decides."""
    found: dict[str, Any] = await market.pay(GUEST, await asked(market, ahead, nights, **over))
    return found


async def step(market: Marketplace, by: Actor, reservation: dict[str, Any], status: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = await market.ask(
        "updateReservation", by, reservationId=reservation["id"], bookingStatus=status, **more
    )
    return found


async def refused(market: Marketplace, by: Actor, reservation: dict[str, Any], status: str) -> str:
    with pytest.raises(Refused) as refusal:
        await step(market, by, reservation, status)
    return refusal.value.rule


async def free(market: Marketplace, reservation: dict[str, Any], ahead: int = 30, nights: int = 3) -> bool:
    """Whether somebody else could have those nights."""
    dates: dict[str, Any] = {"checkIn": market.day(ahead), "checkOut": market.day(ahead + nights)}
    try:
        await market.quote(listingId=reservation["listingId"], guestCount=1, **dates)
    except Refused as refusal:
        if refusal.rule != "NIGHTS_TAKEN":
            raise
        return False
    return True
