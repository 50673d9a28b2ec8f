"""The database's disk fills up while people book, and is freed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import until
from tests.e2e.talk import Json, ok, told
from tests.e2e.trouble.scene import examined, health, logged, serving_on, unavailable, well_again
from tests.e2e.world import rows
from tests.infra.event_store.proof.small_disk import SmallDisk, small_disk

pytestmark = pytest.mark.timeout(300)  # a server of its own takes its time on a busy machine

FULL = "The database's disk is full."
MOST = 700
"""Days ahead that are asked for, one after the other."""


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk() as disk:
        yield disk


def test_a_full_disk_is_a_state_and_what_was_promised_before_it_is_there(disk: SmallDisk, folders: Path) -> None:
    with serving_on(disk.conninfo, folders) as world:
        host, guest = world.person(), world.person()
        place = world.listing(host)
        ok(world.nobody.get(f"/v1/listings/{place['id']}"))  # it is shown: projecting needs room as well
        promised: dict[str, str] = {}
        refused: list[Json] = []
        disk.fill()
        for ahead in range(3, MOST):
            stay = world.stay(place, ahead, 1)
            answer = guest.post("/v1/reservations", stay, {"Idempotency-Key": stay["checkIn"]})
            if answer.status_code == 201:  # there is room in the pages that the tables have
                promised[answer.json()["reservation"]["id"]] = stay["checkIn"]
                continue
            unavailable(answer, FULL)
            refused.append(stay)
            if (said := health(world))["problems"].get("database") == FULL:
                assert said["status"] == "ERR"
                break
        assert refused != [], "the disk is not full"

        lines = [line for line in logged(world, "trouble with the database") if line["logger"] == "event store"]
        assert (lines[0]["told"], "No space left on device" in lines[0]["error"]) == (FULL, True)
        (found,) = examined(world, disk.conninfo, "log")
        assert (found["state"], "disk is full" in found["seen"], "free room" in found["todo"]) == (
            "problem",
            True,
            True,
        )
        told_of = ok(world.nobody.get(f"/v1/listings/{place['id']}", {"X-Event-Position": "1"}))["listing"]
        assert told_of["title"] == place["title"], "what needs no room goes on"

        disk.free()
        well_again(world)
        until("its end is told", lambda: logged(world, "the trouble with the database is over") != [])
        for stay in refused:
            booked = guest.post("/v1/reservations", stay, {"Idempotency-Key": stay["checkIn"]})
            assert booked.status_code == 201, told(booked)
            assert "Idempotent-Replayed" not in booked.headers, "nothing of it was recorded before"
            promised[booked.json()["reservation"]["id"]] = stay["checkIn"]
        seen = {stay["id"]: stay["checkIn"] for stay in rows(guest, "/v1/reservations", pageNumber=0)}
        assert seen == promised
