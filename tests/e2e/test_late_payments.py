"""Payments that settle after their stay has ended: the nights are taken again, or the money goes back."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.e2e.callbacks import call_back, event
from tests.e2e.money import dec
from tests.e2e.talk import Json, Person, ok, refused
from tests.e2e.world import World

moment = datetime.fromisoformat


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
