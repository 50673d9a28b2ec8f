"""Which deadlines a stay sets and clears, and what of its document is no change."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.kernel import Aggregate, Recorded
from domain.reservation import Reservation
from domain.review_window import Parties, ReviewWindow
from projections.deadlines import Clear, Set
from projections.projection import Document, fold
from projections.reservations import COMPLETE, EXPIRE, RESERVATIONS, deadlines
from tests.domain.stays import (
    ASKED,
    CHECK_OUT,
    GUEST,
    HOST,
    HOUR,
    LISTING,
    MINUTE,
    authorised,
    cancelled,
    completed,
    confirmed,
    declined,
    expired,
    requested,
    requested_by_hand,
    revived,
)

STAY = UUID(int=9)
Do = Callable[[Reservation], object]


def recorded(aggregate: Aggregate, after: int = 0) -> list[Recorded]:
    return [
        Recorded(after + n, fact, ASKED + n * MINUTE, None, "system", UUID(int=n), "test")  # type: ignore[arg-type]
        for n, fact in enumerate(aggregate.pending_events, 1)
    ]


def stay(*steps: Do) -> list[Recorded]:
    reservation = Reservation.at(STAY)
    for step in steps:
        step(reservation)
    return recorded(reservation)


def left_over(events: list[Recorded]) -> dict[str, Any]:
    """The deadlines that stand after these events."""
    standing: dict[str, Any] = {}
    for event in events:
        for change in deadlines(event):
            assert change.subject == STAY
            standing.pop(change.kind, None)
            if isinstance(change, Set):
                standing[change.kind] = change.due
            else:
                assert isinstance(change, Clear)
    return standing


def failing(r: Reservation) -> None:
    r.capture_failed(at=ASKED + HOUR, retry=15 * MINUTE)


@pytest.mark.parametrize(
    ("steps", "standing"),
    [
        ((requested,), {EXPIRE: ASKED + 15 * MINUTE}),
        ((requested_by_hand, authorised), {EXPIRE: ASKED + 24 * HOUR}),
        ((requested_by_hand, authorised, failing), {EXPIRE: ASKED + HOUR + 15 * MINUTE}),
        ((requested, confirmed), {COMPLETE: CHECK_OUT}),
        ((requested, expired), {}),
        ((requested, expired, revived), {COMPLETE: CHECK_OUT}),
        ((requested, declined), {}),
        ((requested, confirmed, cancelled), {}),
        ((requested, confirmed, completed), {}),
        ((requested, lambda r: r.note_payment("processing")), {EXPIRE: ASKED + 15 * MINUTE}),
    ],
)
def test_a_pending_one_is_to_expire_and_a_confirmed_one_to_complete(
    steps: tuple[Do, ...], standing: dict[str, Any]
) -> None:
    assert left_over(stay(*steps)) == standing


def folded(events: list[Recorded]) -> Document:
    document = fold(RESERVATIONS, None, events, STAY)
    assert document is not None
    return document


def test_every_event_of_its_own_is_one_version() -> None:
    events = stay(requested, confirmed, lambda r: r.note_dispute("active"), cancelled)
    assert folded(events)["recordVersion"] == len(events) == 4


def test_what_reviews_tell_its_parties_is_no_change() -> None:
    events = stay(requested, confirmed, completed)
    before = folded(events)
    window = ReviewWindow.at(ReviewWindow.id_of(STAY))
    window.open(STAY, Parties(GUEST, HOST, LISTING), CHECK_OUT + timedelta(days=14))
    window.leave("guest", UUID(int=77))
    after = folded([*events, *recorded(window, len(events))])
    told = {"reviewsLeft": {"guest": False, "host": True}, "reviewsCloseAt": "2026-06-23T09:00:00.000Z"}
    assert after == before | told


def test_its_history_is_its_own_stream_and_its_review_window() -> None:
    assert RESERVATIONS.streams(folded(stay(requested))) == (STAY, ReviewWindow.id_of(STAY))


def test_the_hold_is_shown_only_while_it_holds() -> None:
    assert folded(stay(requested))["holdExpiresAt"] == "2026-05-01T12:15:00.000Z"
    for end in ((confirmed,), (declined,), (cancelled,), (expired,)):
        assert folded(stay(requested, *end))["holdExpiresAt"] is None
