"""A reservation and its nights, together: what becomes of the calendar when the reservation moves on.

The calendar is read fresh: a month remembered from before the nights were claimed would have nothing to give back, and
nothing written there would tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from commands.calendar_nights import calendar, claim_nights, earliest_last_night, release_nights, settle_nights
from commands.leaving import account, keep_open
from commands.ports import Wanted
from commands.work import Work
from domain.calendar_month import CalendarMonth
from domain.errors import NotThere, Refused
from domain.listing import Listing
from domain.reservation import PaymentConfirmation, Reservation
from domain.stay import Nights
from domain.user import User
from domain.zones import days_before, instant, local_date


async def confirm(work: Work, reservation: Reservation) -> None:
    """The hold becomes a booking. Raises WRONG_STATE."""
    await _read(work, reservation)
    reservation.confirm(at=work.at)
    await settle_nights(work, reservation.listing, reservation.id, reservation.stay.nights)


async def revive(work: Work, reservation: Reservation) -> bool:
    """After a late payment, and if nothing speaks against it, claim the nights of an expired reservation again.

    Answers whether it is confirmed now. If not (it has not expired or was to be accepted by the host, a night is taken,
    check-in is past, the listing is gone, or one of the parties), nothing is recorded.
    """
    stay = reservation.stay
    expired = reservation.status == "cancelled" and reservation.cancelled_by == "expired"
    if not expired or reservation.approval != "instant" or stay.nights.start < local_date(stay.zone, work.at):
        return False
    if await _somebody_left(work, reservation):
        return False
    await work.load(Listing, reservation.listing, fresh=True)
    await _read(work, reservation)
    try:
        await claim_nights(work, reservation.listing, reservation.id, stay.nights, "booking")
    except (NotThere, Refused):
        return False
    for party in (reservation.guest, reservation.host):
        await keep_open(work, party)
    reservation.revive(at=work.at)
    return True


async def _somebody_left(work: Work, reservation: Reservation) -> bool:
    """Has guest or host closed their account? Nothing kept them from it while the reservation was over."""
    parties = (reservation.guest, reservation.host)
    await work.load_all(wanted for party in parties for wanted in account(party))
    users = [await work.load(User, party, fresh=True) for party in parties]
    return any(user.version and not user.active for user in users)


async def check_outs(work: Work, months: Iterable[CalendarMonth]) -> list[datetime]:
    """When those check out who have nights of these months and may be there still: by the times that were agreed with
    them, whatever the listing says by now.
    """
    since = earliest_last_night(work.at)
    last_nights: dict[UUID, date] = {}
    for month in months:
        last_nights |= {claim: night for claim, night in month.stays().items() if night >= since}
    await work.load_all(Wanted(Reservation, claim) for claim in last_nights)
    stays = [((await work.load(Reservation, claim)).stay, night) for claim, night in last_nights.items()]
    return [instant(stay.zone, days_before(night, -1), stay.check_out_time) for stay, night in stays]


async def expire(work: Work, reservation: Reservation, confirmation: PaymentConfirmation = "canceled") -> None:
    """The hold is over: the reservation is cancelled and its nights are free."""
    reservation.cancel(by="expired", at=work.at, refund=None, payment_confirmation=confirmation)
    await free(work, reservation)


async def free(work: Work, reservation: Reservation) -> None:
    """The nights not stayed are free again."""
    await _read(work, reservation)
    nights, stayed = reservation.stay.nights, 0
    if reservation.confirmed_at is not None:
        stayed = reservation.stay.nights_stayed(work.at)
    left = Nights(list(nights)[stayed], nights.end) if stayed < len(nights) else Nights(nights.end, nights.end)
    await release_nights(work, reservation.listing, reservation.id, left)


async def _read(work: Work, reservation: Reservation) -> None:
    await calendar(work, reservation.listing, reservation.stay.nights, fresh=True)
