"""What becomes of a reservation: accepted, declined, called off, expired; the money follows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from uuid import UUID

from commands import payment_process, stays
from commands.ports import Answer
from commands.work import Work
from domain.errors import NotAllowed, Refused
from domain.reservation import CancelledBy, Reservation
from domain.resources.bookings import RESERVATION


async def expire_now(work: Work, reservation: Reservation) -> None:
    """The hold is over: void what was authorised, free the nights."""
    confirmation = await payment_process.unwind(work, reservation, expired=True)
    await stays.expire(work, reservation, confirmation)
    await payment_process.carry_out(work, reservation)


async def _accept(work: Work, reservation: Reservation) -> Answer:
    """The host takes the guest: what was authorised is captured."""
    _by_host(work, reservation, "accept")
    if await payment_process.accept(work, reservation):
        return Answer(RESERVATION.name, reservation.id)
    return Answer(
        status=402,
        extra={
            "errCode": "PAYMENT_DECLINED",
            "message": "The payment could not be captured: the reservation stays pending while the guest tries again.",
            "detail": {"reservationId": reservation.id, "holdExpiresAt": reservation.hold_expires_at},
        },
    )


async def _decline(work: Work, reservation: Reservation) -> Answer:
    """The host does not take the guest: what was authorised is voided."""
    _by_host(work, reservation, "decline")
    confirmation = await payment_process.unwind(work, reservation)
    reservation.decline(at=work.at, payment_confirmation=confirmation)
    await stays.free(work, reservation)
    await payment_process.carry_out(work, reservation)
    return Answer(RESERVATION.name, reservation.id)


async def cancel(work: Work, reservation: Reservation, *, deleted: bool = False) -> Answer:
    """Guest, host or admin call it off: the policy says what goes back. A hold that is over has expired instead."""
    if reservation.lapsed_at(work.at):
        await expire_now(work, reservation)
    elif reservation.status != "cancelled":
        by = _side(work, reservation)
        payment = await payment_process.ledger(work, reservation.id)
        refund = reservation.refund_for(by, work.at).at_most(payment.left)
        confirmation = await payment_process.unwind(work, reservation, refund)
        reservation.cancel(by=by, at=work.at, refund=refund, payment_confirmation=confirmation, deleted=deleted)
        await stays.free(work, reservation)
        await payment_process.carry_out(work, reservation)
    return Answer(RESERVATION.name, reservation.id)


async def _never(work: Work, reservation: Reservation) -> Answer:  # noqa: ARG001 - as every step
    """Nobody sets these by hand."""
    raise Refused(
        "WRONG_STATE",
        "A reservation begins as pending and is completed by the clock, at check-out.",
        bookingStatus=reservation.status,
    )


STEPS: Mapping[str, Callable[[Work, Reservation], Awaitable[Answer]]] = MappingProxyType(
    {"confirmed": _accept, "declined": _decline, "cancelled": cancel, "complete": _never, "pending": _never}
)
"""What each status asks for."""


def _by_host(work: Work, reservation: Reservation, what: str) -> None:
    """The host alone, while the hold lasts. Raises NotAllowed, WRONG_STATE, HOLD_EXPIRED."""
    if work.actor.id != reservation.host:
        raise NotAllowed(f"Only the host may {what} a reservation.")
    reservation.check_held(work.at)


def _side(work: Work, reservation: Reservation) -> CancelledBy:
    sides: dict[UUID | None, CancelledBy] = {reservation.guest: "guest", reservation.host: "host"}
    return sides.get(work.actor.id, "admin")
