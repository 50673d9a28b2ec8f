"""The moves of a log that grows: into partitions, on to the next one, an old one away and back; all under traffic."""

import threading
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import Connection

from benchmarks.partitions.build import bounds
from benchmarks.partitions.candidates import APPEND, CANDIDATES, EVENT, PROBE, START, Candidate, indexes
from benchmarks.partitions.measure import append, connect, saves, stay
from benchmarks.partitions.traffic import Say, Steps, Traffic

PLAIN, RANGED = CANDIDATES[0], CANDIDATES[1]
AHEAD = 200_000
"""Positions that traffic may draw while a partition is looked through before it is sealed."""


def run(conninfo: str, folder: Path, events: int, say: Say) -> str:
    """All of the moves; what they took."""
    told = [_split(conninfo, events, say), _seal(conninfo, events, say), _archive(conninfo, folder, events, say)]
    told += [_race(conninfo, "event_11", looks=True), _race(conninfo, "event_12", looks=False)]
    return "\n".join(told)


def seal(connection: Connection[Any], steps: Steps, hot: str, first: int | None, following: str) -> int:
    """End a partition behind its newest event and begin another; answers the first position of that one."""
    limit = _one(connection, "SELECT last_value FROM log_position") + AHEAD
    from_, above = ("MINVALUE", "") if first is None else (str(first), f"position >= {first} AND ")
    with steps.step("a limit ahead, for new rows"):
        check = f"CHECK ({above}position < {limit}) NOT VALID"
        connection.execute(f"SET lock_timeout = '2s'; ALTER TABLE {hot} ADD CONSTRAINT {hot}_sealed {check}")
    with steps.step("the limit looked up in old rows"):
        connection.execute(f"ALTER TABLE {hot} VALIDATE CONSTRAINT {hot}_sealed")
    with steps.step("the next partition made"):
        connection.execute(f"CREATE TABLE {following} ({EVENT}); {indexes(following)}")
    with steps.step("sealed, and the next one opened"), connection.transaction():
        connection.execute("LOCK TABLE ONLY event IN ACCESS EXCLUSIVE MODE")
        if first is None:  # it is the whole log, and becomes a part of it
            connection.execute(f"ALTER TABLE event RENAME TO {following}_before")
            connection.execute(f"CREATE TABLE event ({EVENT}) PARTITION BY RANGE (position)")
            connection.execute(_appends_by(RANGED.append, PLAIN))
            hot = f"{following}_before"
        else:
            connection.execute(f"ALTER TABLE event DETACH PARTITION {hot}")
        connection.execute(f"ALTER TABLE event ATTACH PARTITION {hot} FOR VALUES FROM ({from_}) TO ({limit})")
        connection.execute(f"ALTER TABLE event ATTACH PARTITION {following} FOR VALUES FROM ({limit}) TO (MAXVALUE)")
        # Nobody has a position up to the limit now, and nobody gets one any more: no row can be late.
        connection.execute("SELECT setval('log_position', %s)", [limit - 1])
    return limit


def _appends_by(function: str, candidate: Candidate) -> str:
    return function.replace("CREATE FUNCTION ", f"CREATE OR REPLACE FUNCTION {candidate.schema}.")


def _split(conninfo: str, events: int, say: Say) -> str:
    with connect_admin(conninfo, PLAIN) as connection, Traffic(conninfo, PLAIN, events, 5).flowing() as traffic:
        steps = Steps(traffic, say)
        limit = seal(connection, steps, "event", None, "event_1")
        time.sleep(0.5)
        newer = _one(connection, "SELECT count(*) FROM event_1")
    with connect(conninfo, PLAIN) as connection:
        assert newer, f"nothing was recorded from {limit} on"
        _check_refused(connection, stay(1))
        _check_refused(connection, _value(connection, "SELECT stream FROM event_1 WHERE version = 1 LIMIT 1"))
    return steps.table("The one table becomes the first partition")


