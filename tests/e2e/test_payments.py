"""Money: every method of the simulator, signed callbacks, late payments, payouts."""

import hashlib
import hmac
import json
import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.money import Worked, dec
from tests.e2e.talk import ABSENT, Json, Person, ok, position, refused, told
from tests.e2e.test_quotes import worked
from tests.e2e.world import World, instant, rows

CALLBACK = "/v1/callbackreservationpayment"
SECRET = "whsec_innkeep"
moment = datetime.fromisoformat


def attempt_of(world: World, stay: Json) -> Json:
    """The newest attempt to pay for a stay."""
    found: Json = ok(world.root.get(f"/v1/reservationpaymentbyorderid/{stay['id']}"))["sys_reservationPayment"]
    return found


# Starting


def test_a_card_pays(world: World, host: Person, guest: Person) -> None:
    stay = world.book(guest, world.listing(host))
    body = ok(world.start(guest, stay))
    assert (body["dataName"], body["action"]) == ("reservation", "update")
    result = body["paymentResult"]
    assert result["orderId"] == stay["id"]
    assert (result["amount"], result["currency"].upper(), result["success"]) == (228, "EUR", True)
    paid = body["reservation"]
    assert (paid["bookingStatus"], paid["paymentConfirmation"]) == ("confirmed", "paid")
    attempt = attempt_of(world, stay)
    assert attempt["paymentId"] == result["paymentId"]
    assert attempt["orderId"] == stay["id"]
    by_payment = ok(guest.get(f"/v1/reservationpaymentbypaymentid/{result['paymentId']}"))["sys_reservationPayment"]
    assert by_payment == ok(guest.get(f"/v1/reservationpayment/{attempt['id']}"))["sys_reservationPayment"]
    refused(world.start(guest, stay), 409, "PAYMENT_OPEN")


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
    first = attempt_of(world, stay)
    refused(world.start(guest, stay, "pm_card_chargeDeclined"), 402, "PAYMENT_DECLINED")
    assert attempt_of(world, stay)["id"] != first["id"], "by order id gives the newest"
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


# Who sees the money


def test_who_sees_which_record(world: World, host: Person, guest: Person, stranger: Person, moderator: Person) -> None:
    """Charge, refund and attempt: guest and admin; payout: host and admin."""
    stay = world.completed(guest, host, nights=2)
    (charge,), (payout,) = world.records(stay, "charge"), world.records(stay, "payout")
    attempt = attempt_of(world, stay)
    for record, seeing, blind in ((charge, guest, host), (payout, host, guest)):
        path = f"/v1/paymentrecords/{record['id']}"
        for caller in (seeing, world.root):
            assert ok(caller.get(path))["paymentRecord"]["id"] == record["id"]
        for caller in (blind, stranger, moderator):
            refused(caller.get(path), 404, "NOT_FOUND")
        refused(world.nobody.get(path), 401)
        body = ok(seeing.get("/v1/paymentrecords", reservationId=stay["id"]))
        assert [row["id"] for row in body["paymentRecords"]] == [record["id"]]
        assert body["paging"]["totalRowCount"] == 1
    for path in (
        f"/v1/reservationpayment/{attempt['id']}",
        f"/v1/reservationpaymentbyorderid/{stay['id']}",
        f"/v1/reservationpaymentbypaymentid/{attempt['paymentId']}",
    ):
        ok(guest.get(path))
        for caller in (host, stranger):
            refused(caller.get(path), 404, "NOT_FOUND")
    assert rows(stranger, "/v1/reservationpayments", orderId=stay["id"]) == []
    assert len(rows(guest, "/v1/reservationpayments", orderId=stay["id"])) == 1


def test_nobody_writes_payment_state(world: World, host: Person, guest: Person, stranger: Person) -> None:
    stay = world.confirmed(guest, world.listing(host))
    attempt = attempt_of(world, stay)
    note = {
        "reservationId": stay["id"],
        "paymentIntentId": "x",
        "currency": "EUR",
        "amountPaid": 5,
        "paymentStatus": "paid",
    }
    refused(guest.post("/v1/paymentrecords", note), 403, "FORBIDDEN")
    made = {"orderId": stay["id"], "paymentId": "pi_x", "paymentStatus": "succeeded", "statusLiteral": "succeeded"}
    refused(world.root.post("/v1/reservationpayment", made), 409, "SERVER_OWNED")
    refused(world.root.delete(f"/v1/reservationpayment/{attempt['id']}"), 409, "SERVER_OWNED")
    path = f"/v1/reservationpayment/{attempt['id']}"
    changed = ok(world.root.patch(path, {"redirectUrl": "https://x.example/back"}))["sys_reservationPayment"]
    assert changed["redirectUrl"] == "https://x.example/back"
    for sent in ({"paymentStatus": "failed"}, {"statusLiteral": "failed"}, {"paymentId": "pi_other"}):
        world.root.patch(path, sent)
        assert attempt_of(world, stay) == changed, sent
    refused(guest.patch(path, {"redirectUrl": "x"}), 403, "FORBIDDEN")
    answer = guest.patch(f"/v1/reservations/{stay['id']}", {"paymentConfirmation": "pending"})
    assert answer.status_code < 500, told(answer)
    assert world.see(guest, stay)["paymentConfirmation"] == "paid"


