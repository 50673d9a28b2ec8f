"""Is somebody at work, and does it go well? Read models, deadlines, and what is to be forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import groupby
from typing import Any, LiteralString

from psycopg import AsyncConnection

from domain.catalogue import RESOURCES
from domain.giving_back import RESUME_AFTER
from infra.agenda import OVERDUE
from infra.clock import wall_now
from infra.doctor.findings import Finding, State
from infra.read_models.catalogue import ModelHealth, health
from infra.read_models.side import models_of
from infra.scheduler import LATE
from projections.catalogue import PROJECTIONS
from projections.payments import RESUME_REFUND

LAG_WARNING, LAG_PROBLEM = 5.0, 60.0
"""Seconds behind the log."""
GRACE = timedelta(hours=1)
"""How late the housekeeping may be: it goes round every ten minutes."""

SESSIONS: LiteralString = """SELECT DISTINCT application_name FROM pg_stat_activity
  WHERE datname = current_database() AND application_name LIKE 'innkeep %' AND application_name <> 'innkeep doctor'
  ORDER BY 1"""
COMMANDS = frozenset(
    f"innkeep {use}" for use in ("events", "feed", "listener", "loads", "notifier", "reads", "rebuild", "signing keys")
)
"""What commands that look or rebuild call their connections. A process that works has others besides."""
LEADER: LiteralString = """WITH k AS (SELECT hashtextextended('innkeep projector of ' || current_schema(), 0) AS key)
  SELECT EXISTS (SELECT FROM pg_locks AS l, k WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid::bigint = (k.key >> 32) & 4294967295 AND l.objid::bigint = k.key & 4294967295)"""
END: LiteralString = "SELECT coalesce(max(position), 0) FROM event"
CLOCK: LiteralString = "SELECT ahead, moved_at FROM clock"
AHEAD: LiteralString = "SELECT ahead FROM clock"
SET: LiteralString = "SELECT count(*) FROM deadline"
WAITING: LiteralString = "SELECT count(*), min(due) FROM deadline WHERE kind = %b AND due > %b"
KEPT: LiteralString = """SELECT count(*), min(recorded_at) FROM command WHERE (key IS NOT NULL OR answer IS NOT NULL)
  AND recorded_at <= clock_timestamp() - %b::interval"""

Connection = AsyncConnection[Any]


async def sessions(connection: Connection) -> list[str]:
    """What other processes of Innkeep call their connections to this database; none while it stands still."""
    names = [name for (name,) in await (await connection.execute(SESSIONS)).fetchall()]
    return names if not COMMANDS.issuperset(names) else []


def of_processes(names: list[str]) -> Finding:
    """Whether any process is at work."""
    if not names:
        return Finding("processes", "fine", "no Innkeep is running on this database now")
    return Finding("processes", "fine", f"at work: {', '.join(name.removeprefix('innkeep ') for name in names)}")


async def of_read_models(connection: Connection, *, running: bool) -> list[Finding]:
    """How each read model does."""
    ((end,),) = await (await connection.execute(END)).fetchall()
    ((led,),) = await (await connection.execute(LEADER)).fetchall()
    models = await health(connection, models_of(PROJECTIONS, RESOURCES))
    found = [finding for model in models for finding in _of_model(model, end, led=led)]
    found += _behind(models, running=running, led=led)
    if running and not led:
        seen = "nobody fills the read models: reads show less and less of what is recorded"
        found.insert(0, Finding("read models", "problem", seen, "run `innkeep projector`, or `innkeep serve`"))
    return found or [Finding("read models", "fine", f"all {len(models)} follow the log")]


def _of_model(model: ModelHealth, end: int, *, led: bool) -> Iterator[Finding]:
    name = f"read model {model.name}"
    again = f"`innkeep rebuild {model.name}`"
    if model.state == "missing":
        todo = "see the projector's log" if led else "the next start makes it"
        yield Finding(name, "warning", "its table is not made yet", todo)
        return
    if model.position > end:
        seen = f"stands at {model.position}, past the end of the log, {end}: they are not from one backup"
        yield Finding(name, "problem", seen, again)
    if model.state == "stopped":
        why = f"{model.failed_event or 'a page'} at {model.failed_position}: {model.error}"
        todo = f"start a version that knows this event, or mend its projection; it is tried again by itself, or {again}"
        yield Finding(name, "problem", f"stopped by {why}", todo)
    if model.dead_letters:
        seen = f"{model.dead_letters} streams are set aside: it cannot take in one of their events"
        todo = f"`innkeep dead-letters list --model {model.name}` says why; mend it, then `innkeep dead-letters retry`"
        # What is not in the table of deadlines does not happen.
        yield Finding(f"dead letters of {model.name}", "problem" if model.name == "deadline" else "warning", seen, todo)
    if model.state == "rebuild due":
        yield Finding(name, "warning", "declared otherwise than its table was made: a rebuild is due", again)


def _behind(models: Iterable[ModelHealth], *, running: bool, led: bool) -> Iterator[Finding]:
    """Those that lag: what stands at one position is one finding."""
    late = [model for model in models if model.state != "stopped" and model.seconds_behind > LAG_WARNING]
    for _, group in groupby(sorted(late, key=lambda model: model.position), key=lambda model: model.position):
        found = list(group)
        names = [model.name for model in found]
        seconds = max(model.seconds_behind for model in found)
        check = f"read model {names[0]}" if len(names) == 1 else "read models"
        seen = f"{found[0].events_behind} events behind the log, the oldest recorded {seconds:.0f} s ago"
        which = "" if len(names) == 1 else f": {', '.join(names)}"
        state: State = "problem" if running and seconds > LAG_PROBLEM else "warning"
        yield Finding(check, state, seen + which, _catch_up(running=running, led=led))


def _catch_up(*, running: bool, led: bool) -> str:
    if not running:
        return "it catches up at the next start"
    return "see the projector's log and `innkeep lag`" if led else "run `innkeep projector`, or `innkeep serve`"


async def of_deadlines(connection: Connection, *, running: bool) -> list[Finding]:
    """Whether holds, completions and payouts happen when they are due."""
    ((ahead, moved_at),) = await (await connection.execute(CLOCK)).fetchall()
    ahead, wall = timedelta(microseconds=ahead), wall_now()
    now = wall + ahead
    ((count, first),) = await (await connection.execute(OVERDUE, [now])).fetchall()
    late = min(now - first, wall - moved_at) if ahead and first else now - first if first else timedelta()
    if late <= LATE:
        ((pending,),) = await (await connection.execute(SET)).fetchall()
        return [Finding("deadlines", "fine", f"none is overdue; {pending} are set")]
    seen = f"{count} are overdue, the first since {late.total_seconds():.0f} s: holds, completions, payouts wait"
    if not running:
        return [Finding("deadlines", "warning", seen, "they are acted on at the next start")]
    todo = "run `innkeep scheduler`, or `innkeep serve`; if one runs, its log says why it cannot act"
    return [Finding("deadlines", "problem", seen, todo)]


async def of_refunds(connection: Connection) -> list[Finding]:
    """Whether guests wait for money that the provider would not give, or that came back."""
    ((ahead,),) = await (await connection.execute(AHEAD)).fetchall()
    soon = wall_now() + timedelta(microseconds=ahead) + RESUME_AFTER
    ((count, first),) = await (await connection.execute(WAITING, [RESUME_REFUND, soon])).fetchall()
    if not count:
        return [Finding("refunds", "fine", "no guest waits for one that was refused or came back")]
    seen = f"{count} stays wait for one that was refused or came back, the next until {first:%Y-%m-%d %H:%M} UTC"
    todo = (
        "`innkeep events --name 'payment.refund_*' --last 50` says which, and why. Of what was given otherwise "
        "an admin says so: PATCH /v1/settlereservationrefund/{reservationId}"
    )
    return [Finding("refunds", "warning", seen, todo)]


async def of_housekeeping(connection: Connection, keep: timedelta) -> list[Finding]:
    """Whether kept answers and idempotency keys are forgotten in time."""
    ((count, oldest),) = await (await connection.execute(KEPT, [keep + GRACE])).fetchall()
    if not count:
        hours = keep.total_seconds() / 3600
        return [
            Finding("housekeeping", "fine", f"no idempotency key or answer is kept for more than {hours:.0f} hours")
        ]
    age = (wall_now() - oldest).total_seconds() / 3600
    seen = f"{count} idempotency keys or answers should be forgotten by now, the oldest of {age:.0f} hours ago"
    return [Finding("housekeeping", "warning", seen, "run `innkeep scheduler`, or `innkeep serve`: they forget them")]
