"""Disputes: who opens them, who moves them, what they pay."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.e2e.money import dec
from tests.e2e.talk import ABSENT, INSTANT, Caller, Json, Person, invalid, ok, refused, told
from tests.e2e.world import World, instant, rows

DISPUTES = "/v1/disputes"
FORM = ("adminId", "issueType", "description", "resolutionStatus", "resolvedAt", "refundApproved", "refundAmount")
"""All that an update takes."""
moment = datetime.fromisoformat


def form(stay: Json, **over: Any) -> Json:
    return {"reservationId": stay["id"], "issueType": "noise", "description": "A band next door."} | over


def opened(caller: Caller, stay: Json, **over: Any) -> Json:
    made: Json = ok(caller.post(DISPUTES, form(stay, **over)), 201)["dispute"]
    return made


def move(admin: Caller, dispute: Json, status: str, **over: Any) -> Json:
    moved: Json = ok(admin.patch(f"{DISPUTES}/{dispute['id']}", {"resolutionStatus": status} | over))["dispute"]
    return moved


def closed(admin: Caller, dispute: Json, status: str = "resolved", **over: Any) -> Json:
    move(admin, dispute, "reviewing")
    return move(admin, dispute, status, **over)


def test_a_party_opens_a_dispute_and_an_admin_moves_it_step_by_step(
    world: World, host: Person, guest: Person, admin: Person
) -> None:
    stay = world.confirmed(guest, world.listing(host))
    dispute = opened(guest, stay)
    assert (dispute["resolutionStatus"], dispute["resolutionStatus_idx"]) == ("pending", 0)
    assert dispute["raisedBy"] == guest.id
    assert dispute["_owner"] == guest.id
    assert dispute["reportedAt"] is not None
    assert dispute["adminId"] is None
    assert dispute["resolvedAt"] is None
    path = f"{DISPUTES}/{dispute['id']}"
    assert world.see(guest, stay)["disputeStatus"] == "requested"
    for skipped in ("resolved", "rejected"):
        refused(admin.patch(path, {"resolutionStatus": skipped}), 409, "WRONG_STATE")
    reviewing = move(admin, dispute, "reviewing")
    assert reviewing["adminId"] == admin.id
    assert world.see(guest, stay)["disputeStatus"] == "active"
    refused(admin.patch(path, {"resolutionStatus": "pending"}), 409, "WRONG_STATE")
    assert move(admin, dispute, "reviewing") == reviewing, "a request for what already holds"
    resolved = move(admin, dispute, "resolved")
    assert resolved["resolvedAt"] is not None
    seen = world.see(guest, stay)
    assert (seen["disputeStatus"], seen["disputeStatus_idx"]) == ("resolved", 3)
    for after in ("reviewing", "rejected", "pending"):
        refused(admin.patch(path, {"resolutionStatus": after}), 409, "WRONG_STATE")
    assert world.records(stay, "refund") == [], "resolved without a refund"


def test_a_rejected_dispute_is_closed(world: World, host: Person, guest: Person, admin: Person) -> None:
    stay = world.confirmed(guest, world.listing(host))
    assert closed(admin, opened(host, stay), "rejected")["resolutionStatus"] == "rejected"
    assert world.see(guest, stay)["disputeStatus"] == "resolved"
    again = opened(host, stay)
    assert world.see(guest, stay)["disputeStatus"] == "requested"
    move(admin, again, "reviewing")
    opened(guest, stay)
    assert world.see(guest, stay)["disputeStatus"] == "active", (
        "active if one is reviewing, else requested if one is pending"
    )


def test_what_the_server_decides_may_be_sent_and_is_not_looked_at(
    world: World, host: Person, guest: Person, stranger: Person
) -> None:
    stay = world.confirmed(guest, world.listing(host))
    sent = {
        "reportedAt": "2020-01-01T00:00:00.000Z",
        "raisedBy": stranger.id,
        "adminId": stranger.id,
        "resolutionStatus": "resolved",
    }
    dispute = opened(guest, stay, **sent, resolvedAt="2020-01-01T00:00:00.000Z", refundApproved=True)
    assert (dispute["raisedBy"], dispute["resolutionStatus"], dispute["adminId"], dispute["resolvedAt"]) == (
        guest.id,
        "pending",
        None,
        None,
    )
    assert not dispute["refundApproved"]
    assert dispute["reportedAt"] > "2021"


def test_only_the_parties_open_and_only_an_admin_moves(
    world: World, host: Person, guest: Person, stranger: Person, moderator: Person, admin: Person
) -> None:
    stay = world.confirmed(guest, world.listing(host))
    refused(world.nobody.post(DISPUTES, form(stay)), 401)
    refused(stranger.post(DISPUTES, form(stay)), 404, "NOT_FOUND")
    refused(guest.post(DISPUTES, form({"id": ABSENT})), 404, "NOT_FOUND")
    for staff in (moderator, admin):
        answer = staff.post(DISPUTES, form(stay))
        assert answer.status_code in {403, 409}, told(answer)  # FORBIDDEN, or NOT_YOUR_STAY
        refused(answer, answer.status_code, "FORBIDDEN", "NOT_YOUR_STAY")
    dispute = opened(guest, stay)
    path = f"{DISPUTES}/{dispute['id']}"
    for seeing in (guest, host, moderator, admin):
        assert ok(seeing.get(path))["dispute"] == dispute
    refused(stranger.get(path), 404, "NOT_FOUND")
    refused(world.nobody.get(path), 401)
    for other in (guest, host, moderator):
        refused(other.patch(path, {"resolutionStatus": "reviewing"}), 403, "FORBIDDEN")
    refused(stranger.patch(path, {"resolutionStatus": "reviewing"}), 404, "NOT_FOUND")


def test_one_dispute_is_open_for_each_party(world: World, host: Person, guest: Person, admin: Person) -> None:
    stay = world.confirmed(guest, world.listing(host))
    first = opened(guest, stay)
    refused(guest.post(DISPUTES, form(stay)), 409, "DISPUTE_OPEN")
    opened(host, stay)
    move(admin, first, "reviewing")
    refused(guest.post(DISPUTES, form(stay)), 409, "DISPUTE_OPEN")
    move(admin, first, "rejected")
    opened(guest, stay)


def test_a_dispute_is_over_a_stay_that_was_agreed(world: World, host: Person, guest: Person) -> None:
    """Confirmed, complete or cancelled; not pending, not declined."""
    pending = world.book(guest, world.listing(host, approvalType="manual"))
    refused(guest.post(DISPUTES, form(pending)), 409, "WRONG_STATE")
    ok(host.patch(f"/v1/reservations/{pending['id']}", {"bookingStatus": "declined"}))
    refused(guest.post(DISPUTES, form(pending)), 409, "WRONG_STATE")
    cancelled = world.confirmed(guest, world.listing(host))
    world.cancel(guest, cancelled)
    opened(guest, cancelled)
    opened(guest, world.completed(guest, host))


def test_the_opener_may_change_what_it_is_about_while_pending(
    world: World, host: Person, guest: Person, admin: Person
) -> None:
    stay = world.confirmed(guest, world.listing(host))
    dispute = opened(guest, stay)
    path = f"{DISPUTES}/{dispute['id']}"
    changed = ok(guest.patch(path, {"issueType": "smell", "description": "Fish."}))["dispute"]
    assert (changed["issueType"], changed["description"], changed["recordVersion"]) == ("smell", "Fish.", 2)
    refused(host.patch(path, {"description": "x"}), 403, "FORBIDDEN")
    move(admin, dispute, "reviewing")
    refused(guest.patch(path, {"description": "x"}), 409, "WRONG_STATE")


def test_a_form_sent_whole_asks_for_what_is_new_in_it_alone(
    world: World, host: Person, guest: Person, admin: Person
) -> None:
    """As a client that sends all fields of an update back: what holds already is no request."""
    stay = world.confirmed(guest, world.listing(host))
    path = f"{DISPUTES}/{opened(guest, stay)['id']}"

    def send(caller: Caller, **new: Any) -> Json:
        shown = ok(caller.get(path))["dispute"]
        asked: Json = {name: shown[name] for name in FORM} | new
        answered: Json = ok(caller.patch(path, asked))["dispute"]
        return answered

    assert send(guest)["recordVersion"] == send(admin)["recordVersion"] == 1
    assert send(guest, description="Fish.")["recordVersion"] == 2
    assert send(admin, resolutionStatus="reviewing")["adminId"] == admin.id
    resolved = send(admin, resolutionStatus="resolved", refundApproved=True, refundAmount=28)
    assert (resolved["description"], resolved["refundAmount"], resolved["recordVersion"]) == ("Fish.", 28, 4)
    assert send(guest) == send(admin) == resolved
    refused(guest.patch(path, {"resolutionStatus": "rejected"}), 403, "FORBIDDEN")
    refused(admin.patch(path, {"description": "x"}), 403, "FORBIDDEN")


def test_resolving_with_a_refund_pays_the_guest_the_amount_named(
    world: World, host: Person, guest: Person, admin: Person
) -> None:
    """Whoever opened it, once."""
    stay = world.confirmed(guest, world.listing(host))
    dispute = opened(host, stay)
    resolved = closed(admin, dispute, refundApproved=True, refundAmount=50.25)
    assert resolved["refundApproved"] is True
    assert resolved["refundAmount"] == 50.25
    assert [row["refundAmount"] for row in world.records(stay, "refund")] == [50.25]
    assert move(admin, dispute, "resolved", refundApproved=True, refundAmount=50.25) == resolved
    assert len(world.records(stay, "refund")) == 1


def test_resolving_with_a_refund_and_no_amount_pays_all_that_is_left(
    world: World, host: Person, guest: Person, admin: Person
) -> None:
    stay = world.confirmed(guest, world.listing(host))
    closed(admin, opened(guest, stay), refundApproved=True, refundAmount=28)
    closed(admin, opened(guest, stay), refundApproved=True)
    assert [row["refundAmount"] for row in world.records(stay, "refund")] == [28, 200]


def test_more_than_is_left_is_refused(world: World, host: Person, guest: Person, admin: Person) -> None:
    stay = world.confirmed(guest, world.listing(host))
    dispute = opened(guest, stay)
    move(admin, dispute, "reviewing")
    path = f"{DISPUTES}/{dispute['id']}"
    asked = {"resolutionStatus": "resolved", "refundApproved": True}
    assert refused(admin.patch(path, asked | {"refundAmount": 228.01}), 409, "REFUND_TOO_LARGE") == {"left": 228}
    for wrong in (-5, 1.001, "all"):
        invalid(admin.patch(path, asked | {"refundAmount": wrong}), "refundAmount")
    assert ok(admin.get(path))["dispute"]["resolutionStatus"] == "reviewing"
    ok(admin.patch(path, asked | {"refundAmount": 228}))
    second = opened(guest, stay)
    move(admin, second, "reviewing")
    none = refused(admin.patch(f"{DISPUTES}/{second['id']}", asked | {"refundAmount": 0.01}), 409, "REFUND_TOO_LARGE")
    assert none == {"left": 0}


def test_after_sixty_days_it_is_too_late(world: World, host: Person, guest: Person) -> None:
    stay = world.completed(guest, host)
    end = instant(stay["checkOut"], "11:00")
    world.travel(end + timedelta(days=60) - timedelta(minutes=1))
    opened(host, stay)
    # "until 60 days after check-out": the instant, or the date by the listing's calendar.
    world.travel(end + timedelta(days=61))
    late = refused(guest.post(DISPUTES, form(stay)), 409, "DISPUTE_TOO_LATE")
    assert INSTANT.fullmatch(late["until"])


def test_a_dispute_refund_comes_off_the_payout(world: World, host: Person, guest: Person, admin: Person) -> None:
    """Payout = net nights + cleaning − host fee − dispute refunds; an open dispute holds it back."""
    world.morning()
    stay = world.confirmed(guest, world.listing(host), 1, 2)
    dispute = opened(guest, stay)
    due = instant(stay["checkIn"], "15:00") + timedelta(hours=24)
    world.travel(due + timedelta(hours=1))
    assert world.records(stay, "payout") == []
    closed(admin, dispute, refundApproved=True, refundAmount=50)
    assert [row["payoutAmountHost"] for row in world.records(stay, "payout")] == [200 - 6 - 50]


def test_a_refund_after_the_payout_adds_a_negative_difference(
    world: World, host: Person, guest: Person, admin: Person
) -> None:
    stay = world.completed(guest, host, nights=2)
    assert [row["payoutAmountHost"] for row in world.records(stay, "payout")] == [194]
    closed(admin, opened(guest, stay), refundApproved=True, refundAmount=50)
    assert [row["payoutAmountHost"] for row in world.records(stay, "payout")] == [194, -50]
    closed(admin, opened(guest, stay), refundApproved=True)
    payouts = [dec(row["payoutAmountHost"]) for row in world.records(stay, "payout")]
    assert sum(payouts) == Decimal(0), "never below 0"
    assert sum(row["refundAmount"] for row in world.records(stay, "refund")) == stay["totalPrice"]


def test_disputes_are_listed_for_their_parties_and_filtered(
    world: World, host: Person, guest: Person, stranger: Person, admin: Person
) -> None:
    stay = world.confirmed(guest, world.listing(host))
    first, second = opened(guest, stay), opened(host, stay)
    move(admin, second, "reviewing")
    for caller in (guest, host, admin):
        assert {row["id"] for row in rows(caller, DISPUTES, reservationId=stay["id"])} == {first["id"], second["id"]}
        found = rows(caller, DISPUTES, reservationId=stay["id"], resolutionStatus="reviewing")
        assert [row["id"] for row in found] == [second["id"]]
    assert ok(stranger.get(DISPUTES, reservationId=stay["id"]))["paging"]["totalRowCount"] == 0
    invalid(guest.get(DISPUTES, resolutionStatus="lost"), "resolutionStatus")


@pytest.mark.parametrize("field", ["reservationId", "issueType", "description"])
def test_what_a_dispute_needs_is_named(world: World, host: Person, guest: Person, field: str) -> None:
    body = form(world.confirmed(guest, world.listing(host)))
    del body[field]
    invalid(guest.post(DISPUTES, body), field)


def test_every_admin_action_leaves_an_entry(world: World, host: Person, guest: Person, admin: Person) -> None:
    """In the dispute's history: who did what, when."""
    stay = world.confirmed(guest, world.listing(host))
    dispute = opened(guest, stay)
    closed(admin, dispute, refundApproved=True, refundAmount=5)
    body = ok(admin.get(f"{DISPUTES}/{dispute['id']}/history"))
    entries = body[body["dataName"]]
    assert len(entries) >= 3
    assert sum(admin.id in str(entry) for entry in entries) >= 2
