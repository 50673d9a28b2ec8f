"""Where the log stands, as commands say it and reads wait for it."""

import pytest

from tests.e2e.talk import ABSENT, Person, ok, position, refused
from tests.e2e.world import LOFT, World, rows


def test_every_answer_to_a_command_says_where_the_log_stands(host: Person) -> None:
    made = host.post("/v1/listings", LOFT)
    place = ok(made, 201)["listing"]
    path = f"/v1/listings/{place['id']}"
    changed = host.patch(path, {"title": "Other"})
    nothing = host.patch(path, {"title": "Other"})
    assert position(made) < position(changed) <= position(nothing)
    gone = host.delete(path)
    assert position(gone) > position(changed)


def test_a_refusal_says_so_too(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    refusal = host.patch(f"/v1/listings/{place['id']}", {"title": "x", "recordVersion": 9})
    refused(refusal, 409, "STALE_VERSION")
    assert int(refusal.headers.get("X-Event-Position", -1)) > 0
    malformed = host.patch(f"/v1/listings/{place['id']}", {"pets": True})
    refused(malformed, 400, "INVALID")
    assert int(malformed.headers.get("X-Event-Position", -1)) > 0
    forbidden = host.post("/v1/listingamenities", {"name": "Pool"})
    refused(forbidden, 403, "FORBIDDEN")
    assert int(forbidden.headers.get("X-Event-Position", -1)) > 0
    declined = world.start(guest, world.book(guest, place), "pm_card_chargeDeclined")
    refused(declined, 402, "PAYMENT_DECLINED")
    assert int(declined.headers.get("X-Event-Position", -1)) > 0


def test_a_read_waits_for_the_position_it_names(world: World, host: Person, stranger: Person) -> None:
    """Someone else's write, at once."""
    place = world.listing(host)
    path = f"/v1/listings/{place['id']}"
    for n in range(15):
        changed = host.patch(path, {"title": f"No {n}"})
        seen = stranger.get(path, {"X-Event-Position": changed.headers["X-Event-Position"]})
        assert ok(seen)["listing"]["title"] == f"No {n}"
        anonymous = world.nobody.get(
            "/v1/listings", {"X-Event-Position": changed.headers["X-Event-Position"]}, title=f"No {n}", hostId=host.id
        )
        assert place["id"] in [row["id"] for row in ok(anonymous)["listings"]]


def test_what_one_wrote_one_reads(world: World) -> None:
    person = world.person()
    for n in range(15):
        place = world.listing(person, title=f"Mine {n}")
        assert ok(person.get(f"/v1/listings/{place['id']}"))["listing"] == place
        assert len(rows(person, "/v1/listings", hostId=person.id, pageRowCount=1000)) == n + 1


@pytest.mark.parametrize("said", ["999999999", "-1", "x", "1.5", "9" * 40])
def test_a_position_past_the_end_or_none_is_400(world: World, host: Person, said: str) -> None:
    place = world.listing(host)
    for path in (f"/v1/listings/{place['id']}", "/v1/listings", "/v1/reservations"):
        refused(host.get(path, {"X-Event-Position": said}), 400)


def test_a_command_on_nothing_is_404(host: Person) -> None:
    for method, path in (
        ("PATCH", "listings"),
        ("DELETE", "listings"),
        ("PATCH", "reservations"),
        ("DELETE", "reservations"),
        ("DELETE", "listingcalendars"),
    ):
        refused(host.ask(method, f"/v1/{path}/{ABSENT}", json={} if method == "PATCH" else None), 404, "NOT_FOUND")
