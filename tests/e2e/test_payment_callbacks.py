"""Signed callbacks settle a payment once, in whatever order; forged ones write nothing."""

import json
import time

from tests.e2e.callbacks import CALLBACK, call_back, event, open_payment, signed
from tests.e2e.talk import ABSENT, Person, position, refused, told
from tests.e2e.world import World


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


def test_a_refund_that_comes_back_is_given_anew(world: World, host: Person, guest: Person) -> None:
    stay = world.confirmed(guest, world.listing(host))
    world.cancel(host, stay)
    (given,) = world.records(stay, "refund")
    metadata = {"reservationId": stay["id"], "refundId": given["id"], "tries": "1"}
    refund = {"id": "re_1", "object": "refund", "status": "failed", "metadata": metadata}
    heard = {"id": f"evt_{given['id']}", "object": "event", "type": "refund.failed", "data": {"object": refund}}
    first, again = call_back(world, heard), call_back(world, heard)
    assert (first.status_code, again.status_code) == (200, 200)
    assert position(again) == position(first)
    came = [row for row in world.records(stay, "refund") if row["id"] != given["id"]]
    assert [(row["paymentStatus"], row["refundAmount"]) for row in came] == [("failed", -given["refundAmount"])]
    world.advance("P1D")
    records = world.records(stay, "refund")
    assert len(records) == 3
    assert sum(row["refundAmount"] for row in records) == stay["totalPrice"]


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
