"""Retries of what is done about listings, their nights, and stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from domain.actor import SYSTEM
from tests.commands.house import LOFT
from tests.commands.retries.table import ANOTHER, Asked, Row, Town, check_out, hold_over


async def new_listing(town: Town) -> Asked:
    return Asked(town.host, LOFT)


async def listing_changed(town: Town) -> Asked:
    listing = await town.listing()
    return Asked(town.host, {"listingId": listing["id"], "title": "Garret", "isPublished": False})


async def listing_deleted(town: Town) -> Asked:
    return Asked(town.host, {"listingId": (await town.listing())["id"]})


async def one_night(town: Town) -> Asked:
    listing = await town.listing()
    return Asked(town.host, {"listingId": listing["id"], "date": town.market.day(9), "isAvailable": False})


async def range_of_nights(town: Town) -> Asked:
    night = await one_night(town)
    return Asked(town.host, night.body | {"dateTo": town.market.day(40)})


async def night_changed(town: Town) -> Asked:
    entry = await town.told("createListingCalendar", town.host, **(await one_night(town)).body)
    return Asked(town.host, {"listingCalendarId": entry["id"], "isAvailable": True, "priceOverride": 75})


async def night_deleted(town: Town) -> Asked:
    entry = await town.told("createListingCalendar", town.host, **(await one_night(town)).body)
    return Asked(town.host, {"listingCalendarId": entry["id"]})


async def new_amenity(town: Town) -> Asked:
    return Asked(town.admin, {"name": f"Sauna {uuid4().hex}", "iconUrl": "https://innkeep.example/sauna.svg"})


async def amenity(town: Town) -> str:
    made: dict[str, Any] = await town.told("createListingAmenity", town.admin, **(await new_amenity(town)).body)
    id: str = made["id"]
    return id


async def amenity_changed(town: Town) -> Asked:
    return Asked(town.admin, {"listingAmenityId": await amenity(town), "iconUrl": "https://innkeep.example/s.svg"})


async def amenity_deleted(town: Town) -> Asked:
    return Asked(town.admin, {"listingAmenityId": await amenity(town)})


async def new_text(town: Town) -> Asked:
    told = {"localizedTitle": "Grenier", "localizedDescription": "Sous le toit", "languageCode": "fr"}
    return Asked(town.host, told | {"listingId": (await town.listing())["id"]})


async def text_changed(town: Town) -> Asked:
    text = await town.told("createListingLocaleText", town.host, **(await new_text(town)).body)
    return Asked(town.host, {"listingLocaleTextId": text["id"], "localizedTitle": "Mansarde"})


async def text_deleted(town: Town) -> Asked:
    text = await town.told("createListingLocaleText", town.host, **(await new_text(town)).body)
    return Asked(town.host, {"listingLocaleTextId": text["id"]})


async def new_stay(town: Town) -> Asked:
    listing = await town.listing()
    day = town.market.day
    return Asked(town.guest, {"listingId": listing["id"], "checkIn": day(9), "checkOut": day(12), "guestCount": 1})


async def accepted(town: Town) -> Asked:
    waiting = await town.paid(approvalType="manual")
    return Asked(town.host, {"reservationId": waiting["id"], "bookingStatus": "confirmed"})


async def declined(town: Town) -> Asked:
    waiting = await town.paid(approvalType="manual")
    return Asked(town.host, {"reservationId": waiting["id"], "bookingStatus": "declined"})


async def called_off(town: Town) -> Asked:
    return Asked(town.guest, {"reservationId": (await town.paid())["id"], "bookingStatus": "cancelled"})


async def called_off_as_read(town: Town) -> Asked:
    """Its first part moves the version that was read."""
    paid = await town.paid()
    known = {"reservationId": paid["id"], "recordVersion": paid["recordVersion"]}
    return Asked(town.guest, known | {"bookingStatus": "cancelled"})


async def linked(town: Town) -> Asked:
    link = "https://innkeep.example/stays.ics"
    return Asked(town.host, {"reservationId": (await town.paid())["id"], "iCalExportUrl": link})


async def stay_deleted(town: Town) -> Asked:
    return Asked(town.guest, {"reservationId": (await town.paid())["id"]})


async def hold_lapsed(town: Town) -> Asked:
    held = await town.asked_for()
    return Asked(SYSTEM, {"subject": held["id"]}, hold_over(held))


async def authorised_hold_lapsed(town: Town) -> Asked:
    held = await town.paid(approvalType="manual")
    return Asked(SYSTEM, {"subject": held["id"]}, hold_over(held))


async def stay_over(town: Town) -> Asked:
    stay = await town.paid()
    return Asked(SYSTEM, {"subject": stay["id"]}, check_out(stay))


async def new_review(town: Town) -> Asked:
    stay, over = await town.stayed()
    told = {"reservationId": stay["id"], "revieweeType": "guest", "rating": 5, "reviewText": "Come again."}
    return Asked(town.host, told, over + timedelta(days=1))


async def review_edited(town: Town) -> Asked:
    review, at = await town.reviewed()
    return Asked(town.guest, {"reviewId": review["id"], "rating": 5, "reviewText": "Better than fine."}, at)


async def review_moderated(town: Town) -> Asked:
    review, at = await town.reviewed()
    return Asked(town.admin, {"reviewId": review["id"], "moderationStatus": "rejected"}, at)


async def review_deleted(town: Town) -> Asked:
    review, at = await town.reviewed()
    return Asked(town.guest, {"reviewId": review["id"]}, at)


async def reviews_closed(town: Town) -> Asked:
    review, at = await town.reviewed()
    return Asked(SYSTEM, {"subject": review["reservationId"]}, at + timedelta(days=14))


ROWS = (
    Row("createListing", new_listing, ANOTHER),
    Row("updateListing", listing_changed),
    Row("deleteListing", listing_deleted, "NOT_FOUND"),
    Row("createListingCalendar", one_night, "ENTRY_EXISTS"),
    Row("createListingCalendar", range_of_nights, "ENTRY_EXISTS"),
    Row("updateListingCalendar", night_changed),
    Row("deleteListingCalendar", night_deleted, "NOT_FOUND"),
    Row("createListingAmenity", new_amenity, ANOTHER),
    Row("updateListingAmenity", amenity_changed),
    Row("deleteListingAmenity", amenity_deleted, "NOT_FOUND"),
    Row("createListingLocaleText", new_text, "ENTRY_EXISTS"),
    Row("updateListingLocaleText", text_changed),
    Row("deleteListingLocaleText", text_deleted, "NOT_FOUND"),
    Row("createReservation", new_stay, "NIGHTS_TAKEN"),
    Row("updateReservation", accepted),
    Row("updateReservation", declined),
    Row("updateReservation", called_off),
    Row("updateReservation", called_off_as_read, "STALE_VERSION"),
    Row("updateReservation", linked),
    Row("deleteReservation", stay_deleted),
    Row("expireHold", hold_lapsed),
    Row("expireHold", authorised_hold_lapsed),
    Row("completeStay", stay_over),
    Row("createReview", new_review, "ALREADY_REVIEWED"),
    Row("updateReview", review_edited),
    Row("updateReview", review_moderated),
    Row("deleteReview", review_deleted, "NOT_FOUND"),
    Row("closeReviews", reviews_closed),
)