def test_a_manual_note_moves_no_money(world: World, admin: Person, host: Person, guest: Person) -> None:
    stay = world.confirmed(guest, world.listing(host))
    note = {
        "reservationId": stay["id"],
        "paymentIntentId": "bank",
        "currency": "EUR",
        "amountPaid": 500,
        "paymentStatus": "paid",
    }
    made = ok(admin.post("/v1/paymentrecords", note), 201)["paymentRecord"]
    assert made["kind"] == "manual"
    assert world.see(guest, stay) == stay
    world.cancel(host, stay)
    assert sum(row["refundAmount"] for row in world.records(stay, "refund")) == stay["totalPrice"]
    refused(world.root.post("/v1/paymentrecords", note | {"reservationId": ABSENT}), 404, "NOT_FOUND")


# Callbacks


def event(stay: Json, payment: str, kind: str = "payment_intent.succeeded", **over: Any) -> Json:
    """An event as Stripe writes them."""
    status = {
        "succeeded": "succeeded",
        "payment_failed": "requires_payment_method",
        "processing": "processing",
        "canceled": "canceled",
    }
    amount = round(stay["totalPrice"] * 100)
    return {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "api_version": "2025-01-27.acacia",
        "created": int(time.time()),
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
        "data": {
            "object": {
                "id": payment,
                "object": "payment_intent",
                "amount": amount,
                "amount_received": amount if kind.endswith("succeeded") else 0,
                "currency": stay["currency"].lower(),
                "status": status.get(kind.rpartition(".")[2], "processing"),
                "metadata": {"reservationId": stay["id"], "orderId": stay["id"]},
                "latest_charge": f"ch_{uuid4().hex}",
            }
        },
    } | over


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None) -> str:
    """Stripe's signature header."""
    stamp = int(time.time() if at is None else at)
    mac = hmac.new(secret.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={mac}"


def call_back(world: World, told_event: Json, **how: Any) -> httpx.Response:
    body = json.dumps(told_event).encode()
    headers = {
        "Stripe-Signature": how.pop("signature", None) or signed(body, **how),
        "Content-Type": "application/json",
    }
    return world.nobody.ask("POST", CALLBACK, headers, content=body)


def open_payment(world: World, host: Person, guest: Person, **params: Any) -> tuple[Json, str]:
    """A stay whose payment is under way, and the payment's id."""
    stay = world.book(guest, world.listing(host))
    result = ok(world.start(guest, stay, "pm_card_processing", **params))["paymentResult"]
    return stay, result["paymentId"]


def test_a_signed_callback_settles(world: World, host: Person, guest: Person) -> None:
    stay, payment = open_payment(world, host, guest)
    assert call_back(world, event(stay, payment)).status_code == 200
    seen = world.see(guest, stay)
    assert (seen["bookingStatus"], seen["paymentConfirmation"]) == ("confirmed", "paid")
    world.advance("PT11M")
    assert [row["kind"] for row in world.records(stay)] == ["charge"], "what the provider says again changes nothing"


def test_a_known_event_writes_nothing(world: World, host: Person, guest: Person) -> None:
    stay, payment = open_payment(world, host, guest)
    heard = event(stay, payment)
    first = call_back(world, heard)
    again = call_back(world, heard)
    assert (first.status_code, again.status_code) == (200, 200)
    assert position(again) == position(first)
    assert len(world.records(stay)) == 1
    another = event(stay, payment)
    assert call_back(world, another).status_code == 200
    assert len(world.records(stay)) == 1, "the same fact under another id charges nothing"


def test_callbacks_in_any_order_end_the_same(world: World, host: Person, guest: Person) -> None:
    stay, payment = open_payment(world, host, guest)
    assert call_back(world, event(stay, payment)).status_code == 200
    for late in (
        "payment_intent.processing",
        "payment_intent.created",
        "payment_intent.requires_action",
        "payment_intent.payment_failed",
    ):
        assert call_back(world, event(stay, payment, late)).status_code == 200
        assert world.see(guest, stay)["paymentConfirmation"] == "paid", late
    assert world.see(guest, stay)["bookingStatus"] == "confirmed"
    assert [row["kind"] for row in world.records(stay, "charge")] == ["charge"]


def test_a_failed_callback_opens_the_way_for_another_attempt(world: World, host: Person, guest: Person) -> None:
    stay, payment = open_payment(world, host, guest)
    assert call_back(world, event(stay, payment, "payment_intent.payment_failed")).status_code == 200
    assert world.see(guest, stay)["paymentConfirmation"] == "pending"
    assert world.pay(guest, stay)["bookingStatus"] == "confirmed"


def test_forged_callbacks_are_400_and_write_nothing(world: World, host: Person, guest: Person) -> None:
    stay, payment = open_payment(world, host, guest)
    heard = event(stay, payment)
    body = json.dumps(heard).encode()
    good = signed(body)
    stamp = good.split(",", maxsplit=1)[0]
    for forged in (
        signed(body, secret="whsec_other"),
        signed(body + b" "),
        signed(body, at=time.time() - 3600),
        f"{stamp},v1={'0' * 64}",
        f"{stamp},v0={good.partition('v1=')[2]}",
        good.partition(",")[2],
        "t=now,v1=x",
        "x",
    ):
        refused(call_back(world, heard, signature=forged), 400)
    refused(world.nobody.ask("POST", CALLBACK, content=body), 400)
    assert world.see(guest, stay)["bookingStatus"] == "pending"
    assert world.records(stay) == []
    assert call_back(world, heard).status_code == 200, "the true event is still news"
    assert world.see(guest, stay)["bookingStatus"] == "confirmed"


def test_the_reservation_comes_from_the_signed_event_alone(world: World, host: Person, guest: Person) -> None:
    """A callback names its payment; a reservation beside it is not looked at."""
    stay, payment = open_payment(world, host, guest)
    other = world.book(guest, world.listing(host))
    assert call_back(world, event(stay, payment) | {"reservationId": other["id"]}).status_code in {200, 400}
    assert world.see(guest, other)["bookingStatus"] == "pending"
    assert world.records(other) == []


def test_signed_nonsense_breaks_nothing(world: World, host: Person, guest: Person) -> None:
    stay, payment = open_payment(world, host, guest)
    for odd in (
        event(stay, payment, "customer.created"),
        event({**stay, "id": ABSENT}, "pi_unknown"),
        event(stay, payment) | {"data": {}},
        {"id": "evt_x"},
        {},
    ):
        answer = call_back(world, odd)
        assert answer.status_code in {200, 400, 404}, told(answer)
    body = b"not json"
    answer = world.nobody.ask("POST", CALLBACK, {"Stripe-Signature": signed(body)}, content=body)
    refused(answer, 400)
    assert world.see(guest, stay)["paymentConfirmation"] == "processing"


# Late payments


def late(world: World, guest: Person, place: Json, **over: Any) -> Json:
    """A stay that expired while its payment was on the way; it settles 20 minutes after the request."""
    stay = world.book(guest, place, **over)
    world.pay(guest, stay, "pm_card_processing", settleAfterSeconds=1200)
    world.travel(moment(stay["holdExpiresAt"]))
    seen = world.see(guest, stay)
    assert (seen["bookingStatus"], seen["cancelledBy"]) == ("cancelled", "expired")
    return stay


def balance(world: World, stay: Json) -> Decimal:
    """What a guest is out of pocket."""
    return sum(
        (
            dec(row["amountPaid"]) - dec(row["refundAmount"])
            for row in world.records(stay)
            if row["kind"] in {"charge", "refund"}
        ),
        Decimal(0),
    )


def test_a_late_payment_of_an_instant_stay_takes_its_free_nights_again(
    world: World, host: Person, guest: Person, stranger: Person
) -> None:
    place = world.listing(host)
    stay = late(world, guest, place)
    world.advance("PT10M")
    seen = world.see(guest, stay)
    assert (seen["bookingStatus"], seen["paymentConfirmation"], seen["cancelledBy"]) == ("confirmed", "paid", None)
    refused(stranger.post("/v1/reservations", world.stay(place)), 409, "NIGHTS_TAKEN")
    assert balance(world, stay) == dec(stay["totalPrice"])


def test_a_late_payment_whose_nights_are_gone_is_refunded_in_full(
    world: World, host: Person, guest: Person, stranger: Person
) -> None:
    place = world.listing(host)
    stay = late(world, guest, place, nights=3)
    other = world.confirmed(stranger, place, 32, 2)  # one night of the three
    world.advance("PT10M")
    seen = world.see(guest, stay)
    assert (seen["bookingStatus"], seen["cancelledBy"]) == ("cancelled", "expired")
    assert balance(world, stay) == 0
    assert sum(row["refundAmount"] for row in world.records(stay, "refund")) in {0, stay["totalPrice"]}
    assert world.see(stranger, other)["bookingStatus"] == "confirmed"


def test_a_late_payment_after_the_check_in_date_is_refunded(world: World, host: Person, guest: Person) -> None:
    world.morning()
    place = world.listing(host)
    stay = world.book(guest, place, 0, 1)
    world.pay(guest, stay, "pm_card_processing", settleAfterSeconds=24 * 3600)
    world.advance("P1D")
    seen = world.see(guest, stay)
    assert seen["bookingStatus"] == "cancelled"
    assert balance(world, stay) == 0


def test_a_late_authorisation_of_a_manual_request_is_voided(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host, approvalType="manual")
    stay = late(world, guest, place)
    world.advance("PT10M")
    seen = world.see(guest, stay)
    assert (seen["bookingStatus"], seen["cancelledBy"], seen["paymentConfirmation"]) == (
        "cancelled",
        "expired",
        "canceled",
    )
    assert balance(world, stay) == 0
    world.book(guest, place)


def test_a_payment_that_settles_after_the_guest_cancelled_is_refunded(
    world: World, host: Person, guest: Person
) -> None:
    place = world.listing(host)
    stay = world.book(guest, place)
    world.pay(guest, stay, "pm_card_processing")
    world.cancel(guest, stay)
    world.advance("PT20M")
    seen = world.see(guest, stay)
    assert (seen["bookingStatus"], seen["cancelledBy"]) == ("cancelled", "guest")
    assert balance(world, stay) == 0
    world.book(guest, place)


def test_a_late_callback_counts_as_a_late_payment(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    stay = world.book(guest, place)
    result = ok(world.start(guest, stay, "pm_card_processing", settleAfterSeconds=86400))["paymentResult"]
    world.travel(moment(stay["holdExpiresAt"]))
    assert world.see(guest, stay)["bookingStatus"] == "cancelled"
    assert call_back(world, event(stay, result["paymentId"])).status_code == 200
    assert world.see(guest, stay)["bookingStatus"] == "confirmed"
    assert balance(world, stay) == dec(stay["totalPrice"])


def test_a_hosts_decline_during_a_payment_keeps_no_money(world: World, host: Person, guest: Person) -> None:
    stay = world.book(guest, world.listing(host, approvalType="manual"))
    world.pay(guest, stay, "pm_card_processing")
    ok(host.patch(f"/v1/reservations/{stay['id']}", {"bookingStatus": "declined"}))
    world.advance("PT20M")
    seen = world.see(guest, stay)
    assert (seen["bookingStatus"], seen["paymentConfirmation"]) == ("declined", "canceled")
    assert balance(world, stay) == 0


# Payouts


def test_the_host_is_paid_a_day_after_check_in(world: World, host: Person, guest: Person) -> None:
    world.morning()
    stay = world.pay(guest, world.book(guest, worked(world, host, 1), 1, 8))
    check_in = instant(stay["checkIn"], "15:00")
    world.travel(check_in + timedelta(hours=24) - timedelta(seconds=30))
    assert world.records(stay, "payout") == []
    world.travel(check_in + timedelta(hours=24))
    (payout,) = world.records(stay, "payout")
    assert payout["paymentStatus"] == "paid"
    assert dec(payout["payoutAmountHost"]) == Worked.net + Worked.cleaning - Worked.host_fee
    assert (payout["amountPaid"], payout["refundAmount"], payout["cityTax"], payout["platformFee"]) == (0, 0, 0, 0)
    (charge,) = world.records(stay, "charge")
    held = dec(charge["cityTax"]) + dec(charge["platformFee"])
    assert dec(charge["amountPaid"]) == dec(payout["payoutAmountHost"]) + held, "money in = money out + held"


def test_a_host_who_keeps_half_is_paid_for_half(world: World, host: Person, guest: Person) -> None:
    """Strict at 50 %: kept 444.63, host fee 13.34, payout 431.29."""
    world.morning()
    stay = world.pay(guest, world.book(guest, worked(world, host, 12, cancellationPolicy={"tier": "strict"}), 12, 8))
    world.advance("P2D")
    world.cancel(guest, stay)
    world.travel(instant(stay["checkIn"], "15:00") + timedelta(hours=24))
    (payout,) = world.records(stay, "payout")
    assert dec(payout["payoutAmountHost"]) == Decimal("431.29")


def test_a_host_who_keeps_nothing_is_not_paid(world: World, host: Person, guest: Person) -> None:
    world.morning()
    stay = world.confirmed(guest, world.listing(host), 2, 1)
    world.cancel(host, stay)
    world.travel(instant(stay["checkIn"], "15:00") + timedelta(hours=25))
    assert [row for row in world.records(stay, "payout") if row["payoutAmountHost"]] == []
