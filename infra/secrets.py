"""Secrets that the product makes for itself, once for a database: every process that starts there has the same."""

from __future__ import annotations

import secrets

from infra.postgres.connected import connected

BYTES = 32


async def secret(conninfo: str, name: str) -> bytes:
    """The secret of that name, made now if this is the first time that anyone asks."""
    async with connected(conninfo) as conn:
        await conn.execute(
            "INSERT INTO secret (name, value) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [name, secrets.token_bytes(BYTES)],
        )
        cursor = await conn.execute("SELECT value FROM secret WHERE name = %s", [name])
        row = await cursor.fetchone()
    if row is None:  # pragma: no cover - only if somebody deletes it in between
        raise LookupError(f"the secret {name} is gone")
    return bytes(row[0])
