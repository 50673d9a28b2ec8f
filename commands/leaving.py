"""What has to hold before an account may close, and what goes with it."""

from __future__ import annotations

import asyncio
from uuid import UUID

from commands.work import Work
from domain.claim import Claim
from domain.errors import Refused
from domain.listing import Listing
from domain.super_admins import THE_SUPER_ADMINS, SuperAdmins
from domain.user import EMAIL_CLAIM, User

OPEN = ("pending", "confirmed")


async def let_go(work: Work, user: User) -> None:
    """Free the e-mail address, unpublish the listings, leave the superAdmins. Sessions and API keys need no word:
    they count for active users alone.

    Raises USER_HAS_STAYS, LAST_SUPERADMIN.
    """
    await _no_open_stays(work, user.id)
    if user.role == "superAdmin":
        roster = await work.load(SuperAdmins, THE_SUPER_ADMINS)
        roster.dismiss(user.id)
    claim = await work.load(Claim, Claim.id_of(EMAIL_CLAIM, user.email))
    claim.give_up(user.id)
    published = await work.services.documents.select("listing", hostId=str(user.id), isPublished=True, isActive=True)
    for listing in await asyncio.gather(*(work.load(Listing, UUID(found["id"])) for found in published)):
        listing.unpublish()


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
