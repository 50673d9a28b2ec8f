"""Reviews: double-blind, as the rule book has it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest

from domain.errors import Refused
from domain.review import Review, Tally
from domain.review_window import Parties, RevieweeType, ReviewWindow
from tests.specs import STREAM, given

STAY, GUEST, HOST, LISTING = (UUID(int=n) for n in (10, 11, 12, 13))
PARTIES = Parties(guest=GUEST, host=HOST, listing=LISTING)
CLOSES = datetime(2026, 6, 15, 9, tzinfo=UTC)
EARLIER = CLOSES - timedelta(microseconds=1)
OF_LISTING, OF_HOST, OF_GUEST = (uuid5(STAY, f"review {type}") for type in ("listing", "host", "guest"))


def opened(window: ReviewWindow) -> None:
    window.open(STAY, PARTIES, CLOSES)


def left(type: RevieweeType) -> Callable[[ReviewWindow], None]:
    return lambda window: window.leave(type, window.next_review(type, EARLIER))


def submitted(review: Review, *, published: bool = False, moderation: str = "approved") -> None:
    review.submit(
        reservation=STAY,
        reviewer=GUEST,
        reviewee_type="host",
        reviewee=HOST,
        rating=4,
        text="Kind.",
        moderation="approved" if moderation == "approved" else "pending",
        closes_at=CLOSES,
        published=published,
    )


def published(review: Review) -> None:
    review.publish()


class TestWho:
    @pytest.mark.parametrize(
        ("reviewer", "type", "reviewee"), [(GUEST, "listing", LISTING), (GUEST, "host", HOST), (HOST, "guest", GUEST)]
    )
    def test_the_guest_reviews_listing_and_host_and_the_host_the_guest(
        self, reviewer: UUID, type: RevieweeType, reviewee: UUID
    ) -> None:
        assert PARTIES.check(reviewer, type, reviewee) == PARTIES.check(reviewer, type, None) == reviewee

    @pytest.mark.parametrize(
        ("reviewer", "type", "reviewee"),
        [
            (GUEST, "guest", None),
            (HOST, "host", None),
            (HOST, "listing", None),
            (GUEST, "host", LISTING),
            (UUID(int=99), "host", HOST),
            (None, "host", HOST),
        ],
    )
    def test_everything_else_is_not_their_stay(
        self, reviewer: UUID | None, type: RevieweeType, reviewee: UUID | None
    ) -> None:
        with pytest.raises(Refused) as refusal:
            PARTIES.check(reviewer, type, reviewee)
        assert refusal.value.rule == "NOT_YOUR_STAY"

    def test_nobody_else_has_a_side(self) -> None:
        sides = [PARTIES.side_of(user) for user in (GUEST, HOST, LISTING, None)]
        assert sides == ["guest", "host", None, None]


class TestWhen:
    def test_before_the_stay_is_complete_there_is_nothing_to_review(self) -> None:
        given(ReviewWindow).when(left("host")).refused("STAY_NOT_COMPLETE")

    def test_completion_opens_the_window_until_a_fixed_instant(self) -> None:
        given(ReviewWindow).when(opened).then("review_window.opened.v1", closes_at=CLOSES, parties=PARTIES)

    def test_a_window_opens_once(self) -> None:
        again = CLOSES + timedelta(days=1)
        given(ReviewWindow).having(opened).when(lambda w: w.open(STAY, PARTIES, again)).nothing()

    def test_reviews_are_taken_until_the_closing_instant(self) -> None:
        given(ReviewWindow).having(opened).when(left("host")).then("review_window.review_left.v1", review=OF_HOST)

    def test_from_the_closing_instant_on_the_window_is_closed(self) -> None:
        given(ReviewWindow).having(opened).when(lambda w: w.next_review("host", CLOSES)).refused("WINDOW_CLOSED")

    def test_a_window_that_both_sides_closed_takes_no_more(self) -> None:
        done = given(ReviewWindow).having(opened, left("listing"), left("host"), left("guest"))
        done.when(left("host")).refused("WINDOW_CLOSED")


class TestOnce:
    def test_each_reviewee_type_is_reviewed_once(self) -> None:
        given(ReviewWindow).having(opened, left("host")).when(left("host")).refused("ALREADY_REVIEWED")

    def test_a_withdrawn_review_may_be_written_again_under_an_id_of_its_own(self) -> None:
        withdrawn = given(ReviewWindow).having(opened, left("host"), lambda w: w.withdraw(OF_HOST))
        withdrawn.when(left("host")).then("review_window.review_left.v1", review=uuid5(STAY, "review host 1"))

    def test_withdrawing_what_is_not_there_is_nothing(self) -> None:
        given(ReviewWindow).having(opened, left("host")).when(lambda w: w.withdraw(OF_GUEST)).nothing()


class TestSides:
    def test_the_guests_side_is_complete_with_both_its_reviews(self) -> None:
        one = given(ReviewWindow).having(opened, left("listing"))
        one.when(left("host")).then("review_window.review_left.v1", "review_window.side_completed.v1", side="guest")

    def test_one_of_the_guests_reviews_completes_nothing(self) -> None:
        given(ReviewWindow).having(opened).when(left("listing")).then("review_window.review_left.v1")

    def test_the_hosts_side_is_complete_with_one(self) -> None:
        spec = given(ReviewWindow).having(opened).when(left("guest"))
        spec.then("review_window.review_left.v1", "review_window.side_completed.v1", side="host", reservation=STAY)

    def test_a_withdrawn_review_reopens_its_side(self) -> None:
        spec = given(ReviewWindow).having(opened, left("guest")).when(lambda w: w.withdraw(OF_GUEST))
        spec.then("review_window.review_withdrawn.v1", "review_window.side_reopened.v1", side="host")

    def test_a_withdrawn_review_of_two_reopens_the_guests_side(self) -> None:
        done = given(ReviewWindow).having(opened, left("host"), left("listing"))
        done.when(lambda w: w.withdraw(OF_HOST)).then(
            "review_window.review_withdrawn.v1", "review_window.side_reopened.v1", side="guest"
        )

    def test_withdrawing_from_an_incomplete_side_tells_nobody(self) -> None:
        spec = given(ReviewWindow).having(opened, left("host")).when(lambda w: w.withdraw(OF_HOST))
        spec.then("review_window.review_withdrawn.v1")

    def test_the_last_review_of_both_sides_closes_the_window(self) -> None:
        spec = given(ReviewWindow).having(opened, left("guest"), left("listing")).when(left("host"))
        names = ("review_left", "side_completed", "closed")
        assert spec.then(*(f"review_window.{name}.v1" for name in names)).closed

    def test_time_closes_it_with_what_was_left(self) -> None:
        spec = given(ReviewWindow).having(opened, left("guest")).when(lambda w: w.close(CLOSES))
        assert set(spec.then("review_window.closed.v1").left.values()) == {OF_GUEST}

    def test_it_is_not_closed_early(self) -> None:
        given(ReviewWindow).having(opened).when(lambda w: w.close(EARLIER)).nothing()

    def test_it_is_closed_once(self) -> None:
        given(ReviewWindow).having(opened, lambda w: w.close(CLOSES)).when(lambda w: w.close(CLOSES)).nothing()

    def test_after_it_closed_a_deleted_review_changes_nothing_here(self) -> None:
        closed = given(ReviewWindow).having(opened, left("guest"), lambda w: w.close(CLOSES))
        closed.when(lambda w: w.withdraw(OF_GUEST)).nothing()


def edit(at: datetime, rating: int = 2, text: str = "Rude.", *, recheck: bool = False) -> Callable[[Review], None]:
    return lambda review: review.edit(at, rating=rating, text=text, recheck=recheck)


class TestSealed:
    def test_a_review_is_left_sealed_and_counts_nowhere(self) -> None:
        tally = Tally("host", HOST, 4, before=False, after=False)
        assert not given(Review).when(submitted).then("review.submitted.v1", published=False, tally=tally).counts

    def test_the_last_review_of_a_stay_is_published_as_it_is_left(self) -> None:
        spec = given(Review).when(lambda r: submitted(r, published=True))
        assert spec.then("review.submitted.v1", tally=Tally("host", HOST, 4, before=False, after=True)).counts

    def test_its_author_edits_text_and_rating(self) -> None:
        given(Review).having(submitted).when(edit(EARLIER)).then("review.edited.v1", rating=2, text="Rude.")

    def test_an_edit_that_changes_nothing_records_nothing(self) -> None:
        given(Review).having(submitted, published).when(edit(CLOSES, 4, "Kind.")).nothing()

    def test_staff_look_again_at_an_edited_review_where_they_approve_by_hand(self) -> None:
        spec = given(Review).having(submitted).when(edit(EARLIER, recheck=True))
        spec.then("review.edited.v1", moderation="pending")
        given(Review).having(submitted).when(edit(EARLIER)).then("review.edited.v1", moderation="approved")

    def test_an_edit_does_not_bring_back_what_staff_have_rejected(self) -> None:
        rejected = given(Review).having(submitted, lambda r: r.moderate("rejected"))
        rejected.when(edit(EARLIER, recheck=True)).then("review.edited.v1", moderation="rejected")

    def test_its_author_deletes_it(self) -> None:
        spec = given(Review).having(submitted).when(lambda r: r.delete(EARLIER, by_staff=False))
        assert not spec.then("review.deleted.v1").there


class TestPublished:
    def test_publishing_is_one_fact_that_counts(self) -> None:
        tally = Tally("host", HOST, 4, before=False, after=True)
        given(Review).having(submitted).when(published).then("review.published.v1", tally=tally)

    def test_publishing_twice_is_once(self) -> None:
        given(Review).having(submitted, published).when(published).nothing()

    def test_a_deleted_review_is_not_published(self) -> None:
        given(Review).having(submitted, lambda r: r.delete(EARLIER, by_staff=False)).when(published).nothing()

    def test_its_author_edits_it_no_more(self) -> None:
        given(Review).having(submitted, published).when(edit(EARLIER)).refused("REVIEW_PUBLISHED")

    def test_its_author_deletes_it_no_more(self) -> None:
        spec = given(Review).having(submitted, published).when(lambda r: r.delete(EARLIER, by_staff=False))
        spec.refused("REVIEW_PUBLISHED")

    @pytest.mark.parametrize("change", [edit(CLOSES), lambda r: r.delete(CLOSES, by_staff=False)])
    def test_nor_once_its_time_is_up_though_it_is_published_a_moment_later(
        self, change: Callable[[Review], None]
    ) -> None:
        given(Review).having(submitted).when(change).refused("REVIEW_PUBLISHED")

    def test_staff_delete_it_and_it_counts_no_more(self) -> None:
        spec = given(Review).having(submitted, published).when(lambda r: r.delete(CLOSES, by_staff=True))
        assert not spec.then("review.deleted.v1", tally=Tally("host", HOST, 4, before=True, after=False)).counts


class TestModeration:
    def test_rejecting_a_published_review_takes_it_out_of_the_average(self) -> None:
        spec = given(Review).having(submitted, published).when(lambda r: r.moderate("rejected"))
        spec.then("review.moderated.v1", tally=Tally("host", HOST, 4, before=True, after=False))

    def test_rejecting_a_sealed_review_moves_no_average(self) -> None:
        spec = given(Review).having(submitted).when(lambda r: r.moderate("rejected"))
        spec.then("review.moderated.v1", tally=Tally("host", HOST, 4, before=False, after=False))

    def test_a_pending_review_is_published_and_counts_once_approved(self) -> None:
        waiting = given(Review).having(lambda r: submitted(r, moderation="pending"), published)
        spec = waiting.when(lambda r: r.moderate("approved"))
        assert spec.then("review.moderated.v1", tally=Tally("host", HOST, 4, before=False, after=True)).counts

    def test_approving_a_sealed_review_moves_no_average(self) -> None:
        spec = given(Review).having(lambda r: submitted(r, moderation="pending")).when(lambda r: r.moderate("approved"))
        spec.then("review.moderated.v1", tally=Tally("host", HOST, 4, before=False, after=False))

    def test_a_pending_review_published_as_it_is_left_counts_nowhere(self) -> None:
        spec = given(Review).when(lambda r: submitted(r, published=True, moderation="pending"))
        assert not spec.then("review.submitted.v1", tally=Tally("host", HOST, 4, before=False, after=False)).counts

    def test_the_same_judgement_again_is_nothing(self) -> None:
        given(Review).having(submitted).when(lambda r: r.moderate("approved")).nothing()


def test_the_receipt_tells_nothing_of_what_was_said() -> None:
    one, other = Review.at(STREAM), Review.at(STREAM)
    submitted(one)
    submitted(other, published=True)
    assert one.pending_events[0].code == other.pending_events[0].code  # type: ignore[attr-defined]