def _seal(conninfo: str, events: int, say: Say) -> str:
    with connect_admin(conninfo, RANGED) as connection, Traffic(conninfo, RANGED, events, 6).flowing() as traffic:
        steps = Steps(traffic, say)
        seal(connection, steps, "event_9", bounds(events)[-1], "event_10")
        time.sleep(0.5)
    with connect(conninfo, RANGED) as connection:
        _check_refused(connection, _value(connection, "SELECT stream FROM event_9 WHERE version = 1 LIMIT 1"))
    return steps.table("On to the next partition")


def _archive(conninfo: str, folder: Path, events: int, say: Say) -> str:
    end, file = bounds(events)[1], folder / "event_0.copy"
    with connect_admin(conninfo, RANGED) as connection, Traffic(conninfo, RANGED, events, 7).flowing() as traffic:
        steps = Steps(traffic, say)
        whole = _digest(connection, "event_0")
        with steps.step("streams that ended in it, listed"):
            connection.execute("CREATE TABLE closed_stream (stream uuid PRIMARY KEY, version int NOT NULL)")
            connection.execute(
                "INSERT INTO closed_stream SELECT p.stream, max(p.version) FROM event_0 AS p "
                "WHERE p.name <> 'listing.changed.v1' AND NOT EXISTS ("
                f"SELECT FROM event AS e WHERE e.stream = p.stream AND e.position >= {end}) GROUP BY p.stream"
            )
        with steps.step("its other streams' events copied"):
            living = "SELECT * FROM event_0 AS p WHERE NOT EXISTS (SELECT FROM closed_stream WHERE stream = p.stream)"
            connection.execute(_bounded("event_0_living", living, end))
        with steps.step("the copy put in its place"):
            _swap(connection, "event_0", "event_0_living", end)
        with steps.step("copied to a file"):
            _copy_out(connection, file)
        connection.execute("DROP TABLE event_0")
        with steps.step("read back from the file"):
            connection.execute(_bounded("event_0", "SELECT * FROM event WHERE false", end, index=False))
            _copy_in(connection, file)
            connection.execute(indexes("event_0"))
        assert _digest(connection, "event_0") == whole
        closed, kept = (
            _one(connection, f"SELECT count(*) FROM {table}") for table in ("closed_stream", "event_0_living")
        )
        with steps.step("put in its place again"):
            _swap(connection, "event_0_living", "event_0", end)
    size = f"{file.stat().st_size / 1e6:,.0f} MB in the file"
    found = f"{whole[0]:,} events, {size}; {closed:,} streams ended, {kept:,} events stayed"
    return steps.table(f"An old partition away and back ({found})")


def _copy_out(connection: Connection[Any], file: Path) -> None:
    copy = connection.cursor().copy("COPY event_0 TO STDOUT (FORMAT binary)")
    with file.open("wb") as out, copy as rows:
        for chunk in rows:
            out.write(chunk)


def _copy_in(connection: Connection[Any], file: Path) -> None:
    copy = connection.cursor().copy("COPY event_0 FROM STDIN (FORMAT binary)")
    with file.open("rb") as source, copy as rows:
        while chunk := source.read(1 << 20):
            rows.write(chunk)


def _swap(connection: Connection[Any], out: str, into: str, end: int) -> None:
    with connection.transaction():
        connection.execute("LOCK TABLE ONLY event IN ACCESS EXCLUSIVE MODE")
        connection.execute(f"ALTER TABLE event DETACH PARTITION {out}")
        connection.execute(f"ALTER TABLE event ATTACH PARTITION {into} FOR VALUES FROM (1) TO ({end})")


def _bounded(name: str, rows: str, end: int, *, index: bool = True) -> str:
    made = f"CREATE TABLE {name} ({EVENT}, CHECK (position >= 1 AND position < {end})); INSERT INTO {name} {rows};"
    return made + (indexes(name) if index else "")


