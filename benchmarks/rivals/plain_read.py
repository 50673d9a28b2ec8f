"""The log read and decoded, and no more: a server-side cursor, and the JSON of each row as plain values."""

import time
from collections.abc import Collection

import msgspec
import psycopg

ALL = "SELECT position, stream, version, name, state, command FROM event ORDER BY position"
SOME = "SELECT position, stream, version, name, state, command FROM event WHERE name = ANY(%s) ORDER BY position"


def read(database: str, names: Collection[str] | None = None, at_once: int = 1000) -> tuple[int, float]:
    """The rows of these names, or all; how many, and in how many seconds."""
    decode = msgspec.json.Decoder().decode
    rows = 0
    with psycopg.connect(database) as connection, connection.cursor("log", binary=True) as cursor:
        cursor.itersize = at_once
        start = time.perf_counter()
        cursor.execute(ALL if names is None else SOME, None if names is None else [list(names)])
        for row in cursor:
            decode(row[4])
            rows += 1
        return rows, time.perf_counter() - start
