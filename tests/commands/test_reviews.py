"""Commands about reviews: what each is refused for, and in which order; what is published in one step."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from commands.ports import Conflict
from commands.reviews import (
    COMMANDS,
    CloseReviews,
    CreateReview,
    DeleteReview,
    UpdateReview,
    close_reviews,
    create_review,
    delete_review,
    open_window,
    update_review,
)
from commands.work import Work
from domain.access import holds
from domain.actor import SYSTEM, Actor
from domain.agreement import Agreement, Links
from domain.errors import DomainError, Invalid, NotAllowed, Refused
from domain.listing import BookingPolicies
from domain.policies import DEFAULT
from domain.pricing import NIGHT, Price, PriceLine
from domain.reservation import Reservation
from domain.review import Review
from domain.review_window import Parties, RevieweeType
from domain.stay import Nights, Stay
from domain.terms import Terms
from tests.commands.desk import Desk

STAY = UUID(int=10)
PARTIES = Parties(guest=UUID(int=11), host=UUID(int=12), listing=UUID(int=13))
GUEST, HOST = Actor(PARTIES.guest, "user"), Actor(PARTIES.host, "user")
STRANGER, MODERATOR = Actor(UUID(int=14), "user"), Actor(UUID(int=15), "moderator")
CLOSES = datetime(2026, 6, 15, 9, tzinfo=UTC)


def review(type: RevieweeType, **other: Any) -> CreateReview:
    return CreateReview(**{"reservation_id": STAY, "reviewee_type": type, "rating": 5, "review_text": "Fine.", **other})


async def request_stay(work: Work) -> None:
    reservation = await work.load(Reservation, STAY)
    nights = Nights(date(2026, 5, 30), date(2026, 6, 2))
    agreement = Agreement(
        listing=PARTIES.listing,
        guest=PARTIES.guest,
        host=PARTIES.host,
        stay=Stay(nights, "Europe/Paris", time(15), time(11)),
        guest_count=2,
        approval="instant",
        price=Price("EUR", (PriceLine(NIGHT, 100, nights.start),), 300),
        cancellation=DEFAULT,
        booking_policies=BookingPolicies(),
    )
    reservation.request(agreement, Links(), at=work.at, terms=Terms())


@pytest.fixture
async def complete(desk: Desk) -> Desk:
    """The stay is complete."""
    await desk.run(open_window, STAY, PARTIES, CLOSES)
    return desk


async def refused(desk: Desk, asked: CreateReview, by: Actor) -> tuple[str, str]:
    with pytest.raises(DomainError) as refusal:
        await desk.run(create_review, asked, by=by)
    return refusal.value.code, refusal.value.message


class TestOrderOfRefusals:
    async def test_who_may_not_see_the_stay_is_told_that_there_is_none(self, desk: Desk) -> None:
        absent = await refused(desk, review("host"), STRANGER)
        await desk.run(request_stay)
        pending = await refused(desk, review("host"), STRANGER)
        await desk.run(open_window, STAY, PARTIES, CLOSES)
        assert absent == pending == await refused(desk, review("host"), STRANGER)
        assert absent[0] == "NOT_FOUND"

    async def test_a_stay_that_is_not_complete_is_not_reviewed(self, desk: Desk) -> None:
        await desk.run(request_stay)
        assert (await refused(desk, review("host"), GUEST))[0] == "STAY_NOT_COMPLETE"
        assert (await refused(desk, review("guest"), GUEST))[0] == "NOT_YOUR_STAY"
        assert (await refused(desk, review("host"), MODERATOR))[0] == "NOT_YOUR_STAY"

    async def test_another_reviewee_than_the_stays_is_not_your_stay(self, complete: Desk) -> None:
        assert (await refused(complete, review("host", reviewee_id=uuid4()), GUEST))[0] == "NOT_YOUR_STAY"

    async def test_late_is_late_though_the_window_was_not_closed_yet(self, complete: Desk) -> None:
        complete.now = CLOSES
        assert (await refused(complete, review("host"), GUEST))[0] == "WINDOW_CLOSED"

    async def test_a_second_review_is_refused(self, complete: Desk) -> None:
        await complete.run(create_review, review("host", reviewee_id=PARTIES.host), by=GUEST)
        assert (await refused(complete, review("host"), GUEST))[0] == "ALREADY_REVIEWED"


class TestPublication:
    async def leave(self, desk: Desk, *types: RevieweeType) -> list[UUID]:
        answers = [await desk.run(create_review, review(t), by=HOST if t == "guest" else GUEST) for t in types]
        return [answer.id for answer in answers if answer.id]

    async def test_the_last_review_publishes_all_in_one_step(self, complete: Desk) -> None:
        ids = await self.leave(complete, "listing", "guest", "host")
        reviews = [await complete.store.load(Review, id) for id in ids]
        assert all(r.published for r in reviews)
        assert [r.version for r in reviews] == [2, 2, 1]
        unsealed = [e for e in await complete.log() if e.name in {"review.published.v1", "review_window.closed.v1"}]
        assert len({e.command for e in unsealed}) == 1
        assert len(unsealed) == 3

    async def test_two_last_reviews_at_once_publish_once(self, complete: Desk) -> None:
        await self.leave(complete, "listing")
        both = [(review("host"), GUEST), (review("guest"), HOST)]
        done = await asyncio.gather(
            *(complete.run(create_review, asked, by=who) for asked, who in both), return_exceptions=True
        )
        for (asked, who), outcome in zip(both, done, strict=True):
            if isinstance(outcome, Conflict):
                await complete.run(create_review, asked, by=who)
        log = await complete.log()
        assert [e.name for e in log].count("review_window.closed.v1") == 1
        reviews = {e.stream for e in log if e.name == "review.submitted.v1"}
        assert [(await complete.store.load(Review, id)).published for id in reviews] == [True] * 3

    async def test_the_deadline_publishes_what_was_left_and_does_no_harm_twice(self, complete: Desk) -> None:
        (id,) = await self.leave(complete, "guest")
        complete.now = CLOSES - timedelta(milliseconds=1)
        await complete.run(close_reviews, CloseReviews(subject=STAY))
        assert not (await complete.store.load(Review, id)).published
        complete.now = CLOSES + timedelta(days=3)
        await complete.run(close_reviews, CloseReviews(subject=STAY))
        recorded = len(await complete.log())
        assert (await complete.store.load(Review, id)).published
        await complete.run(close_reviews, CloseReviews(subject=STAY))
        await complete.run(close_reviews, CloseReviews(subject=uuid4()))
        assert len(await complete.log()) == recorded

    async def test_a_withdrawn_review_is_written_again_and_the_first_stays_gone(self, complete: Desk) -> None:
        (first,) = await self.leave(complete, "guest")
        await complete.run(delete_review, DeleteReview(review_id=first), by=HOST)
        (second,) = await self.leave(complete, "guest")
        assert first != second
        with pytest.raises(DomainError, match="no such review"):
            await complete.run(update_review, UpdateReview(review_id=first, rating=1), by=HOST)


class TestChanging:
    @pytest.fixture
    async def sealed(self, complete: Desk) -> UUID:
        answer = await complete.run(create_review, review("guest"), by=HOST)
        assert answer.id
        return answer.id

    async def test_a_stale_version_is_refused(self, complete: Desk, sealed: UUID) -> None:
        with pytest.raises(Refused) as refusal:
            await complete.run(update_review, UpdateReview(review_id=sealed, rating=1, record_version=2), by=HOST)
        assert refusal.value.rule == "STALE_VERSION"

    async def test_what_already_holds_records_nothing(self, complete: Desk, sealed: UUID) -> None:
        before = len(await complete.log())
        same = UpdateReview(review_id=sealed, rating=5, review_text="Fine.", moderation_status="approved")
        await complete.run(update_review, same, by=HOST)
        assert len(await complete.log()) == before

    async def test_authors_do_not_moderate_and_staff_do_not_write(self, complete: Desk, sealed: UUID) -> None:
        with pytest.raises(NotAllowed):
            await complete.run(update_review, UpdateReview(review_id=sealed, moderation_status="rejected"), by=HOST)
        with pytest.raises(NotAllowed):
            await complete.run(update_review, UpdateReview(review_id=sealed, rating=1), by=MODERATOR)

    async def test_one_change_is_one_kind_of_change(self, complete: Desk, sealed: UUID) -> None:
        both = UpdateReview(review_id=sealed, rating=1, moderation_status="rejected")
        with pytest.raises(Invalid):
            await complete.run(update_review, both, by=MODERATOR)

    async def test_under_manual_moderation_a_review_waits_for_staff(self, complete: Desk) -> None:
        complete.terms = Terms(review_moderation="manual")
        answer = await complete.run(create_review, review("guest"), by=HOST)
        assert answer.id
        assert (await complete.store.load(Review, answer.id)).moderation == "pending"


@pytest.mark.parametrize(
    "wrong",
    [
        *({"rating": rating} for rating in (0, 6, True, 4.5, "5", None)),
        *({"review_text": text} for text in ("", "\x00", "x" * 100_000)),
        {"reviewee_type": "cat"},
        {"reservation_id": "7"},
        {"colour": "red"},
    ],
)
def test_malformed_reviews_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        review("host", **wrong)


def test_nobody_publishes_early_or_closes_a_window_by_hand() -> None:
    by_name = {command.name: command for command in COMMANDS}
    assert "isPublished" in CreateReview.IGNORED & UpdateReview.IGNORED
    assert by_name["closeReviews"].route is None
    assert holds(by_name["closeReviews"].who, SYSTEM, {})
    assert not holds(by_name["closeReviews"].who, Actor(UUID(int=1), "superAdmin"), {})
