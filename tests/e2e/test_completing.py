"""The clock completes a stay, and nobody else; what may still be changed of one."""

from datetime import datetime, timedelta

from tests.e2e.talk import Person, invalid, ok, refused, told
from tests.e2e.world import World, instant, rows

RESERVATIONS = "/v1/reservations"
moment = datetime.fromisoformat


def test_a_stay_completes_at_the_listings_check_out_time(world: World, host: Person, guest: Person) -> None:
    world.morning()
    zone = "America/New_York"
    place = world.listing(
        host, location={"lat": 40.7, "lon": -74.0, "timeZone": zone}, bookingPolicies={"checkOutTime": "10:30"}
    )
    stay = world.confirmed(guest, place, 1, 1)
    end = instant(stay["checkOut"], "10:30", zone)
    world.travel(end - timedelta(seconds=30))
    assert world.see(guest, stay)["bookingStatus"] == "confirmed"
    world.travel(end)
    seen = world.see(guest, stay)
    assert seen["bookingStatus"] == "complete"
    closes = moment(seen["reviewsCloseAt"])
    assert closes - end == timedelta(days=14)


def test_nobody_completes_a_stay_by_hand(world: World, host: Person, guest: Person) -> None:
    stay = world.confirmed(guest, world.listing(host))
    for caller in (guest, host, world.root):
        answer = caller.patch(f"{RESERVATIONS}/{stay['id']}", {"bookingStatus": "complete"})
        assert answer.status_code in {400, 403, 409}, told(answer)
        refused(answer, answer.status_code)
    assert world.see(guest, stay) == stay


def test_nothing_leaves_complete(world: World, host: Person, guest: Person) -> None:
    stay = world.completed(guest, host)
    for caller in (guest, host, world.root):
        refused(caller.patch(f"{RESERVATIONS}/{stay['id']}", {"bookingStatus": "cancelled"}), 409, "WRONG_STATE")
    refused(guest.delete(f"{RESERVATIONS}/{stay['id']}"), 409, "WRONG_STATE")
    for status in ("confirmed", "declined", "pending"):
        answer = host.patch(f"{RESERVATIONS}/{stay['id']}", {"bookingStatus": status})
        assert answer.status_code in {400, 409}, told(answer)
    assert world.see(guest, stay)["bookingStatus"] == "complete"


def test_deleting_a_reservation_cancels_it_and_it_stays_readable(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    stay = world.confirmed(guest, place)
    gone = ok(guest.delete(f"{RESERVATIONS}/{stay['id']}"))
    assert gone["action"] == "delete"
    for caller in (guest, host):
        seen = world.see(caller, stay)
        assert (seen["bookingStatus"], seen["cancelledBy"]) == ("cancelled", "guest")
    assert [row["id"] for row in rows(guest, RESERVATIONS, listingId=place["id"])] == [stay["id"]]
    world.book(guest, place)


def test_other_fields_of_a_reservation_change_and_the_servers_do_not(world: World, host: Person, guest: Person) -> None:
    stay = world.book(guest, world.listing(host))
    path = f"{RESERVATIONS}/{stay['id']}"
    changed = ok(guest.patch(path, {"iCalExportUrl": "https://x.example/me.ics"}))["reservation"]
    assert changed["iCalExportUrl"] == "https://x.example/me.ics"
    assert changed["recordVersion"] == stay["recordVersion"] + 1
    invalid(guest.patch(path, {"bookingStatus": "paid"}), "bookingStatus")
    answer = guest.patch(path, {"disputeStatus": "active"})
    assert answer.status_code in {200, 409}, told(answer)  # ignored or the server's own
    assert world.see(guest, stay)["disputeStatus"] == "none"
    for field, value in (("totalPrice", 1), ("paymentConfirmation", "paid"), ("guestCount", 9), ("hostId", guest.id)):
        answer = guest.patch(path, {field: value})
        assert answer.status_code in {200, 400, 409}, told(answer)
        assert world.see(guest, stay)[field] == stay[field]
    refused(guest.patch(path, {"bookingStatus": "cancelled", "recordVersion": 1}), 409, "STALE_VERSION")


def test_paid_after_it_was_over_a_stay_is_told_in_the_order_in_which_it_happened(
    world: World, host: Person, guest: Person
) -> None:
    """A hold of the last minutes of the check-in date outlasts a stay whose times are midnight."""
    times = {"checkInTime": "00:00", "checkOutTime": "00:00"}
    listing = world.listing(host, bookingPolicies=times)
    midnight = instant(world.day(2))
    world.travel(midnight - timedelta(minutes=10))
    stay = world.book(guest, listing, 0, 1)
    world.travel(midnight + timedelta(minutes=2))
    world.pay(guest, stay)
    world.advance("PT1S")
    assert world.see(guest, stay)["bookingStatus"] == "complete"
    told = ok(guest.get(f"/v1/reservations/{stay['id']}/history"))["history"]
    assert [entry["at"] for entry in told] == sorted(entry["at"] for entry in told)
    (charge,), (payout,) = world.records(stay, "charge"), world.records(stay, "payout")
    assert charge["paymentDate"] <= payout["paymentDate"]
    closes = moment(world.see(guest, stay)["reviewsCloseAt"])
    assert closes == midnight + timedelta(days=14), "of the check-out instant"
