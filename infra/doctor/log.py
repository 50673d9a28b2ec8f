"""Would an append be recorded now? It is tried, and taken back."""

from __future__ import annotations

from secrets import token_bytes
from typing import Any, LiteralString
from uuid import uuid4

from psycopg import AsyncConnection

from infra.doctor.findings import Finding
from infra.postgres.trouble import TROUBLE, UNWELL, unavailable

PATIENCE: LiteralString = "SET LOCAL lock_timeout = '3s'"
# Not by the function that appends: it would draw a position.
COMMAND: LiteralString = """INSERT INTO command (id, name, role, tenant, request_id, at, answer, position)
  VALUES (%s, 'trial', 'system', 'default', '', now(), %s, 0)"""
EVENT: LiteralString = """INSERT INTO event (position, stream, version, name, state, command)
  VALUES (0, %s, 1, 'trial', %s, %s)"""
MUCH = 1_800
"""Bytes of the event, and of the answer."""

# What no append goes together with.
HOLDERS: LiteralString = """SELECT DISTINCT format('process %s (%s, role %s, %s)', l.pid,
    coalesce(nullif(a.application_name, ''), 'unnamed'), a.usename, coalesce(a.state, 'in a state not to be seen'))
  FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
  WHERE l.relation IN ('event'::regclass, 'command'::regclass) AND l.granted AND l.pid <> pg_backend_pid()
    AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"""
ALONE: LiteralString = """SELECT current_setting('synchronous_standby_names') <> '' AND NOT EXISTS (
    SELECT FROM pg_stat_replication WHERE coalesce(sync_state, 'sync') IN ('sync', 'quorum'))"""

FREE = "free room on the disk of the database; nothing else is needed"
END = "end what it does, or pg_terminate_backend"
LOOK = "see what keeps the server busy: pg_stat_activity, pg_locks"
FOLLOW = "start the standby, or take it out of synchronous_standby_names"
SEE = "see the server's log"
REMEDIES = {"53100": FREE, "55P03": LOOK, "57014": LOOK, "25006": "name the server that takes writes"}

Connection = AsyncConnection[Any]


async def of_log(connection: Connection) -> list[Finding]:
    """Whether anything keeps commands from being recorded. Raises psycopg.OperationalError for a lost connection."""
    found = [
        Finding("log", "problem", f"{holder} holds a lock that keeps everybody from writing", END)
        for (holder,) in await (await connection.execute(HOLDERS)).fetchall()
    ]
    if not found:
        found += await _trial(connection)
    ((alone,),) = await (await connection.execute(ALONE)).fetchall()
    if alone:
        found.append(Finding("log", "problem", "commits wait for a standby, and none follows", FOLLOW))
    return found or [Finding("log", "fine", "commands can be recorded: it was tried, and taken back")]


async def _trial(connection: Connection) -> list[Finding]:
    id = uuid4()
    try:
        async with connection.transaction(force_rollback=True):
            await connection.execute(PATIENCE)
            await connection.execute(COMMAND, [id, token_bytes(MUCH)])
            await connection.execute(EVENT, [id, token_bytes(MUCH), id])
    except TROUBLE as error:
        if connection.closed:
            raise
        seen = f"nothing can be recorded: {unavailable(error, UNWELL).message}"
        return [Finding("log", "problem", seen, REMEDIES.get(error.sqlstate or "", SEE))]
    return []
