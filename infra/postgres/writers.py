"""Transactions that hold the readers of the log back.

Readers follow the log up to a fence: the oldest transaction that still runs and may have written something, anywhere in
the cluster. Such a one costs nobody an event, however long it stands; but until it ends, no reader sees what was
recorded after it began. A transaction that only reads holds nobody back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, LiteralString

from psycopg import AsyncConnection

# The oldest one is listed at any age; the others once they are old. Who may not see others' sessions sees no times.
WRITERS: LiteralString = """WITH fence AS (SELECT pg_snapshot_xmin(pg_current_snapshot())::xid AS oldest)
  SELECT a.backend_xid::text, a.pid, a.application_name, a.state, a.datname::text, a.usename::text,
    coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::float8 AS seconds
  FROM pg_stat_activity AS a, fence AS f WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()
    AND (a.backend_xid = f.oldest OR a.xact_start <= clock_timestamp() - make_interval(secs => %b::float8))
  UNION ALL
  SELECT p.transaction::text, NULL, p.gid, 'prepared', p.database::text, p.owner::text,
    extract(epoch FROM clock_timestamp() - p.prepared)::float8
  FROM pg_prepared_xacts AS p, fence AS f
  WHERE p.transaction = f.oldest OR p.prepared <= clock_timestamp() - make_interval(secs => %b::float8)
  ORDER BY seconds DESC"""


@dataclass(frozen=True, slots=True)
class Writer:
    """A transaction that may have written, and has not ended."""

    transaction: str
    pid: int | None
    """Of its backend; a prepared transaction has none."""
    name: str
    """What its application calls itself; the name a prepared transaction was given."""
    state: str | None = field(compare=False)
    """As `pg_stat_activity` has it, or `prepared`; None if this role may not see it."""
    database: str | None
    role: str | None
    seconds: float = field(compare=False)
    """Since it began, or was prepared."""

    @property
    def prepared(self) -> bool:
        """Is it prepared: will it stand, through restarts too, until somebody ends it by name?"""
        return self.pid is None

    def __str__(self) -> str:
        whose = f"of {self.name or 'an unnamed application'} (role {self.role or 'unknown'})"
        if self.prepared:
            whose = f"{self.name} of role {self.role}"
        where = f"in database {self.database or 'unknown'}"
        what = "the prepared transaction" if self.prepared else f"the transaction of process {self.pid}"
        state = "" if self.prepared else f", {self.state or 'in a state that this role may not see'},"
        return f"{what} {whose}{state} {where} is open for {self.seconds:.0f} s"

    @property
    def advice(self) -> str:
        """How to end it."""
        if self.prepared:
            return f"end it in that database: ROLLBACK PREPARED '{self.name}', or COMMIT PREPARED"
        return f"end it where it was begun, or by SELECT pg_terminate_backend({self.pid})"


async def writers(connection: AsyncConnection[Any], seconds: float) -> list[Writer]:
    """The transactions that may have written and are at least so old, and the oldest of all, the oldest first."""
    cursor = await connection.execute(WRITERS, [seconds, seconds], binary=True)
    return [Writer(*row) for row in await cursor.fetchall()]
