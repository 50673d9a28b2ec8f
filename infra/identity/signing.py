"""The keys that sign access tokens: made on the first start, replaced by `rotate`, shared by all processes.

The table is the truth; a process keeps what it read for a while. So a key that was replaced may sign a little longer,
and verifies longer still: until the last token that anyone signed with it has expired.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from infra.postgres.line import Line

BITS = 2048
KEPT = timedelta(seconds=60)
"""How long a process goes by what it read."""
UNKNOWN_AGAIN = timedelta(seconds=1)
"""How often, at most, a key that nobody knows makes a process read again."""

TURN = "SELECT pg_advisory_xact_lock(hashtextextended('signing keys of ' || current_schema(), 0))"
CURRENT = "SELECT 1 FROM signing_key WHERE verifies_until IS NULL"
RETIRE = "UPDATE signing_key SET verifies_until = %s WHERE verifies_until IS NULL"
FORGET = "DELETE FROM signing_key WHERE verifies_until <= %s"
ADD = "INSERT INTO signing_key (kid, private_pem, public_pem, made_at) VALUES (%s, %s, %s, %s)"
ALL = "SELECT kid, private_pem, public_pem, verifies_until FROM signing_key"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One pair of keys."""

    kid: str
    private: rsa.RSAPrivateKey
    public: rsa.RSAPublicKey
    public_pem: str
    verifies_until: datetime | None
    """Absent for the key that signs."""

    def verifies(self, at: datetime) -> bool:
        """Whether its signatures count at that time."""
        return self.verifies_until is None or at < self.verifies_until


class SigningKeys:
    """The signing keys of one database. `lifetime` is that of the longest-lived token; `now` is the wall's clock."""

    def __init__(self, line: Line, lifetime: timedelta, now: Callable[[], datetime]) -> None:
        self._line = line
        self._lifetime = lifetime
        self._now = now
        self._known: dict[str, SigningKey] = {}
        self._read_at: datetime | None = None
        self._turn = asyncio.Lock()

    async def ensure(self) -> None:
        """Make the first key, if there is none. Any number of processes may do this at once. Raises Unavailable."""
        if not await self._line.ask(CURRENT):
            await self._add(only_first=True)

    async def rotate(self) -> str:
        """Sign with a new key from now on, and answer its id; what is signed stays good. Raises Unavailable."""
        kid = await self._add(only_first=False)
        await self._read()
        return kid

    async def current(self) -> SigningKey:
        """The key that signs. Raises Unavailable."""
        if self._older_than(KEPT):
            await self._read()
        key = self._signer()
        if key is None:
            await self._add(only_first=True)
            await self._read()
            key = self._signer()
        if key is None:  # pragma: no cover - only if somebody deletes it in between
            raise LookupError("there is no signing key")
        return key

    async def find(self, kid: str) -> SigningKey | None:
        """The key of that id, if its signatures count. Raises Unavailable."""
        if self._older_than(KEPT) or (kid not in self._known and self._older_than(UNKNOWN_AGAIN)):
            await self._read()
        key = self._known.get(kid)
        return key if key is not None and key.verifies(self._now()) else None

    def _signer(self) -> SigningKey | None:
        return next((key for key in self._known.values() if key.verifies_until is None), None)

    def _older_than(self, age: timedelta) -> bool:
        return self._read_at is None or self._now() - self._read_at > age

    async def _read(self) -> None:
        async with self._turn:
            at = self._now()
            rows = await self._line.ask(ALL)
            self._known = {row[0]: self._known.get(row[0]) or _loaded(*row) for row in rows}
            for kid, *_, until in rows:
                self._known[kid] = _until(self._known[kid], until)
            self._read_at = at

    async def _add(self, *, only_first: bool) -> str:
        made = await asyncio.to_thread(_make)

        async def add(connection: AsyncConnection[TupleRow]) -> None:
            async with connection.transaction():
                await connection.execute(TURN)
                if only_first and await (await connection.execute(CURRENT)).fetchone() is not None:
                    return
                at = self._now()
                await connection.execute(RETIRE, [at + self._lifetime + 2 * KEPT])
                await connection.execute(FORGET, [at])
                await connection.execute(ADD, [*made, at])

        await self._line.use(add)
        return made[0]


def _make() -> tuple[str, str, str]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    private_pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return secrets.token_hex(8), private_pem.decode(), public_pem.decode()


def _loaded(kid: str, private_pem: str, public_pem: str, verifies_until: datetime | None) -> SigningKey:
    private = serialization.load_pem_private_key(private_pem.encode(), password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError(f"the signing key {kid} is no RSA key")
    return SigningKey(kid, private, private.public_key(), public_pem, verifies_until)


def _until(key: SigningKey, verifies_until: datetime | None) -> SigningKey:
    return SigningKey(key.kid, key.private, key.public, key.public_pem, verifies_until)
