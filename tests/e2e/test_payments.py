"""Paying for a stay: every method of the simulator, what makes no sense, and who pays."""

from datetime import datetime
from typing import Any

import pytest

from tests.e2e.money import Worked, dec
from tests.e2e.talk import ABSENT, Person, ok, refused
from tests.e2e.test_quotes import worked
from tests.e2e.world import World

moment = datetime.fromisoformat


def test_a_card_pays(world: World, host: Person, guest: Person) -> None:
    stay = world.book(guest, world.listing(host))
    body = ok(world.start(guest, stay))
    assert (body["dataName"], body["action"]) == ("reservation", "update")
    result = body["paymentResult"]
    assert result["orderId"] == stay["id"]
    assert (result["amount"], result["currency"].upper(), result["success"]) == (228, "EUR", True)
    paid = body["reservation"]
    assert (paid["bookingStatus"], paid["paymentConfirmation"]) == ("confirmed", "paid")
    attempt = world.attempt(stay)
    assert attempt["paymentId"] == result["paymentId"]
    assert attempt["orderId"] == stay["id"]
    by_payment = ok(guest.get(f"/v1/reservationpaymentbypaymentid/{result['paymentId']}"))["sys_reservationPayment"]
    assert by_payment == ok(guest.get(f"/v1/reservationpayment/{attempt['id']}"))["sys_reservationPayment"]
    refused(world.start(guest, stay), 409, "PAYMENT_OPEN")


def test_the_answer_to_a_declined_card_is_described(world: World) -> None:
    """Whoever pays, and the host whose acceptance captures, may be answered so."""
    paths = ok(world.nobody.get("/openapi.json"))["paths"]
    for path in ("/v1/startreservationpayment/{reservationId}", "/v1/reservations/{reservationId}"):
        assert "402" in paths[path]["patch"]["responses"]


def test_a_charge_is_a_record(world: World, host: Person, guest: Person) -> None:
    stay = world.pay(guest, world.book(guest, worked(world, host, 30), 30, 8))
    (charge,) = world.records(stay)
    assert (charge["kind"], charge["paymentStatus"]) == ("charge", "paid")
    assert dec(charge["amountPaid"]) == Worked.total
    assert dec(charge["cityTax"]) == Worked.tax
    assert dec(charge["platformFee"]) == Worked.service + Worked.host_fee
    assert (charge["refundAmount"], charge["payoutAmountHost"]) == (0, 0)
    assert charge["reservationId"] == stay["id"]
    assert charge["currency"] == "EUR"
    assert charge["paymentIntentId"]


def test_a_declined_card_is_402_recorded_and_may_be_followed_by_another(
    world: World, host: Person, guest: Person
) -> None:
    stay = world.book(guest, world.listing(host))
    refused(world.start(guest, stay, "pm_card_chargeDeclined"), 402, "PAYMENT_DECLINED")
    seen = world.see(guest, stay)
    assert (seen["bookingStatus"], seen["paymentConfirmation"]) == ("pending", "pending")
    assert [row["kind"] for row in world.records(stay)] == ["failed"]
    first = world.attempt(stay)
    refused(world.start(guest, stay, "pm_card_chargeDeclined"), 402, "PAYMENT_DECLINED")
    assert world.attempt(stay)["id"] != first["id"], "by order id gives the newest"
    assert world.pay(guest, stay)["bookingStatus"] == "confirmed"
    assert [row["kind"] for row in world.records(stay)] == ["failed", "failed", "charge"]


def test_after_the_hold_a_payment_is_refused(world: World, host: Person, guest: Person) -> None:
    stay = world.book(guest, world.listing(host))
    refused(world.start(guest, stay, "pm_card_chargeDeclined"), 402)
    world.travel(moment(stay["holdExpiresAt"]))
    refused(world.start(guest, stay), 409, "HOLD_EXPIRED")


