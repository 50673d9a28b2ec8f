"""Access tokens: RS256 JWTs that say which session a caller has. What the caller may do is never read from them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt

from domain.actor import Role
from infra.identity.signing import SigningKeys

ALGORITHM = "RS256"
LONGEST = 4096
"""Characters of anything that could be one of our tokens."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says that is believed."""

    user: UUID
    session: UUID
    kid: str
    expires: datetime


class SignedTokens:
    """Issues and reads tokens. The last `memory` of them are remembered: a signature takes 0.2 ms to check."""

    def __init__(
        self, keys: SigningKeys, lifetime: timedelta, now: Callable[[], datetime], *, memory: int = 10_000
    ) -> None:
        self._keys = keys
        self._lifetime = lifetime
        self._now = now
        self._memory = memory
        self._read: OrderedDict[str, Claims] = OrderedDict()

    async def issue(self, *, user: UUID, session: UUID, role: Role, at: datetime) -> str:
        """A signed token, good from `at` on. Raises Unavailable."""
        key = await self._keys.current()
        expires = at + self._lifetime
        payload = {"userId": str(user), "sessionId": str(session), "roleId": role, "iat": at, "exp": expires}
        return jwt.encode(payload, key.private, algorithm=ALGORITHM, headers={"kid": key.kid})

    async def read(self, token: str) -> Claims | None:
        """What it says, if a key of ours that still counts signed it and it has not expired. Raises Unavailable."""
        if len(token) > LONGEST:
            return None
        known = self._read.get(token)
        kid = known.kid if known else _kid(token)
        key = await self._keys.find(kid) if kid else None
        if key is None:
            return None
        claims = known or _claims(token, key.kid, key.public)
        if claims is None or claims.expires <= self._now():
            return None
        if known is None:
            self._remember(token, claims)
        return claims

    def _remember(self, token: str, claims: Claims) -> None:
        if len(self._read) >= self._memory:
            self._read.popitem(last=False)
        self._read[token] = claims


def _kid(token: str) -> str | None:
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError):
        return None
    return kid if isinstance(kid, str) else None


def _claims(token: str, kid: str, public: Any) -> Claims | None:
    """The times are checked by whoever holds the clock."""
    options: Any = {"verify_exp": False, "verify_iat": False, "require": ["exp", "iat"]}
    try:
        said = jwt.decode(token, public, algorithms=[ALGORITHM], options=options)
        expires = datetime.fromtimestamp(said["exp"], UTC)
        return Claims(UUID(said["userId"]), UUID(said["sessionId"]), kid, expires)
    except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError, OverflowError, OSError):
        return None
