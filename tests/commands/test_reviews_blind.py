"""Whatever the parties, staff and strangers do with the reviews of a stay: nothing sealed is seen by any other."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, ClassVar, cast
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from commands.reviews import (
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
from domain.access import holds
from domain.actor import NOBODY, Actor
from domain.errors import DomainError
from domain.resources.reviews import REVIEW, REVIEW_AGGREGATE
from domain.review import Review, average_id
from domain.review_window import SIDES, Parties, RevieweeType, ReviewWindow, Side
from domain.terms import Moderation, Terms
from infra.event_store import Codec, PostgresEventStore
from infra.postgres.migrate import migrate
from projections.reviews import REVIEW_AGGREGATES, REVIEWS
from read_api.shown import shown
from tests.commands.desk import Desk, Shelf

OPENED = datetime(2026, 6, 1, 9, tzinfo=UTC)
CLOSES = OPENED + timedelta(days=14)
TYPES: tuple[RevieweeType, ...] = ("listing", "host", "guest")
ratings = st.integers(1, 5)
types = st.sampled_from(TYPES)
callers = st.sampled_from(["guest", "host", "stranger", "moderator"])


@dataclass
class Told:
    """What the test knows of one review."""

    id: UUID
    type: RevieweeType
    rating: int
    text: str
    moderation: str
    published: bool = False
    deleted: bool = False

    @property
    def side(self) -> Side:
        return "host" if self.type == "guest" else "guest"

    @property
    def public(self) -> bool:
        return self.published and self.moderation == "approved" and not self.deleted


class BlindReviews(RuleBasedStateMachine):
    """One stay, its two parties, a moderator, a stranger and nobody."""

    loop: ClassVar[asyncio.Runner]
    store: ClassVar[PostgresEventStore]
    moderation: ClassVar[Moderation] = "auto"

    def __init__(self) -> None:
        super().__init__()
        self.stay = uuid4()
        self.parties = Parties(guest=uuid4(), host=uuid4(), listing=uuid4())
        self.actors = {
            "guest": Actor(self.parties.guest, "user"),
            "host": Actor(self.parties.host, "user"),
            "stranger": Actor(uuid4(), "user"),
            "moderator": Actor(uuid4(), "moderator"),
            "nobody": NOBODY,
        }
        self.desk = Desk(self.store, OPENED, Terms(review_moderation=self.moderation))
        self.start = self.wait(self.store.head())
        self.shelf = Shelf(REVIEWS, REVIEW_AGGREGATES)
        self.told: list[Told] = []
        self.closed = False
        self.words = 0
        self.wait(self.desk.run(open_window, self.stay, self.parties, CLOSES))

    def wait(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(doing)

    def outcome(self, doing: Coroutine[Any, Any, Any]) -> Any:
        """The answer, or what refused: its name and its words, which is all that a caller learns."""
        try:
            return self.wait(doing)
        except DomainError as refusal:
            return refusal.code, refusal.message

    def standing(self, type: RevieweeType) -> Told | None:
        return next((told for told in self.told if told.type == type and not told.deleted), None)

    def sides_complete(self) -> bool:
        return all(self.standing(type) for side in SIDES.values() for type in side)

    def publish(self) -> None:
        self.closed = True
        for told in self.told:
            told.published |= not told.deleted

    @rule(who=callers, type=types, rating=ratings)
    def write(self, who: str, type: RevieweeType, rating: int) -> None:
        self.words += 1
        text = f"what nobody else may read {self.words}"
        asked = CreateReview(reservation_id=self.stay, reviewee_type=type, rating=rating, review_text=text)
        answer = self.outcome(self.desk.run(create_review, asked, by=self.actors[who]))
        if who == "stranger":
            assert answer[0] == "NOT_FOUND"
        elif who == "moderator" or type not in SIDES[cast("Side", who)]:
            assert answer[0] == "NOT_YOUR_STAY"
        elif self.closed or self.desk.now >= CLOSES:
            assert answer[0] == "WINDOW_CLOSED"
        elif self.standing(type):
            assert answer[0] == "ALREADY_REVIEWED"
        else:
            moderation = "approved" if self.moderation == "auto" else "pending"
            self.told.append(Told(answer.id, type, rating, text, moderation))
            if self.sides_complete():
                self.publish()

    @precondition(lambda self: self.told)
    @rule(who=callers, data=st.data(), rating=ratings)
    def edit(self, who: str, data: st.DataObject, rating: int) -> None:
        told = data.draw(st.sampled_from(self.told))
        self.words += 1
        text = f"what nobody else may read {self.words}"
        asked = UpdateReview(review_id=told.id, rating=rating, review_text=text)
        answer = self.outcome(self.desk.run(update_review, asked, by=self.actors[who]))
        if self.unseen(told, who):
            assert answer == self.never_written(update_review, UpdateReview(review_id=uuid4(), rating=rating), who)
        elif who != told.side:
            assert answer[0] == "FORBIDDEN"
        elif told.published or self.desk.now >= CLOSES:
            assert answer[0] == "REVIEW_PUBLISHED"
        else:
            told.rating, told.text = rating, text
            if self.moderation == "manual" and told.moderation == "approved":
                told.moderation = "pending"

    @precondition(lambda self: self.told)
    @rule(who=callers, data=st.data())
    def delete(self, who: str, data: st.DataObject) -> None:
        told = data.draw(st.sampled_from(self.told))
        answer = self.outcome(self.desk.run(delete_review, DeleteReview(review_id=told.id), by=self.actors[who]))
        if self.unseen(told, who):
            assert answer == self.never_written(delete_review, DeleteReview(review_id=uuid4()), who)
        elif who not in {told.side, "moderator"}:
            assert answer[0] == "FORBIDDEN"
        elif who != "moderator" and (told.published or self.desk.now >= CLOSES):
            assert answer[0] == "REVIEW_PUBLISHED"
        else:
            told.deleted = True

    @precondition(lambda self: self.told)
    @rule(
        who=callers,
        data=st.data(),
        moderation=st.sampled_from(["pending", "approved", "rejected"]),
    )
    def moderate(self, who: str, data: st.DataObject, moderation: Any) -> None:
        told = data.draw(st.sampled_from(self.told))
        asked = UpdateReview(review_id=told.id, moderation_status=moderation)
        answer = self.outcome(self.desk.run(update_review, asked, by=self.actors[who]))
        if self.unseen(told, who):
            assert answer[0] == "NOT_FOUND"
        elif who == "moderator":
            told.moderation = moderation
        elif who != told.side or moderation != told.moderation:
            assert answer[0] == "FORBIDDEN"

    @rule(late=st.booleans())
    def the_deadline_passes(self, late: bool) -> None:
        """The clock moves first, what is due is done a moment later; sometimes early, sometimes twice."""
        self.desk.now = CLOSES if late else max(self.desk.now, OPENED + timedelta(days=3))

    @rule()
    def the_scheduler_acts(self) -> None:
        self.wait(self.desk.run(close_reviews, CloseReviews(subject=self.stay)))
        if self.desk.now >= CLOSES:
            self.publish()

    def unseen(self, told: Told, who: str) -> bool:
        return told.deleted or not (told.public or who in {told.side, "moderator"})

    def never_written(self, handler: Any, asked: Any, who: str) -> Any:
        return self.outcome(self.desk.run(handler, asked, by=self.actors[who]))

    def documents(self, resource: str) -> dict[UUID, dict[str, Any]]:
        news = self.wait(self.desk.log(self.start))
        self.start = news[-1].position if news else self.start
        self.shelf.take_in(news)
        return self.shelf.documents[resource]

    @invariant()
    def each_sees_what_is_theirs_to_see(self) -> None:
        documents = self.documents("review").values()
        for who, actor in self.actors.items():
            seen = [shown(REVIEW, d, actor) for d in documents if d["isActive"] and holds(REVIEW.sees, actor, d)]
            expected = {str(told.id): told for told in self.told if not self.unseen(told, who)}
            assert {document["id"] for document in seen} == expected.keys()
            for document in seen:
                told = expected[document["id"]]
                assert (document["rating"], document["reviewText"]) == (told.rating, told.text)
                assert (document["isPublished"], document["moderationStatus"]) == (told.published, told.moderation)
                assert ("blindSubmissionCode" in document) == (who in {told.side, "moderator"})

    @invariant()
    def averages_are_made_of_what_is_public(self) -> None:
        averages = self.documents("reviewAggregate")
        if not any(told.published for told in self.told):
            assert averages == {}
        for type in TYPES:
            counted = [told.rating for told in self.told if told.type == type and told.public]
            average = averages.get(average_id(type, self.parties.reviewee(type)))
            if average is None:
                assert not counted
                continue
            mean = (
                (Decimal(sum(counted)) / len(counted)).quantize(Decimal("0.01"), ROUND_HALF_EVEN) if counted else None
            )
            assert (average["reviewCount"], average["averageRating"]) == (len(counted), mean)
            assert holds(REVIEW_AGGREGATE.sees, NOBODY, average) == bool(counted)
            assert holds(REVIEW_AGGREGATE.sees, self.actors["moderator"], average)

    def teardown(self) -> None:
        anew = Shelf(REVIEWS, REVIEW_AGGREGATES)
        streams = {UUID(id) for d in self.shelf.documents["reviewAggregate"].values() for id in d["reviewIds"]}
        anew.take_in(self.wait(self.store.history(streams)))
        assert anew.documents["reviewAggregate"] == self.shelf.documents["reviewAggregate"]


@pytest.mark.parametrize("moderation", ["auto", "manual"])
def test_nothing_sealed_is_seen_by_any_other_actor(database: str, moderation: Moderation) -> None:
    with asyncio.Runner() as loop:
        loop.run(migrate(database))
        store = loop.run(PostgresEventStore(database, Codec([Review, ReviewWindow])).open())
        machine = type("Blind", (BlindReviews,), {"loop": loop, "store": store, "moderation": moderation})
        slow = (HealthCheck.too_slow, HealthCheck.data_too_large)
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(deadline=None, max_examples=25, stateful_step_count=25, suppress_health_check=slow),
            )
        finally:
            loop.run(store.close())
