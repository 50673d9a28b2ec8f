"""A guest who pays for a stay, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.actor import Actor
from tests.commands.marketplace import Marketplace, somebody

HOST, GUEST = somebody(), somebody()
MINUTES = {n: timedelta(minutes=n) for n in (1, 5, 10, 11, 14, 15, 16, 20)}
ASKS = "pm_card_authenticationRequired"
WAITS = "pm_card_processing"
DECLINES = "pm_card_chargeDeclined"


async def held(market: Marketplace, *, manual: bool = False, ahead: int = 30, **over: Any) -> Any:
    """A reservation that is to be paid."""
    listing = await market.listing(HOST, approvalType="manual" if manual else "instant", **over)
    return await market.book(GUEST, listing, ahead)


async def started(market: Marketplace, reservation: Any, method: str = "pm_card_visa", **more: Any) -> dict[str, Any]:
    """All that starting a payment answers."""
    params = {"paymentMethodId": method} | more
    return await market.answered(
        "startReservationPayment", GUEST, reservationId=reservation["id"], paymentUserParams=params
    )


async def step(market: Marketplace, reservation: Any, status: str, by: Actor) -> Any:
    """Ask for the reservation's next step."""
    return await market.ask("updateReservation", by, reservationId=reservation["id"], bookingStatus=status)


async def called_off(market: Marketplace) -> Any:
    """A stay that its guest has paid and its host calls off."""
    reservation = await held(market)
    await started(market, reservation)
    return await step(market, reservation, "cancelled", HOST)


async def state(market: Marketplace, reservation: Any) -> tuple[str, str]:
    """What the reservation shows of itself and of its payment."""
    now = await market.reservation(reservation["id"])
    return now["bookingStatus"], now["paymentConfirmation"]
