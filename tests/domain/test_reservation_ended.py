"""Reservations that have ended stay so, unless a late payment revives one that expired; what is noted of any."""

from collections.abc import Callable

import pytest

from domain.agreement import Links
from domain.reservation import Reservation
from tests.domain.stays import (
    ASKED,
    HOUR,
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
from tests.specs import given

Do = Callable[[Reservation], None]


def test_a_hold_that_expires_cancels_the_reservation() -> None:
    made = given(Reservation).having(requested).when(expired).then("reservation.cancelled.v1", by="expired")
    assert (made.status, made.cancelled_by, made.payment_confirmation) == ("cancelled", "expired", "canceled")


def test_a_late_payment_revives_an_instant_one_that_expired() -> None:
    made = given(Reservation).having(requested, expired).when(revived).then("reservation.revived.v1")
    assert (made.status, made.payment_confirmation, made.cancelled_by) == ("confirmed", "paid", None)
    assert made.confirmed_at == ASKED + HOUR


@pytest.mark.parametrize(
    "history",
    [
        (requested,),
        (requested, cancelled),
        (requested, declined),
        (requested, confirmed),
        (requested_by_hand, expired),
        (requested, confirmed, completed),
    ],
)
def test_and_nothing_else(history: tuple[Do, ...]) -> None:
    given(Reservation).having(*history).when(revived).refused("WRONG_STATE")


ENDED: dict[str, tuple[Do, ...]] = {
    "complete": (requested, confirmed, completed),
    "declined": (requested, declined),
    "cancelled": (requested, cancelled),
    "expired": (requested, expired),
}
STEPS: dict[str, Do] = {
    "confirm": confirmed,
    "decline": declined,
    "cancel": lambda r: r.cancel(by="guest", at=ASKED, refund=None, payment_confirmation="canceled"),
    "authorise": authorised,
    "fail the capture": lambda r: r.capture_failed(at=ASKED, retry=HOUR),
}
SAME = {("declined", "decline"), ("cancelled", "cancel"), ("expired", "cancel")}
"""What holds already is no step."""


@pytest.mark.parametrize(("end", "step"), [(e, s) for e in ENDED for s in STEPS if (e, s) not in SAME])
def test_nothing_leaves_complete_declined_or_cancelled(end: str, step: str) -> None:
    given(Reservation).having(*ENDED[end]).when(STEPS[step]).refused("WRONG_STATE")


def test_money_that_comes_after_the_end_goes_back_whole_with_its_reason_once() -> None:
    def late(r: Reservation) -> None:
        r.paid_in_vain(at=ASKED + HOUR)

    for end in ("declined", "cancelled", "expired"):
        given(Reservation).having(*ENDED[end]).when(late).then("reservation.paid_in_vain.v1")
        given(Reservation).having(*ENDED[end], late).when(late).nothing()
    given(Reservation).having(requested).when(late).nothing()
    given(Reservation).having(requested, confirmed).when(late).nothing()


def test_a_refund_of_late_money_says_when_the_reservation_ended() -> None:
    """When the money came, if nobody knows when the host declined."""

    def late(r: Reservation) -> None:
        r.paid_in_vain(at=ASKED + HOUR)

    def called_off(r: Reservation) -> None:
        r.cancel(by="guest", at=ASKED, refund=r.refund_for("guest", ASKED), payment_confirmation="processing")

    def ended(*decisions: Callable[[Reservation], object]) -> Reservation:
        return given(Reservation).having(*decisions).when(late).then("reservation.paid_in_vain.v1")

    cancelled, expired, declined = ended(requested, called_off), ended(*ENDED["expired"]), ended(*ENDED["declined"])
    told = [made.refund and made.refund.trace.cancelled_at for made in (cancelled, expired, declined)]
    assert told == [ASKED, expired.hold_expires_at, ASKED + HOUR]


def test_money_of_one_that_ends_before_it_is_confirmed_goes_back_whole_with_its_reason() -> None:
    def paid(r: Reservation) -> None:
        r.note_payment("paid")

    def turned_down(r: Reservation) -> None:
        r.decline(at=ASKED, payment_confirmation="paid")

    def called_off(r: Reservation) -> None:
        r.cancel(by="guest", at=ASKED, refund=r.refund_for("guest", ASKED), payment_confirmation="paid")

    def lapsed(r: Reservation) -> None:
        r.cancel(by="expired", at=r.hold_expires_at, refund=None, payment_confirmation="paid")

    for end, event in ((turned_down, "declined"), (called_off, "cancelled"), (lapsed, "cancelled")):
        also = ("reservation.paid_in_vain.v1",) if end is turned_down else ()
        made = given(Reservation).having(requested_by_hand, paid).when(end).then(f"reservation.{event}.v1", *also)
        assert made.refund is not None
        assert (made.refund.amount, made.refund.trace.rule) == (made.price.total, "neverConfirmed")


def test_a_confirmed_one_is_neither_declined_nor_authorised() -> None:
    for step in (declined, authorised):
        given(Reservation).having(requested, confirmed).when(step).refused("WRONG_STATE")


def test_what_is_noted_is_noted_once() -> None:
    given(Reservation).having(requested).when(lambda r: r.note_payment("processing")).then(
        "reservation.payment_noted.v1"
    )
    given(Reservation).having(requested).when(lambda r: r.note_payment("pending")).nothing()
    given(Reservation).having(requested, confirmed).when(lambda r: r.note_dispute("active")).then(
        "reservation.dispute_noted.v1"
    )
    given(Reservation).having(requested).when(lambda r: r.note_dispute("none")).nothing()
    given(Reservation).having(requested).when(lambda r: r.link(Links("https://a.example"))).then(
        "reservation.linked.v1"
    )
    given(Reservation).having(requested).when(lambda r: r.link(Links())).nothing()
