"""Reviews as callers meet them: answers, gets, lists, totals, averages, histories; sealed and published."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from commands.ports import Answer
from commands.registry import Command
from commands.reviews import open_window
from commands.wire import Id, Message
from commands.work import Work
from domain.access import Nobody
from domain.actor import NOBODY, SYSTEM, Actor
from domain.errors import NotAllowed, NotThere
from domain.resources.reviews import REVIEW, REVIEW_AGGREGATE
from domain.review import average_id
from domain.review_window import Parties
from read_api.reads import Listed
from tests.commands.house import NOON, House, open_house, somebody

HOST, LISTING = somebody(), uuid4()
STRANGER, MODERATOR = somebody(), somebody("moderator")


class EndStay(Message):
    """Stands for the completion of a stay at the one listing of these tests."""

    reservation: Id
    guest: Id


async def end_stay(work: Work, m: EndStay) -> Answer:
    parties = Parties(guest=m.guest, host=cast("UUID", HOST.id), listing=LISTING)
    await open_window(work, m.reservation, parties, work.at + timedelta(days=14))
    return Answer()


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    end = Command("endStay", "Ends a stay.", EndStay, end_stay, who=Nobody())
    async with open_house(database, commands=[end]) as house:
        yield house


async def ended(house: House, guest: Actor) -> str:
    stay = str(uuid4())
    await house.ask("endStay", SYSTEM, reservation=stay, guest=str(guest.id))
    return stay


async def leave(house: House, by: Actor, stay: str, type: str, rating: int = 5) -> dict[str, Any]:
    body = {"reservationId": stay, "revieweeType": type, "rating": rating, "reviewText": f"the {type}"}
    asked = {"moderationStatus": "rejected", "isPublished": True}
    shown: dict[str, Any] = await house.ask("createReview", by, **body, **asked)
    return shown


async def close(house: House, stay: str) -> None:
    house.now = max(house.now, NOON + timedelta(days=14))
    await house.ask("closeReviews", SYSTEM, subject=stay)
    await house.reads.waiting.until_now(house.reads.models.keys(), 10)


async def listed(house: House, by: Actor, resource: Any = REVIEW, **asked: Any) -> Listed:
    await house.reads.waiting.until_now(house.reads.models.keys(), 10)
    return await house.reads.reads.list(resource, [(name, str(value)) for name, value in asked.items()], by)


async def average(house: House, type: str, reviewee: UUID, by: Actor = NOBODY) -> dict[str, Any]:
    await house.reads.waiting.until_now(house.reads.models.keys(), 10)
    return await house.reads.reads.get(REVIEW_AGGREGATE, average_id(type, reviewee), by)


async def test_the_server_decides_what_is_its_to_decide(house: House) -> None:
    guest = somebody()
    shown = await leave(house, guest, await ended(house, guest), "host")
    assert (shown["isPublished"], shown["moderationStatus"], shown["moderationStatus_idx"]) == (False, "approved", 1)
    assert (shown["reviewerId"], shown["_owner"], shown["revieweeId"]) == (str(guest.id), str(guest.id), str(HOST.id))
    assert (shown["recordVersion"], shown["submittedAt"], shown["revieweeType_idx"]) == (1, shown["createdAt"], 0)


async def test_a_sealed_review_is_in_no_get_no_list_no_total_and_no_history(house: House) -> None:
    guest = somebody()
    stay = await ended(house, guest)
    sealed = await leave(house, guest, stay, "listing", 1)
    about = ({"reservationId": stay}, {"reviewerId": guest.id}, {"revieweeId": LISTING}, {"revieweeType": "listing"})
    for who in (HOST, STRANGER, NOBODY):
        for asked in (*about, {"sortBy": "rating"}, {}):
            found = await listed(house, who, **asked)
            assert (found.documents, found.total) == ([], 0)
        for read in (house.reads.reads.get, house.reads.reads.history):
            with pytest.raises(NotThere):
                await read(REVIEW, UUID(sealed["id"]), who)
        with pytest.raises(NotThere):
            await house.reads.reads.as_of(REVIEW, UUID(sealed["id"]), "2026-06-01T12:00:00Z", who)
        assert (await listed(house, who, REVIEW_AGGREGATE)).total == 0
    for who in (guest, MODERATOR):
        assert [d["id"] for d in (await listed(house, who, reservationId=stay)).documents or ()] == [sealed["id"]]
        assert len(await house.reads.reads.history(REVIEW, UUID(sealed["id"]), who)) == 1
    assert (await listed(house, MODERATOR, REVIEW_AGGREGATE)).total == 0


async def test_both_sides_complete_publishes_all_to_everyone(house: House) -> None:
    guest = somebody()
    stay = await ended(house, guest)
    for by, type in ((guest, "listing"), (HOST, "guest"), (guest, "host")):
        last = await leave(house, by, stay, type)
    assert (last["isPublished"], last["recordVersion"]) == (True, 1)
    found = await listed(house, NOBODY, reservationId=stay)
    assert {d["revieweeType"] for d in found.documents or ()} == {"listing", "host", "guest"}
    assert all(d["isPublished"] and "blindSubmissionCode" not in d for d in found.documents or ())
    for type, reviewee in (("listing", LISTING), ("host", HOST.id), ("guest", guest.id)):
        assert (await average(house, type, cast("UUID", reviewee)))["reviewCount"] == 1


class TestAverages:
    @pytest.fixture
    async def reviewed(self, house: House) -> list[str]:
        """Three guests reviewed the listing with 4, 4 and 5."""
        ids = []
        for rating in (4, 4, 5):
            guest = somebody()
            stay = await ended(house, guest)
            ids.append((await leave(house, guest, stay, "listing", rating))["id"])
            await close(house, stay)
            house.now = NOON
        return ids

    @pytest.mark.usefixtures("reviewed")
    async def test_they_are_rounded_to_two_decimals(self, house: House) -> None:
        shown = await average(house, "listing", LISTING)
        assert (shown["averageRating"], shown["reviewCount"]) == (Decimal("4.33"), 3)
        assert (shown["visibilityStatus"], shown["recordVersion"], "ratingSum" in shown) == ("public", 3, False)

    async def test_rejecting_and_deleting_recompute_them(self, house: House, reviewed: list[str]) -> None:
        await house.ask("updateReview", MODERATOR, reviewId=reviewed[0], moderationStatus="rejected")
        assert (await average(house, "listing", LISTING))["averageRating"] == Decimal("4.5")
        await house.ask("deleteReview", MODERATOR, reviewId=reviewed[1])
        assert (await average(house, "listing", LISTING))["averageRating"] == Decimal(5)
        await house.ask("updateReview", MODERATOR, reviewId=reviewed[0], moderationStatus="approved")
        assert (await average(house, "listing", LISTING))["averageRating"] == Decimal("4.5")

    async def test_with_none_counted_they_are_hidden_and_null(self, house: House, reviewed: list[str]) -> None:
        for id in reviewed:
            await house.ask("deleteReview", MODERATOR, reviewId=id)
        with pytest.raises(NotThere):
            await average(house, "listing", LISTING, STRANGER)
        shown = await average(house, "listing", LISTING, MODERATOR)
        assert (shown["averageRating"], shown["reviewCount"], shown["visibilityStatus"]) == (None, 0, "hidden")

    async def test_made_anew_from_the_log_they_are_equal(self, house: House, reviewed: list[str]) -> None:
        await house.ask("updateReview", MODERATOR, reviewId=reviewed[0], moderationStatus="rejected")
        before = (await listed(house, MODERATOR, REVIEW_AGGREGATE)).documents
        await house.reads.rebuild("reviewAggregate")
        assert (await listed(house, MODERATOR, REVIEW_AGGREGATE)).documents == before
        assert before

    async def test_staff_read_their_history(self, house: House, reviewed: list[str]) -> None:
        await house.ask("deleteReview", MODERATOR, reviewId=reviewed[0])
        await house.reads.waiting.until_now(house.reads.models.keys(), 10)
        id = average_id("listing", LISTING)
        assert len(await house.reads.reads.history(REVIEW_AGGREGATE, id, MODERATOR)) == 4
        with pytest.raises(NotAllowed):
            await house.reads.reads.history(REVIEW_AGGREGATE, id, STRANGER)


async def test_an_authors_own_sealed_review_moves_no_average_version_when_edited(house: House) -> None:
    guest = somebody()
    first = await ended(house, guest)
    await leave(house, guest, first, "listing")
    await close(house, first)
    house.now = NOON
    before = await average(house, "listing", LISTING)
    second = await ended(house, guest)
    sealed = await leave(house, guest, second, "listing", 1)
    await house.ask("updateReview", guest, reviewId=sealed["id"], rating=2)
    await house.ask("updateReview", MODERATOR, reviewId=sealed["id"], moderationStatus="rejected")
    await house.ask("deleteReview", guest, reviewId=sealed["id"])
    assert await average(house, "listing", LISTING) == before
