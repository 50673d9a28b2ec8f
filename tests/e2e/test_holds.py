"""How long a stay that was asked for is held: until it is paid, accepted, declined, or expires."""

from datetime import datetime, timedelta

from tests.e2e.talk import Person, ok, refused
from tests.e2e.world import World, instant

RESERVATIONS = "/v1/reservations"
moment = datetime.fromisoformat


def test_a_hold_is_fifteen_minutes_and_then_the_nights_are_free(
    world: World, host: Person, guest: Person, stranger: Person
) -> None:
    world.morning()
    place = world.listing(host)
    stay = world.book(guest, place)
    expires = moment(stay["holdExpiresAt"])
    assert expires - moment(stay["createdAt"]) == timedelta(minutes=15)
    world.travel(expires - timedelta(seconds=20))
    refused(stranger.post(RESERVATIONS, world.stay(place)), 409, "NIGHTS_TAKEN")
    assert world.see(guest, stay)["bookingStatus"] == "pending"
    world.travel(expires)
    seen = world.see(guest, stay)
    assert (seen["bookingStatus"], seen["cancelledBy"], seen["paymentConfirmation"]) == (
        "cancelled",
        "expired",
        "canceled",
    )
    refused(world.start(guest, stay), 409, "HOLD_EXPIRED", "WRONG_STATE")
    world.book(stranger, place)


def test_instant_payment_confirms(world: World, host: Person, guest: Person) -> None:
    stay = world.confirmed(guest, world.listing(host))
    assert (stay["bookingStatus_idx"], stay["paymentConfirmation_idx"]) == (1, 2)
    world.advance("PT20M")
    assert world.see(guest, stay)["bookingStatus"] == "confirmed"


def test_manual_waits_for_the_host_for_a_day(world: World, host: Person, guest: Person) -> None:
    world.morning()
    place = world.listing(host, approvalType="manual")
    stay = world.book(guest, place)
    path = f"{RESERVATIONS}/{stay['id']}"
    refused(host.patch(path, {"bookingStatus": "confirmed"}), 409, "PAYMENT_NOT_AUTHORISED")
    held = world.pay(guest, stay)
    assert (held["bookingStatus"], held["paymentConfirmation"]) == ("pending", "processing")
    assert moment(held["holdExpiresAt"]) - moment(stay["createdAt"]) == timedelta(hours=24)
    accepted = ok(host.patch(path, {"bookingStatus": "confirmed"}))["reservation"]
    assert (accepted["bookingStatus"], accepted["paymentConfirmation"]) == ("confirmed", "paid")
    assert [row["amountPaid"] for row in world.records(stay, "charge")] == [stay["totalPrice"]]


def test_the_hosts_day_ends_with_the_check_in_date(world: World, host: Person, guest: Person) -> None:
    world.morning()
    place = world.listing(host, approvalType="manual")
    stay = world.pay(guest, world.book(guest, place, 0, 1))
    assert moment(stay["holdExpiresAt"]) == instant(world.day(1))


def test_an_unanswered_request_expires_and_is_voided(world: World, host: Person, guest: Person) -> None:
    world.morning()
    place = world.listing(host, approvalType="manual")
    stay = world.pay(guest, world.book(guest, place))
    world.travel(moment(stay["holdExpiresAt"]))
    seen = world.see(guest, stay)
    assert (seen["bookingStatus"], seen["cancelledBy"], seen["paymentConfirmation"]) == (
        "cancelled",
        "expired",
        "canceled",
    )
    assert world.records(stay, "charge") == []
    refused(
        host.patch(f"{RESERVATIONS}/{stay['id']}", {"bookingStatus": "confirmed"}), 409, "HOLD_EXPIRED", "WRONG_STATE"
    )
    world.book(guest, place)


def test_declining_voids_and_frees(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host, approvalType="manual")
    stay = world.pay(guest, world.book(guest, place))
    path = f"{RESERVATIONS}/{stay['id']}"
    refused(guest.patch(path, {"bookingStatus": "declined"}), 403, "FORBIDDEN")
    declined = ok(host.patch(path, {"bookingStatus": "declined"}))["reservation"]
    assert (declined["bookingStatus"], declined["paymentConfirmation"]) == ("declined", "canceled")
    assert world.records(stay, "charge") == []
    again = ok(host.patch(path, {"bookingStatus": "declined"}))["reservation"]
    assert again == declined, "a request for what already holds records nothing"
    refused(host.patch(path, {"bookingStatus": "confirmed"}), 409, "WRONG_STATE")
    refused(guest.patch(path, {"bookingStatus": "cancelled"}), 409, "WRONG_STATE")
    refused(world.start(guest, stay), 409, "WRONG_STATE", "HOLD_EXPIRED", "PAYMENT_OPEN")
    world.book(guest, place)


def test_declining_an_unpaid_request(world: World, host: Person, guest: Person) -> None:
    stay = world.book(guest, world.listing(host, approvalType="manual"))
    declined = ok(host.patch(f"{RESERVATIONS}/{stay['id']}", {"bookingStatus": "declined"}))["reservation"]
    assert declined["bookingStatus"] == "declined"


def test_only_the_host_or_an_admin_accepts(
    world: World, host: Person, guest: Person, stranger: Person, moderator: Person
) -> None:
    stay = world.pay(guest, world.book(guest, world.listing(host, approvalType="manual")))
    path = f"{RESERVATIONS}/{stay['id']}"
    refused(guest.patch(path, {"bookingStatus": "confirmed"}), 403, "FORBIDDEN")
    refused(moderator.patch(path, {"bookingStatus": "confirmed"}), 403, "FORBIDDEN")
    refused(stranger.patch(path, {"bookingStatus": "confirmed"}), 404, "NOT_FOUND")
    refused(world.nobody.patch(path, {"bookingStatus": "confirmed"}), 401)
    assert world.see(guest, stay)["bookingStatus"] == "pending"
