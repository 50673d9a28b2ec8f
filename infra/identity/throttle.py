"""The brake on guessing passwords, in the database: every process counts what all have seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from commands.credentials import TooManyAttempts
from infra.postgres.line import Line

BLOCKED_SINCE = """
SELECT max(at) FROM (
  (SELECT at FROM login_failure WHERE address = %(address)s AND account = %(account)s AND at > %(since)s
    ORDER BY at DESC OFFSET %(per_account)s - 1 LIMIT 1)
  UNION ALL
  (SELECT at FROM login_failure WHERE address = %(address)s AND at > %(since)s
    ORDER BY at DESC OFFSET %(per_address)s - 1 LIMIT 1)) AS limits"""
"""When the failure came that has to leave the window before the next attempt; null if there is room."""

ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtextextended('login from ' || current_schema() || %s, 0))"
RECORD = "INSERT INTO login_failure (account, address, at) VALUES (%(account)s, %(address)s, %(at)s)"
FORGET = "DELETE FROM login_failure WHERE at <= %(since)s"
FORGIVE = "DELETE FROM login_failure WHERE address = %(address)s AND account = %(account)s"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many failures, in what time."""

    per_account: int = 5
    """From one address."""
    per_address: int = 50
    """On all accounts."""
    window: timedelta = timedelta(minutes=15)


class PostgresThrottle:
    """Failed logins as rows that are forgotten once they are older than the window."""

    def __init__(self, line: Line, limits: Limits | None = None) -> None:
        self._line = line
        self._limits = limits or Limits()

    async def admit(self, account: UUID, address: str, at: datetime) -> None:
        """Let an attempt begin. Raises TooManyAttempts, Unavailable."""
        values = self._values(account, address, at)

        async def look(connection: AsyncConnection[TupleRow]) -> None:
            await self._check(connection, values)

        await self._line.use(look)

    async def settle(self, account: UUID, address: str, at: datetime, *, right: bool) -> None:
        """File how an attempt ended, one attempt from an address after the other: exactly as many as the limit says
        are told that they were wrong, however many are made at once. Raises TooManyAttempts, Unavailable.
        """
        values = self._values(account, address, at)

        async def file(connection: AsyncConnection[TupleRow]) -> None:
            async with connection.transaction():
                await connection.execute(ONE_BY_ONE, [address])
                await self._check(connection, values)
                await connection.execute(FORGIVE if right else RECORD, values)
                if not right:
                    await connection.execute(FORGET, values)

        await self._line.use(file)

    async def _check(self, connection: AsyncConnection[TupleRow], values: dict[str, object]) -> None:
        row = await (await connection.execute(BLOCKED_SINCE, values)).fetchone()
        since, at = row[0] if row else None, values["at"]
        if since is not None and isinstance(at, datetime):
            raise TooManyAttempts((since + self._limits.window - at).total_seconds())

    def _values(self, account: UUID, address: str, at: datetime) -> dict[str, object]:
        limits = self._limits
        return {
            "account": account,
            "address": address,
            "at": at,
            "since": at - limits.window,
            "per_account": limits.per_account,
            "per_address": limits.per_address,
        }
