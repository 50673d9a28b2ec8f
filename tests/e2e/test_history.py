"""The history of resources, and their states as of a time."""

from typing import Any

from tests.e2e.talk import Json, Person, invalid, ok, refused, told
from tests.e2e.world import World, rows


def test_a_resource_has_its_history(world: World, host: Person, moderator: Person, stranger: Person) -> None:
    place = world.listing(host)
    path = f"/v1/listings/{place['id']}"
    ok(host.patch(path, {"title": "Second"}))
    ok(world.root.patch(path, {"title": "Third"}))
    for caller in (host, moderator, world.root):
        answer = caller.get(f"{path}/history")
        body = ok(answer)
        entries = body[body["dataName"]]
        assert len(entries) == 3, told(answer)
        assert host.id in str(entries[0])
        assert world.root.id in str(entries[-1]) or world.root.id in str(entries[0])
        assert "127.0.0.1" not in answer.text, "never the address"
    assert stranger.get(f"{path}/history").status_code in {403, 404}
    refused(world.nobody.get(f"{path}/history"), 401)


def test_an_earlier_state_can_be_read(world: World, host: Person, moderator: Person, stranger: Person) -> None:
    place = world.listing(host, title="First")
    path = f"/v1/listings/{place['id']}"
    before = wire_now(world)
    world.advance("PT1M")
    changed = ok(host.patch(path, {"title": "Second"}))["listing"]
    for caller in (host, moderator, world.root):
        assert ok(caller.get(path, asOf=before))["listing"] == place
        assert ok(caller.get(path, asOf=wire_now(world)))["listing"] == changed
    assert stranger.get(path, asOf=before).status_code in {403, 404}
    assert world.nobody.get(path, asOf=before).status_code in {401, 403, 404}
    refused(host.get(path, asOf="2020-01-01T00:00:00.000Z"), 404, "NOT_FOUND")
    invalid(host.get(path, asOf="yesterday"), "asOf")


def wire_now(world: World) -> str:
    told_now: str = ok(world.nobody.get("/sandbox/clock"))["now"]
    return told_now


def test_what_is_deleted_is_gone_but_staff_read_its_history(world: World, host: Person, moderator: Person) -> None:
    place = world.listing(host)
    path = f"/v1/listings/{place['id']}"
    ok(host.delete(path))
    for caller in (host, moderator, world.root, world.nobody):
        refused(caller.get(path), 404, "NOT_FOUND")
        assert rows(caller, "/v1/listings", title=place["title"], pageRowCount=1000, hostId=host.id).count(place) == 0
    body = ok(moderator.get(f"{path}/history"))
    assert len(body[body["dataName"]]) == 2
    refused(host.patch(path, {"title": "x"}), 404, "NOT_FOUND")
    refused(host.delete(path), 404, "NOT_FOUND")


def resources(world: World, host: Person, guest: Person) -> dict[str, Json]:
    """One of each of a stay's resources."""
    place = world.listing(host)
    return {"listing": place, "reservation": world.confirmed(guest, place)}


def test_every_resource_of_a_stay_has_its_history(world: World, host: Person, guest: Person) -> None:
    made: dict[str, Any] = resources(world, host, guest)
    stay = made["reservation"]
    entry = ok(
        host.post(
            "/v1/listingcalendars", {"listingId": made["listing"]["id"], "date": world.day(60), "isAvailable": False}
        ),
        201,
    )
    dispute = ok(
        guest.post("/v1/disputes", {"reservationId": stay["id"], "issueType": "noise", "description": "loud"}), 201
    )["dispute"]
    record = world.records(stay, "charge")[0]
    for caller, path in (
        (guest, f"/v1/reservations/{stay['id']}"),
        (host, f"/v1/listingcalendars/{entry['listingCalendar']['id']}"),
        (guest, f"/v1/disputes/{dispute['id']}"),
        (guest, f"/v1/paymentrecords/{record['id']}"),
        (guest, f"/v1/users/{guest.id}"),
    ):
        body = ok(caller.get(f"{path}/history"))
        assert body[body["dataName"]], path
        body = ok(world.root.get(f"{path}/history"))
        assert body[body["dataName"]], path
