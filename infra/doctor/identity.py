"""The key that signs access tokens, and who may do everything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from domain.catalogue import AGGREGATES
from domain.credential import Credential
from infra.clock import wall_now
from infra.doctor.findings import Finding
from infra.event_store import Codec
from infra.event_store.upcasts import UPCASTS
from infra.identity.passwords import Argon2
from infra.settings import SANDBOX_PASSWORD

OLD = timedelta(days=400)
"""Of a key that signs: a year, and some time to notice."""
TRIED = 20
"""Accounts whose password is tried, at most: each costs a slow hash."""

SIGNS: LiteralString = "SELECT made_at FROM signing_key WHERE verifies_until IS NULL"
EVENTS: LiteralString = "SELECT EXISTS (SELECT FROM event)"
ADMINS: LiteralString = """SELECT id, body->>'email' FROM doc_user
  WHERE body->>'roleId' = 'superAdmin' AND body->>'isActive' = 'true' ORDER BY position"""
NEWEST: LiteralString = "SELECT version, name, state FROM event WHERE stream = %s ORDER BY version DESC LIMIT 1"

Connection = AsyncConnection[Any]


async def of_signing_key(connection: Connection) -> list[Finding]:
    """Whether tokens can be signed."""
    rows = await (await connection.execute(SIGNS)).fetchall()
    if not rows:
        seen = "there is no key to sign access tokens with"
        return [Finding("signing key", "warning", seen, "the next start makes one, or `innkeep rotate-key`")]
    age = wall_now() - rows[0][0]
    seen = f"made {age.days} days ago"
    if age > OLD:
        return [Finding("signing key", "warning", seen, "`innkeep rotate-key`: tokens of the old one stay good")]
    return [Finding("signing key", "fine", seen)]


async def of_superadmins(connection: Connection, *, production: bool) -> list[Finding]:
    """Whether there is one, and none whom everybody can be."""
    ((begun,),) = await (await connection.execute(EVENTS)).fetchall()
    admins = await (await connection.execute(ADMINS)).fetchall()
    if not admins:
        if not begun:
            return [Finding("superAdmin", "fine", "the first start makes one")]
        seen = "there is no active superAdmin: nobody can give roles"
        return [Finding("superAdmin", "problem", seen, "set INNKEEP_SUPERADMIN_EMAIL and _PASSWORD, and start again")]
    known = [id for id, _ in admins[:TRIED] if await _has_the_default_password(connection, id)]
    if not known:
        return [Finding("superAdmin", "fine", f"{len(admins)}, none with the sandbox's password")]
    if not production:
        return [Finding("superAdmin", "fine", f"{known[0]} has the sandbox's password, which everybody knows")]
    seen = f"{known[0]} has the sandbox's password, which everybody knows"
    todo = "change it now (PATCH /v1/userpassword/{userId}); if this is a sandbox, set INNKEEP_MODE=sandbox"
    return [Finding("superAdmin", "problem", seen, todo)]


async def _has_the_default_password(connection: Connection, user: UUID) -> bool:
    stream = Credential.id_of(user)
    for version, name, state in await (await connection.execute(NEWEST, [stream])).fetchall():
        fact: Any = Codec(AGGREGATES, UPCASTS).decode(stream, version, name, bytes(state))
        return await Argon2().verify(SANDBOX_PASSWORD, getattr(fact, "password_hash", None))
    return False
