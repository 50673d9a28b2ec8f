"""Back-ups, tried: a marketplace at work is dumped, restored into another server, and goes on there."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.postgres.postmaster import Installation
from tests.e2e.operate.test_secrets import said
from tests.e2e.search.conftest import STARTING_SECONDS, indexes_on
from tests.e2e.server import Server, until
from tests.e2e.talk import Person, ok, refused
from tests.e2e.world import World
from tests.infra.event_store.proof.cluster import Cluster, cluster

EVENTS = "SELECT position, stream, version, name, state, command FROM event ORDER BY position"
TORN = """SELECT c.id FROM command AS c LEFT JOIN event AS e ON e.command = c.id
  GROUP BY c.id HAVING max(e.position) IS DISTINCT FROM c.position"""


@contextmanager
def serving(database: Cluster, folder: Path) -> Iterator[Server]:
    server = Server(folder, {"DATABASE_URL": database.conninfo})
    try:
        yield server.start()
    finally:
        server.stop()


@contextmanager
def busy(world: World, host: Person) -> Iterator[None]:
    """Somebody goes on working while the block runs."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            world.listing(host)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        ended.set()
        worker.join()


def ran(program: str, folder: Path, *words: str) -> None:
    """A program that comes with the embedded PostgreSQL."""
    path = Installation.find(folder).programs / program
    subprocess.run([path, *words], check=True, capture_output=True, timeout=120)


def rows(database: Cluster, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.conninfo) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.timeout(300)
def test_a_dump_of_a_busy_marketplace_is_restored_and_goes_on(folder: Path) -> None:
    """The log is what it was at one instant, whole commands only; people, stays and nights are as they were."""
    dump = folder / "innkeep.dump"
    with cluster() as first, cluster() as second:
        with serving(first, folder / "first") as server, World(server) as world:
            host, guest = world.person(), world.person()
            listing = world.listing(host)
            stay = world.confirmed(guest, listing)
            with busy(world, host):
                ran("pg_dump", folder, "--format=custom", f"--file={dump}", f"--dbname={first.conninfo}")
            asked = {"listing": f"/v1/listings/{listing['id']}", "reservation": f"/v1/reservations/{stay['id']}"}
            seen = {name: ok(guest.get(path))[name] for name, path in asked.items()}
            ran("pg_restore", folder, "--exit-on-error", "--no-owner", f"--dbname={second.conninfo}", str(dump))
            before, after = rows(first, EVENTS), rows(second, EVENTS)
        assert 0 < len(after) < len(before)
        assert set(after) <= set(before)
        assert rows(second, TORN) == []
        settings = {"MODE": "sandbox", "DATABASE_URL": second.conninfo}
        assert "there is nothing to do" in said(folder, "restored", **settings)
        with serving(second, folder / "second") as server, World(server) as world:
            again = world.login(guest.email, guest.password)
            assert {name: ok(again.get(path))[name] for name, path in asked.items()} == seen
            refused(again.post("/v1/reservations", world.stay(listing)), 409)
            kept = Person(world.http, guest.session, guest.password)  # the keys of tokens are in the dump
            assert ok(kept.get(asked["reservation"]))["reservation"] == seen["reservation"]
            doctor = said(folder, "doctor", **settings)
        assert "0 problems" in doctor, doctor


@pytest.mark.timeout(STARTING_SECONDS)
def test_positions_go_on_past_what_opensearch_was_told(folder: Path, opensearch: str) -> None:
    """As its documents know the position that they are of, and take none from before."""
    with cluster() as database, indexes_on(opensearch) as settings:
        server = Server(folder / "server", settings | {"DATABASE_URL": database.conninfo})
        try:
            with World(server.start()) as world:
                listing = world.listing(world.person())
                found = f"/v1/search/listings?q={listing['title']}"
                until("it is found", lambda: listing["id"] in world.nobody.get(found).text)
        finally:
            server.stop()
        with psycopg.connect(database.conninfo) as connection:
            connection.execute("SELECT setval('log_position', 1)")  # as an older copy has it
        told = said(folder, "restored", **server.settings)
        assert "innkeep rebuild search:all" in told
        ((end,),) = rows(database, "SELECT last_value FROM log_position")
        assert end > 1
        assert f"OpenSearch was told up to {end}." in told
        assert f"Positions 2 to {end} are lost" in told