def test_a_card_may_ask_for_the_holder(world: World, host: Person, guest: Person) -> None:
    stay = world.book(guest, world.listing(host))
    body = ok(world.start(guest, stay, "pm_card_authenticationRequired"))
    assert "requires_action" in {body["paymentResult"]["paymentStatus"], body["paymentResult"]["statusLiteral"]}
    assert (body["reservation"]["bookingStatus"], body["reservation"]["paymentConfirmation"]) == (
        "pending",
        "processing",
    )
    refused(world.start(guest, stay), 409, "PAYMENT_OPEN")
    settled = ok(guest.patch(f"/v1/refreshreservationpayment/{stay['id']}", {}))
    assert settled["reservation"]["bookingStatus"] == "confirmed"
    assert settled["paymentResult"]["paymentId"] == body["paymentResult"]["paymentId"]
    again = ok(guest.patch(f"/v1/refreshreservationpayment/{stay['id']}", {}))
    assert again["reservation"] == settled["reservation"]
    assert [row["kind"] for row in world.records(stay)] == ["charge"]


def test_a_slow_payment_settles_in_ten_minutes_by_the_products_clock(world: World, host: Person, guest: Person) -> None:
    stay = world.book(guest, world.listing(host))
    started = world.pay(guest, stay, "pm_card_processing")
    assert (started["bookingStatus"], started["paymentConfirmation"]) == ("pending", "processing")
    refused(world.start(guest, stay), 409, "PAYMENT_OPEN")
    world.advance("PT9M")
    assert world.see(guest, stay)["paymentConfirmation"] == "processing"
    world.advance("PT1M")
    seen = world.see(guest, stay)
    assert (seen["bookingStatus"], seen["paymentConfirmation"]) == ("confirmed", "paid")


def test_when_and_how_a_slow_payment_settles_may_be_said(world: World, host: Person, guest: Person) -> None:
    stay = world.book(guest, world.listing(host))
    world.pay(guest, stay, "pm_card_processing", settleAfterSeconds=60, outcome="failed")
    world.advance("PT61S")
    seen = world.see(guest, stay)
    assert (seen["bookingStatus"], seen["paymentConfirmation"]) == ("pending", "pending")
    assert [row["kind"] for row in world.records(stay)] == ["failed"]
    world.pay(guest, stay, "pm_card_processing", settleAfterSeconds=60)
    world.advance("PT61S")
    assert world.see(guest, stay)["bookingStatus"] == "confirmed"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"paymentMethodId": ""},
        {"paymentMethodId": 5},
        {"paymentMethodId": "pm_card_processing", "settleAfterSeconds": -1},
        {"paymentMethodId": "pm_card_processing", "outcome": "maybe"},
        "pm_card_visa",
        None,
    ],
)
def test_payment_parameters_that_make_no_sense_are_400(world: World, host: Person, guest: Person, params: Any) -> None:
    stay = world.book(guest, world.listing(host))
    refused(guest.patch(f"/v1/startreservationpayment/{stay['id']}", {"paymentUserParams": params}), 400, "INVALID")
    refused(guest.patch(f"/v1/startreservationpayment/{stay['id']}", {}), 400, "INVALID")
    assert world.see(guest, stay) == stay


def test_only_the_guest_pays(world: World, host: Person, guest: Person, stranger: Person, moderator: Person) -> None:
    stay = world.book(guest, world.listing(host))
    refused(world.start(stranger, stay), 404, "NOT_FOUND")
    for seeing in (host, moderator):
        refused(world.start(seeing, stay), 403, "FORBIDDEN")
    refused(world.start(guest, {"id": ABSENT}), 404, "NOT_FOUND")


def test_a_guest_who_cancels_an_uncaptured_request_is_voided(world: World, host: Person, guest: Person) -> None:
    stay = world.pay(guest, world.book(guest, world.listing(host, approvalType="manual")))
    cancelled = world.cancel(guest, stay)
    assert (cancelled["bookingStatus"], cancelled["paymentConfirmation"], cancelled["refund"]) == (
        "cancelled",
        "canceled",
        None,
    )
    assert world.records(stay, "charge") == []
    assert world.records(stay, "refund") == []
