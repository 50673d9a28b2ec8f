"""What has to hold before an account may close, and what goes with it."""

from __future__ import annotations

import asyncio
from uuid import UUID

from commands.calendar_nights import months_to_come
from commands.ports import Wanted
from commands.work import Work
from domain.calendar_month import CalendarMonth
from domain.claim import Claim
from domain.errors import Refused
from domain.listing import Listing
from domain.super_admins import THE_SUPER_ADMINS, SuperAdmins
from domain.user import EMAIL_CLAIM, User

OPEN = ("pending", "confirmed")

CLOSING = "account-closing"
"""The kind of claim that goes from hand to hand until an account closes, which keeps it."""


def account(user: UUID) -> tuple[Wanted, Wanted]:
    """An account and its closing, as the log has both at one moment."""
    return Wanted(User, user, fresh=True), Wanted(Claim, Claim.id_of(CLOSING, str(user)), fresh=True)


async def keep_open(work: Work, user: UUID) -> None:
    """For what an account leaves none of behind, such as a published listing: it writes where the closing writes, so
    that of the two, decided at the same moment, only one is recorded.

    Raises USER_GONE if the account is closed.
    """
    await _pass_closing(work, user, work.cause.id)


async def _pass_closing(work: Work, user: UUID, holder: UUID) -> None:
    closing = await work.load(Claim, Claim.id_of(CLOSING, str(user)))
    closing.pass_on(holder, user, "USER_GONE", "This account is closed.")


async def let_go(work: Work, user: User) -> None:
    """Free the e-mail address, unpublish the listings and close the calendars of those that were published, leave the
    superAdmins. Sessions and API keys need no word: they count for active users alone.

    Whoever claims nights at this very moment writes to one of the months that are closed, and only one of the two is
    recorded: what was claimed before they are read, the stays that are looked for afterwards have in them. So it is
    with what keeps an account open: the closing is read before all that it looks for.

    Raises USER_HAS_STAYS, LAST_SUPERADMIN.
    """
    await _pass_closing(work, user.id, user.id)
    listings, months = await _let(work, user.id)
    await _no_open_stays(work, user.id)
    if user.role == "superAdmin":
        roster = await work.load(SuperAdmins, THE_SUPER_ADMINS)
        roster.dismiss(user.id)
    claim = await work.load(Claim, Claim.id_of(EMAIL_CLAIM, user.email))
    claim.give_up(user.id)
    for listing in listings:
        listing.unpublish()
    for month in months:
        month.close()


async def _let(work: Work, host: UUID) -> tuple[list[Listing], list[CalendarMonth]]:
    """Their listings, and the months in which nights of those could be booked."""
    found = await work.services.documents.select("listing", hostId=str(host), isActive=True)
    await work.load_all(Wanted(Listing, UUID(one["id"])) for one in found)
    listings = [await work.load(Listing, UUID(one["id"])) for one in found]
    listings = [listing for listing in listings if listing.exists]
    published = [listing for listing in listings if listing.published]  # nothing is booked at the others
    return listings, [month for listing in published for month in await months_to_come(work, listing)]


async def _no_open_stays(work: Work, user: UUID) -> None:
    select = work.services.documents.select
    stays = await asyncio.gather(
        *(
            select("reservation", **{side: str(user)}, bookingStatus=status)
            for side in ("guestId", "hostId")
            for status in OPEN
        )
    )
    found = sorted({stay["id"] for some in stays for stay in some})
    if found:
        raise Refused(
            "USER_HAS_STAYS",
            "There are pending or confirmed reservations: they have to be completed or cancelled first.",
            reservationIds=found,
        )
