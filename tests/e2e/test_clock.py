"""The sandbox's clock, and health."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import Server
from tests.e2e.talk import INSTANT, Person, invalid, ok, refused, told
from tests.e2e.world import World, wire

CLOCK = "/sandbox/clock"
moment = datetime.fromisoformat


def test_anyone_may_ask_the_time(world: World) -> None:
    told_now = ok(world.nobody.get(CLOCK))
    assert set(told_now) == {"now"}
    assert INSTANT.fullmatch(told_now["now"])


def test_the_clock_runs_on_at_normal_speed(world: World) -> None:
    before = world.now()
    after = world.now()
    assert timedelta(0) <= after - before < timedelta(seconds=30)


def test_an_admin_moves_the_clock_by_a_duration_or_to_an_instant(world: World, admin: Person) -> None:
    before = world.now()
    told_now = moment(ok(admin.post(CLOCK, {"advance": "P1DT2H"}))["now"])
    assert timedelta(days=1, hours=2) <= told_now - before < timedelta(days=1, hours=2, minutes=1)
    target = told_now + timedelta(hours=5)
    told_now = moment(ok(admin.post(CLOCK, {"now": wire(target)}))["now"])
    assert timedelta(0) <= told_now - target < timedelta(minutes=1)
    assert timedelta(0) <= world.now() - told_now < timedelta(minutes=1)


def test_a_retry_moves_it_once(world: World, admin: Person) -> None:
    headers = {"Idempotency-Key": world.unique("clock")}
    first = admin.post(CLOCK, {"advance": "PT1H"}, headers)
    again = admin.post(CLOCK, {"advance": "PT1H"}, headers)
    assert ok(again) == ok(first)
    assert (first.headers.get("Idempotent-Replayed"), again.headers.get("Idempotent-Replayed")) == (None, "true")
    assert world.now() - moment(ok(first)["now"]) < timedelta(minutes=30)
    refused(admin.post(CLOCK, {"advance": "PT2H"}, headers), 422, "KEY_REUSED")
    refused(admin.post(CLOCK, {"advance": "soon"}, headers), 422, "KEY_REUSED")
    invalid(admin.post(CLOCK, {"advance": "PT1H"}, {"Idempotency-Key": "k" * 300}), "Idempotency-Key")


def test_never_back(world: World, admin: Person) -> None:
    before = world.now()
    for back in ({"now": wire(before - timedelta(days=1))}, {"advance": "-P1D"}, {"now": "2020-01-01T00:00:00.000Z"}):
        answer = admin.post(CLOCK, back)
        assert answer.status_code in {400, 409}, told(answer)  # malformed, or against the rule
        refused(answer, answer.status_code)
    assert before <= world.now() < before + timedelta(minutes=1)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advance": "soon"},
        {"advance": 5},
        {"now": "noon"},
        {"now": 5},
        {"advance": "P1D", "now": "2040-01-01T00:00:00Z"},
        {"colour": "red"},
        {"advance": "P1D", "x": 1},
        {"advance": "P99999999999Y"},
        [],
        None,
        "P1D",
    ],
)
def test_what_is_no_time_is_400(world: World, admin: Person, body: Any) -> None:
    before = world.now()
    invalid(admin.post(CLOCK, body))
    assert world.now() < before + timedelta(minutes=1)


def test_only_admins_move_the_clock(world: World, stranger: Person, moderator: Person) -> None:
    refused(world.nobody.post(CLOCK, {"advance": "PT1S"}), 401, "UNAUTHENTICATED")
    for caller in (stranger, moderator):
        refused(caller.post(CLOCK, {"advance": "PT1S"}), 403, "FORBIDDEN")


def test_when_the_clock_has_moved_every_deadline_is_acted_on_and_visible(
    world: World, host: Person, guest: Person, admin: Person
) -> None:
    """In order, each as of its own instant, those they create included: hold, check-out, review window, payout."""
    world.morning()
    stays = [world.confirmed(guest, world.listing(host), 1, 1) for _ in range(5)]
    held = world.book(guest, world.listing(host))
    ok(admin.post(CLOCK, {"advance": "P20D"}))
    for stay in stays:
        seen = world.see(guest, stay)
        assert seen["bookingStatus"] == "complete"
        assert seen["updatedAt"][:10] <= stay["checkOut"] or seen["updatedAt"] < wire(world.now() - timedelta(days=1))
        assert len(world.records(stay, "payout")) == 1
    assert world.see(guest, held)["cancelledBy"] == "expired"
    assert world.see(guest, held)["updatedAt"][:16] == held["holdExpiresAt"][:16], "as of its own instant"


def test_tokens_use_real_time(world: World, stranger: Person) -> None:
    world.advance("P30D")
    ok(stranger.get("/currentuser"))


def test_time_is_kept_with_the_data(folder: Path) -> None:
    """After a restart the clock goes on where it was; a hold that ran out meanwhile is seen to."""
    server = Server(folder / "server")
    try:
        with World(server.start()) as world:
            host, guest = world.person(), world.person()
            stay = world.book(guest, world.listing(host))
            world.advance("P400D")
            before = world.now()
            assert server.end() == 0
            server.start()
            assert before <= world.now() < before + timedelta(minutes=5)
            assert world.see(guest, stay)["cancelledBy"] == "expired"
    finally:
        server.stop()


def test_health_is_told(world: World) -> None:
    ok(world.nobody.get("/health"))
    ok(world.nobody.get("/admin/health"))
