"""The server, what the schema has come to, and what time it is there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

from psycopg import AsyncConnection

from infra.clock import wall_now
from infra.doctor.findings import Finding, State
from infra.postgres.guards import examine as examine_guards
from infra.postgres.migrate import FILE_NAME, FOLDER

SKEW_WARNING, SKEW_PROBLEM = timedelta(seconds=1), timedelta(seconds=30)
"""How far two clocks may be apart: tokens and limits are judged by this machine's, the journal by the database's."""
MEGABYTE = 1_000_000

SIZE: LiteralString = "SELECT pg_database_size(current_database())"
SCHEMA: LiteralString = "SELECT current_schema(), to_regclass('migration') IS NOT NULL"
APPLIED: LiteralString = "SELECT number, name FROM migration"
TIME: LiteralString = "SELECT clock_timestamp()"
AHEAD: LiteralString = "SELECT ahead FROM clock"

Connection = AsyncConnection[Any]


async def of_server(connection: Connection) -> list[Finding]:
    """Which server it is."""
    info, version = connection.info, connection.info.server_version
    ((size,),) = await (await connection.execute(SIZE)).fetchall()
    where = "embedded" if info.host.startswith("/") and info.user == "innkeep" else f"at {info.host} port {info.port}"
    told = f"PostgreSQL {version // 10_000}.{version % 10_000} {where}, database {info.dbname} as {info.user}"
    return [Finding("database", "fine", f"{told}, {size / MEGABYTE:.0f} MB")]


async def of_fences(conninfo: str, *, production: bool) -> list[Finding]:
    """Whether it keeps the promises of the log: what every start asks as well."""
    found = await examine_guards(conninfo, production=production)
    fine = [finding.name for finding in found if finding.severity == "fine"]
    sick = [
        Finding(f"fences: {f.name}", "problem" if f.severity == "refused" else "warning", f.told, f.advice)
        for f in found
        if f.severity != "fine"
    ]
    good = Finding("fences", "fine", f"nothing can make readers of the log miss events ({len(fine)} checks)")
    return [good if not sick else good._replace(seen=f"as they must be: {', '.join(fine)}"), *sick]


async def of_schema(connection: Connection, *, running: bool) -> tuple[list[Finding], bool]:
    """How far it is migrated, and whether the rest can be examined."""
    known = {int(name[1]): file.stem for file in FOLDER.glob("*.sql") if (name := FILE_NAME.fullmatch(file.name))}
    ((schema, there),) = await (await connection.execute(SCHEMA)).fetchall()
    if schema is None:
        seen = "no schema of the connection's search_path exists"
        return [Finding("schema", "problem", seen, "create it, or name another in INNKEEP_DATABASE_URL")], False
    applied = dict(await (await connection.execute(APPLIED)).fetchall()) if there else {}
    return [schema_finding(known, applied, running=running)], bool(applied)


def schema_finding(known: Mapping[int, str], applied: Mapping[int, str], *, running: bool) -> Finding:
    """What these migrations, by number, say together."""
    newer = [name for number, name in sorted(applied.items()) if number not in known]
    missing = [name for number, name in sorted(known.items()) if number not in applied]
    if newer:
        seen = f"migrated by a newer Innkeep: {', '.join(newer)}"
        return Finding("schema", "problem", seen, "start that version or a newer one; this one does not start")
    if not applied:
        seen = "empty: Innkeep was never started on this database"
        return Finding("schema", "warning", seen, "`innkeep serve` prepares it")
    if missing:
        seen = f"not migrated yet: {', '.join(missing)}"
        todo = "restart what is running with this version" if running else "the next start applies them"
        return Finding("schema", "warning", seen, todo)
    return Finding("schema", "fine", f"all {len(known)} migrations are applied")


async def of_clocks(connection: Connection, *, production: bool) -> list[Finding]:
    """This machine's against the database's, and the product's against both."""
    before = wall_now()
    ((there,),) = await (await connection.execute(TIME)).fetchall()
    found = [skew_finding(before, there.astimezone(UTC), wall_now())]
    for (ahead,) in await (await connection.execute(AHEAD)).fetchall():
        found.append(_product_clock(timedelta(microseconds=ahead), production=production))
    return found


def skew_finding(before: datetime, there: datetime, after: datetime) -> Finding:
    """The database said `there` between two looks at the clock here."""
    apart = there - after if there > after else there - before if there < before else timedelta()
    seconds = abs(apart.total_seconds())
    if abs(apart) < SKEW_WARNING:
        return Finding("clock", "fine", f"this machine and the database agree to {max(seconds, 0.001):.3f} s")
    seen = f"the database's clock is {seconds:.0f} s {'ahead of' if apart > timedelta() else 'behind'} this machine's"
    state: State = "problem" if abs(apart) >= SKEW_PROBLEM else "warning"
    return Finding("clock", state, seen, "let NTP set the clocks of both machines")


def _product_clock(ahead: timedelta, *, production: bool) -> Finding:
    if not ahead:
        return Finding("product clock", "fine", "runs with the wall's")
    if not production:
        return Finding("product clock", "fine", f"{ahead} ahead, as the sandbox has moved it")
    seen = (
        f"{ahead} ahead of the wall's: this database was used in sandbox mode, and its nights and deadlines are ahead"
    )
    todo = "serve production from another database; if this is a sandbox, set INNKEEP_MODE=sandbox"
    return Finding("product clock", "problem", seen, todo)
