"""What a server says of itself, as far as the promises of the log rest on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from infra.postgres.connected import connected
from infra.postgres.writers import Writer, writers

SETTINGS: LiteralString = """SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes',
  'synchronous_commit', 'default_transaction_read_only', 'max_prepared_transactions',
  'idle_in_transaction_session_timeout')"""
SERVER: LiteralString = """SELECT pg_is_in_recovery() AS standby, pg_backend_pid() AS backend,
  pg_encoding_to_char(d.encoding)::text AS encoding,
  d.datname::text AS database, d.datconnlimit AS database_limit, r.rolconnlimit AS role_limit,
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS server_limit,
  pg_has_role(r.oid, 'pg_read_all_stats', 'USAGE') AS sees_all
  FROM pg_database AS d, pg_roles AS r WHERE d.datname = current_database() AND r.rolname = current_user"""
SEQUENCE: LiteralString = """SELECT seqcache AS cache, seqincrement AS step, seqcycle AS cycles
  FROM pg_sequence WHERE seqrelid = to_regclass('log_position')"""
UNLOGGED: LiteralString = """SELECT relname::text AS relation FROM pg_class WHERE relpersistence <> 'p'
  AND oid IN (to_regclass('log_position'), to_regclass('event'), to_regclass('command'), to_regclass('actor_key'))"""
EXISTS: LiteralString = "SELECT to_regclass('event') IS NOT NULL AND to_regclass('log_position') IS NOT NULL AS made"
# In this order: whatever is visible was drawn before the sequence is read.
NEWEST: LiteralString = "SELECT coalesce(max(position), 0) AS newest FROM event"
# Never a plain SELECT of the sequence: see the migration 0007_fence.
DRAWN: LiteralString = "SELECT coalesce(pg_sequence_last_value('log_position'), 0) AS drawn"


class Sequence(NamedTuple):
    """How the positions of the log are drawn."""

    cache: int
    step: int
    cycles: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server says of itself."""

    version: int
    encoding: str
    standby: bool
    pooled: bool
    """Does something stand between, that passes statements on to connections of its own?"""
    settings: Mapping[str, str]
    database: str
    connections: int
    """How many the server, this database and this role allow."""
    sees_all: bool
    """May this role see what other roles' sessions do?"""
    sequence: Sequence | None
    """None before the first migration."""
    unlogged: tuple[str, ...]
    """Tables of the log that a crash would empty."""
    newest: int
    drawn: int
    writers: tuple[Writer, ...]


async def facts_of(conninfo: str) -> Facts:
    """What the server says of itself. Raises psycopg.OperationalError."""
    async with connected(conninfo) as connection:
        await connection.execute("SET client_encoding = 'UTF8'")  # whatever the database's own is, this is to be read
        settings = {row["name"]: row["setting"] for row in await _rows(connection, SETTINGS)}
        (server,) = await _rows(connection, SERVER)
        sequence = [Sequence(**row) for row in await _rows(connection, SEQUENCE)]
        made = (await _rows(connection, EXISTS))[0]["made"]
        limits = [server["server_limit"], server["database_limit"], server["role_limit"]]
        return Facts(
            version=connection.info.server_version,
            encoding=server["encoding"],
            standby=server["standby"],
            pooled=server["backend"] != connection.info.backend_pid,
            settings=settings,
            database=server["database"],
            connections=min(limit for limit in limits if limit >= 0),
            sees_all=server["sees_all"],
            sequence=sequence[0] if sequence else None,
            unlogged=tuple(row["relation"] for row in await _rows(connection, UNLOGGED)),
            newest=(await _rows(connection, NEWEST))[0]["newest"] if made else 0,
            drawn=(await _rows(connection, DRAWN))[0]["drawn"] if made else 0,
            writers=tuple(await writers(connection, 0.0)),
        )


async def _rows(connection: AsyncConnection[Any], query: LiteralString) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query)
        return await cursor.fetchall()
