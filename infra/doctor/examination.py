"""All of it, in order. Whatever keeps something from being examined is a finding too, and the rest goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infra.doctor.database import Connection, of_clocks, of_fences, of_schema, of_server
from infra.doctor.disk import of_disk
from infra.doctor.findings import Finding, Secrets
from infra.doctor.identity import of_signing_key, of_superadmins
from infra.doctor.log import of_log
from infra.doctor.settings import of_settings
from infra.doctor.work import of_deadlines, of_housekeeping, of_processes, of_read_models, of_refunds, sessions
from infra.postgres.connected import connected
from infra.postgres.embedded import EmbeddedPostgresError, may_be_there
from infra.postgres.trouble import FULL_HOUSE, unavailable
from infra.settings import Settings, SettingsError

PATIENCE = 5
"""Seconds to connect."""
LIMITS = "-c statement_timeout=30s -c lock_timeout=3s"
"""On every question: what a doctor is to find may be the very thing that would keep him waiting."""
SLOW = (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)
GONE = ("08", "57P")
"""How the SQLSTATEs of a connection begin that has ended; or there is none."""
ROOM = "raise max_connections, or the CONNECTION LIMIT of role or database, or end sessions that nobody needs"
REACH = "start it, or mend INNKEEP_DATABASE_URL: host, port, user, password, database"

Opened = AbstractAsyncContextManager[str]


async def examine(
    settings: Settings, complaints: Iterable[str], data: Path | None, opened: Callable[[], Opened], env_file: Path
) -> AsyncIterator[Finding]:
    """Every finding, as soon as it is known, with no secret in it.

    Args:
        settings: as far as they hold.
        complaints: what is wrong with the others.
        data: the folder of the embedded database, if that is the one.
        opened: the address of the database, while it is used.
        env_file: where settings may stand.
    """
    hide = Secrets.of(settings).hide
    of_database, empty = await _database(settings, data, opened)
    for finding in of_settings(settings, complaints, database_is_empty=empty, env_file=env_file):
        yield hide(finding)
    for finding in of_database:
        yield hide(finding)
    for finding in of_disk(data) if data is not None else ():
        yield hide(finding)


async def _database(settings: Settings, data: Path | None, opened: Callable[[], Opened]) -> tuple[list[Finding], bool]:
    """What is found in the database, and whether nothing has ever happened there."""
    if data is not None and not may_be_there(data / "postgres"):
        seen, todo = f"there is no database in {data}", "name its folder with --data, or set INNKEEP_DATABASE_URL"
        return [Finding("database", "problem", seen, todo)], True
    try:
        async with opened() as conninfo:
            options = f"{conninfo_to_dict(conninfo).get('options') or ''} {LIMITS}"
            address = make_conninfo(
                conninfo, connect_timeout=PATIENCE, application_name="innkeep doctor", options=options
            )
            async with connected(address) as connection:
                return await _of_connection(settings, address, connection)
    except SettingsError as error:
        return [Finding("database", "problem", str(error), "mend INNKEEP_DATABASE_URL")], False
    except EmbeddedPostgresError as error:
        todo = "see server.log in the data folder, and whether its disk is full"
        return [Finding("database", "problem", str(error), todo)], False
    except psycopg.OperationalError as error:
        todo = ROOM if unavailable(error).message == FULL_HOUSE else REACH
        return [Finding("database", "problem", f"cannot be reached: {_first_line(error)}", todo)], False


async def _of_connection(settings: Settings, address: str, connection: Connection) -> tuple[list[Finding], bool]:
    production = not settings.sandbox
    found = await _tried("database", lambda: of_server(connection))
    found += await _tried("fences", lambda: of_fences(address, production=production))
    at_work = await sessions(connection)
    running = bool(at_work)
    of_it, migrated = await of_schema(connection, running=running)
    found += of_it
    if not migrated:
        return found, True
    keep = timedelta(hours=settings.idempotency_hours)
    found.append(of_processes(at_work))
    found += await _tried("log", lambda: of_log(connection))
    found += await _tried("clock", lambda: of_clocks(connection, production=production))
    found += await _tried("read models", lambda: of_read_models(connection, running=running))
    found += await _tried("deadlines", lambda: of_deadlines(connection, running=running))
    found += await _tried("refunds", lambda: of_refunds(connection))
    found += await _tried("housekeeping", lambda: of_housekeeping(connection, keep))
    found += await _tried("signing key", lambda: of_signing_key(connection))
    found += await _tried("superAdmin", lambda: of_superadmins(connection, production=production))
    return found, await _nothing_happened(connection)


async def _nothing_happened(connection: Connection) -> bool:
    """Is the log empty? One that somebody has locked has something in it."""
    try:
        ((begun,),) = await (await connection.execute("SELECT EXISTS (SELECT FROM event)")).fetchall()
    except SLOW:
        return False
    return not begun


async def _tried(check: str, look: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
    try:
        return await look()
    except psycopg.errors.UndefinedTable as error:
        seen = f"cannot be examined: {_first_line(error)}"
        return [Finding(check, "warning", seen, "the next start makes what is missing")]
    except psycopg.errors.InsufficientPrivilege as error:
        seen = f"cannot be examined: {_first_line(error)}"
        return [Finding(check, "warning", seen, "ask with the role that Innkeep works with")]
    except SLOW as error:
        seen = f"the database did not answer in time: {_first_line(error)}"
        return [Finding(check, "problem", seen, "see what keeps it busy: pg_stat_activity, pg_locks")]
    except Exception as error:  # the rest is examined all the same
        if isinstance(error, psycopg.OperationalError) and (error.sqlstate or GONE[0]).startswith(GONE):
            raise
        seen = f"cannot be examined: {_first_line(error)}"
        return [Finding(check, "warning", seen, "if a newer release works on this database, ask its doctor")]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
