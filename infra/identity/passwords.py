"""Passwords as argon2id hashes."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs. The default is the least that OWASP recommends for argon2id."""

    rounds: int = 2
    memory_kib: int = 19_456
    lanes: int = 1


class Argon2:
    """Hashes in threads, as many at once as there are processors: the event loop goes on meanwhile.

    Each hash says what it cost, so another cost holds for new passwords and old ones stay good.
    """

    def __init__(self, cost: Cost | None = None) -> None:
        cost = cost or Cost()
        self._hasher = PasswordHasher(cost.rounds, cost.memory_kib, cost.lanes)
        self._turns = asyncio.Semaphore(os.cpu_count() or 1)
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password: str, kept: str | None) -> bool:
        """Is it the password of that hash? Without a hash, the same work against a decoy; the answer is no."""
        if self._decoy is None:
            self._decoy = await self.hash("nobody has this password")
        async with self._turns:
            matches = await asyncio.to_thread(self._matches, kept or self._decoy, password)
        return matches and kept is not None

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
