"""The same log three times: in one table, in partitions by position, in partitions by hash of the stream."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

from benchmarks.partitions.candidates import CANDIDATES, EVENT, MIGRATION, indexes, partition
from infra.postgres.embedded import EmbeddedPostgres

FILL = (Path(__file__).parent / "fill.sql").read_text()
RANGES, HASHES = 10, 16
SERVER = {
    "shared_buffers": "2GB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "24GB",  # filling does not wait for checkpoints
    "wal_level": "minimal",  # nor does it write twice what a new table gets in the transaction that makes it
    "max_wal_senders": "0",
    "max_parallel_maintenance_workers": "2",
}
Say = Callable[[str], None]


@contextlib.contextmanager
def server(parent: Path | None) -> Iterator[tuple[str, Path]]:
    """The conninfo of a PostgreSQL with room, and its folder; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="innkeep-partitions-", dir=parent))
    try:
        first = EmbeddedPostgres.start(folder)
        with psycopg.connect(first.conninfo, autocommit=True) as connection:
            for name, value in SERVER.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        first.stop()
        second = EmbeddedPostgres.start(folder)
        try:
            yield second.conninfo, folder
        finally:
            second.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def build(connection: Connection[Any], events: int, say: Say) -> None:
    """Make the tables and functions of all candidates, filled with so many events."""
    _make_common(connection)
    _timed(f"{events:,} events in one table", lambda: _fill(connection, events, say), say)
    _timed(f"{RANGES} partitions by position", lambda: _make_ranged(connection, events), say)
    _timed("each stream's version", lambda: _make_guards(connection), say)
    _timed(f"{HASHES} partitions by hash", lambda: _make_hashed(connection), say)
    for candidate in CANDIDATES:
        connection.execute(f"CREATE SCHEMA {candidate.schema}; SET search_path = {candidate.path}")
        connection.execute(candidate.append)
    connection.execute("RESET search_path")
    say("vacuum and checkpoint")
    connection.execute("VACUUM ANALYZE")
    connection.execute("CHECKPOINT")


def bounds(events: int) -> list[int]:
    """The first position of each partition; the last one is open to the right."""
    return [1 + events * part // RANGES for part in range(RANGES)]


def _make_common(connection: Connection[Any]) -> None:
    """What no candidate changes: the sequence, the journal, the fence."""
    connection.execute("CREATE SCHEMA common; CREATE SCHEMA plain; CREATE SCHEMA ranged; CREATE SCHEMA hashed")
    connection.execute("SET search_path = common")
    connection.execute(MIGRATION)
    connection.execute("DROP FUNCTION append_events; DROP TABLE event; RESET search_path")


def _fill(connection: Connection[Any], events: int, say: Say) -> None:
    bookings = events // 5
    season = max(bookings // 5, 1)
    sizes = {"bookings": bookings, "season": season, "months": max(season // 16, 1), "listings": max(bookings // 50, 1)}
    step = max(events // 10, 1)
    with connection.transaction():
        connection.execute(f"CREATE TABLE plain.event ({EVENT})")
        for first in range(1, events + 1, step):
            connection.execute(FILL.format(first=first, last=min(first + step - 1, events), **sizes))
            say(f"{min(first + step - 1, events):,} events")
        connection.execute(indexes("plain.event"))
        connection.execute(
            "INSERT INTO common.command (id, name, role, tenant, request_id, at, position) SELECT command, "
            "'createReservation', 'user', 'default', '', now(), position FROM plain.event WHERE position % 5 = 0"
        )
        connection.execute("SELECT setval('common.log_position', %s)", [events])


def _make_ranged(connection: Connection[Any], events: int) -> None:
    with connection.transaction():
        connection.execute(f"CREATE TABLE ranged.event ({EVENT}) PARTITION BY RANGE (position)")
        firsts = bounds(events)
        for number, first in enumerate(firsts):
            after = firsts[number + 1] if number + 1 < RANGES else None
            name = f"ranged.event_{number}"
            rows = f"SELECT * FROM plain.event WHERE position >= {first}" + (
                f" AND position < {after}" if after else ""
            )
            connection.execute(partition(name, f"{rows} ORDER BY position"))
            to = after or "MAXVALUE"
            connection.execute(f"ALTER TABLE ranged.event ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({to})")


def _make_guards(connection: Connection[Any]) -> None:
    with connection.transaction():
        connection.execute("CREATE TABLE ranged.event_key AS SELECT stream, version FROM plain.event")
        connection.execute("ALTER TABLE ranged.event_key ADD PRIMARY KEY (stream, version)")
        connection.execute(
            "CREATE TABLE ranged.stream_head (stream, version) WITH (fillfactor = 80) AS "
            "SELECT stream, max(version) FROM plain.event GROUP BY stream"
        )
        connection.execute("ALTER TABLE ranged.stream_head ADD PRIMARY KEY (stream)")


def _make_hashed(connection: Connection[Any]) -> None:
    with connection.transaction():
        connection.execute(f"CREATE TABLE hashed.event ({EVENT}) PARTITION BY HASH (stream)")
        for number in range(HASHES):
            modulus = f"FOR VALUES WITH (MODULUS {HASHES}, REMAINDER {number})"
            connection.execute(f"CREATE TABLE hashed.event_{number} PARTITION OF hashed.event {modulus}")
        connection.execute("INSERT INTO hashed.event SELECT * FROM plain.event ORDER BY position")
        connection.execute("ALTER TABLE hashed.event ADD PRIMARY KEY (stream, version)")
        connection.execute("CREATE INDEX ON hashed.event (position)")


def _timed(what: str, do: Callable[[], None], say: Say) -> None:
    start = time.perf_counter()
    do()
    say(f"{what}: {time.perf_counter() - start:.1f} s")
