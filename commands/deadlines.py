"""What the clock does to stays. Each may come late or again: it then finds nothing to do."""

from __future__ import annotations

from commands.booking_steps import expire_now
from commands.ports import Answer
from commands.registry import Command
from commands.reviews import open_window
from commands.wire import Id, Message
from commands.work import Work
from domain.access import Nobody
from domain.reservation import Reservation
from domain.review_window import Parties


class Due(Message):
    """Something about a reservation is due."""

    subject: Id


async def expire_hold(work: Work, m: Due) -> Answer:
    """Nobody paid or accepted in time: the nights are free again."""
    reservation = await work.load(Reservation, m.subject)
    if reservation.lapsed_at(work.at):
        await expire_now(work, reservation)
    return Answer()


async def complete_stay(work: Work, m: Due) -> Answer:
    """The guests have checked out: from now on, for a while, both sides may review."""
    reservation = await work.load(Reservation, m.subject)
    if reservation.over_at(work.at):
        reservation.complete(at=work.at)
        parties = Parties(reservation.guest, reservation.host, reservation.listing)
        await open_window(work, reservation.id, parties, reservation.check_out_at + work.services.terms.review_window)
    return Answer()


COMMANDS: tuple[Command, ...] = (
    Command("expireHold", "Cancels a reservation whose hold is over.", Due, expire_hold, who=Nobody()),
    Command(
        "completeStay", "Completes a stay at check-out and opens it for reviews.", Due, complete_stay, who=Nobody()
    ),
)
