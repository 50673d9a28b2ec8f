"""The database is away: what was read a moment ago is not told as if it held now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.talk import ABSENT, ok
from tests.e2e.trouble.scene import logged, serving_on, unavailable, well_again
from tests.e2e.world import rows
from tests.infra.event_store.proof.cluster import Cluster, cluster

pytestmark = pytest.mark.timeout(300)  # a server of its own takes its time on a busy machine

AWAY = ("The database is away.", "The database is restarting.")
OF_ITSELF = {"/", "/swagger", "/favicon.ico", "/health", "/admin/health", "/login", "/openapi.json", "/sandbox/clock"}
"""What needs no database, or tells of it."""
KEPT = {"/publickey"}
"""A key that verified a token a minute ago still does."""


@pytest.fixture
def server() -> Iterator[Cluster]:
    with cluster() as server:
        yield server


def test_nothing_is_told_from_memory(server: Cluster, folders: Path) -> None:
    """Every read there is, by people who have just read the same, and by nobody at all."""
    with serving_on(server.conninfo, folders) as world:
        guest, host = world.person(), world.person()
        place = world.listing(host)
        stay = world.confirmed(guest, place)
        known = {"listingId": place["id"], "reservationId": stay["id"], "userId": guest.id, "indexName": "listing"}
        paths = [
            re.sub(r"{(\w+)}", lambda name: known.get(name[1], ABSENT), path)
            for path, operations in ok(world.nobody.get("/openapi.json"))["paths"].items()
            if "get" in operations and path not in OF_ITSELF | KEPT
        ]
        quote = {"listingId": place["id"], "checkIn": world.day(60), "checkOut": world.day(62), "guestCount": 1}
        assert len(paths) > 20
        for caller in (guest, world.root):
            for path in paths:
                caller.get(path)
        server.kill()
        for caller in (guest, world.root):
            for path in paths:
                unavailable(caller.get(path), *AWAY)
            unavailable(caller.get("/v1/quotes", **quote), *AWAY)
        unavailable(world.nobody.get("/v1/listings"), *AWAY)
        unavailable(world.nobody.get(f"/v1/listings/{place['id']}"), *AWAY)
        told = logged(world, "unavailable")
        assert 0 < len(told) < len(paths), "each request has a line of its own already"
        server.start()
        well_again(world)
        assert world.see(guest, stay)["bookingStatus"] == "confirmed"
        assert [row["id"] for row in rows(guest, "/v1/reservations")] == [stay["id"]]