def _race(conninfo: str, following: str, *, looks: bool) -> str:
    """Two writers of one version, and a partition sealed between the look and the insert of the second."""
    look = PROBE if looks else ""
    pause = "PERFORM pg_advisory_xact_lock(1);"  # between the two, where it would not be otherwise
    with connect_admin(conninfo, RANGED) as admin, connect(conninfo, RANGED) as writer:
        admin.execute(_appends_by(APPEND.replace(START, f"{START} {look} {pause}"), RANGED))
        admin.execute("SELECT pg_advisory_lock(1)")
        stream, ends = uuid4(), list[str]()
        second = threading.Thread(target=lambda: ends.append(_end_of(writer, stream)))
        second.start()
        _wait_for_locks(admin, 1)
        admin.execute("INSERT INTO event SELECT nextval('log_position'), %s, 1, 'the first', '', %s", [stream, stream])
        sealing = threading.Thread(target=_seal_at_once, args=(conninfo, following))
        sealing.start()
        if looks:
            _wait_for_locks(admin, 2)
        else:
            sealing.join()
        admin.execute("SELECT pg_advisory_unlock(1)")
        second.join()
        sealing.join()
        number = _one(admin, f"SELECT count(*) FROM event WHERE stream = '{stream}'")
    how = "with" if looks else "without"
    told = f"One version appended on both sides of a seal, {how} a look at what is sealed"
    return f"{told}: the second {ends[0]}, there {number} times\n"


def _end_of(connection: Connection[Any], stream: UUID) -> str:
    try:
        append(connection, _save_of(stream))
    except psycopg.errors.UniqueViolation:
        return "refused"
    return "recorded"


def _seal_at_once(conninfo: str, following: str) -> None:
    """As `seal`, less the traffic: rows are looked through under the lock."""
    with connect_admin(conninfo, RANGED) as connection, connection.transaction():
        hot, first = connection.execute(
            "SELECT inhrelid::regclass::text, substring(pg_get_expr(relpartbound, inhrelid) FROM '\\d+')::bigint "
            "FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'event'::regclass ORDER BY 2 DESC"
        ).fetchall()[0]
        connection.execute(f"CREATE TABLE {following} ({EVENT}); {indexes(following)}")
        connection.execute("LOCK TABLE ONLY event IN ACCESS EXCLUSIVE MODE")
        limit = _one(connection, "SELECT last_value + 1 FROM log_position")
        connection.execute(f"ALTER TABLE event DETACH PARTITION {hot}")
        connection.execute(f"ALTER TABLE event ATTACH PARTITION {hot} FOR VALUES FROM ({first}) TO ({limit})")
        connection.execute(f"ALTER TABLE event ATTACH PARTITION {following} FOR VALUES FROM ({limit}) TO (MAXVALUE)")


def _wait_for_locks(connection: Connection[Any], number: int) -> None:
    while _one(connection, "SELECT count(*) FROM pg_locks WHERE NOT granted") < number:
        time.sleep(0.01)


def _save_of(stream: UUID) -> list[list[Any]]:
    """The arguments of an append of version 1 of a stream, and of nothing else."""
    arguments = saves(1, iter([stream]))
    events, rows = [column[2:3] for column in arguments[:5]], arguments[5:]
    events[1] = [1]
    return [*events, *rows]


def _check_refused(connection: Connection[Any], stream: UUID) -> None:
    assert _end_of(connection, stream) == "refused", f"version 1 of {stream} is there already"


def _digest(connection: Connection[Any], table: str) -> tuple[int, int]:
    count, digest = connection.execute(
        f"SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {table} AS t"
    ).fetchall()[0]
    return count, int(digest)


def connect_admin(conninfo: str, candidate: Candidate) -> Connection[Any]:
    """A connection that plans freely."""
    schemas = f"{candidate.tables}, {candidate.schema}, common".replace(" ", "")
    return psycopg.connect(conninfo, options=f"-c search_path={schemas}", autocommit=True)


def _one(connection: Connection[Any], query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _value(connection: Connection[Any], query: str) -> UUID:
    value: UUID = connection.execute(query).fetchall()[0][0]
    return value
