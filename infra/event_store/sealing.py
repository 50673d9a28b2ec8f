"""One key an actor: what the journal keeps of a person can be read only while that person's key exists."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.event_store.together import Together
from infra.postgres.arrays import Byteas, Uuids
from infra.postgres.line import Line

NOBODY = UUID(int=0)
"""Whose key seals what no user did: strangers' commands, and the product's own."""

NONCE_BYTES = 12
KEY_BITS = 256

KEYS = "SELECT actor, secret FROM actor_key WHERE actor = ANY(%b::uuid[])"
MAKE = """INSERT INTO actor_key (actor, secret) SELECT * FROM unnest(%b::uuid[], %b::bytea[]) AS k (actor, secret)
  ORDER BY k.actor ON CONFLICT (actor) DO NOTHING"""
DESTROY = "INSERT INTO actor_key (actor) VALUES (%b) ON CONFLICT (actor) DO UPDATE SET secret = NULL"


class Seal:
    """Seals with one actor's key (AES-256-GCM). What is sealed is bound to what it is about, and opens nowhere else.

    Without a secret, as after its destruction, nothing is kept and nothing opens.
    """

    def __init__(self, secret: bytes | None) -> None:
        self._cipher = None if secret is None else AESGCM(secret)

    def seal(self, plain: bytes | None, about: bytes) -> bytes | None:
        """The sealed text, or None if there is nothing to keep or no key to keep it with."""
        if plain is None or self._cipher is None:
            return None
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, about)

    def open(self, sealed: bytes | None, about: bytes) -> bytes | None:
        """The plain text, or None if there is none or its key is gone."""
        if sealed is None or self._cipher is None:
            return None
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
        except InvalidTag:
            return None


class ActorKeys:
    """The actors' seals, from a bounded cache or the table of keys.

    Args:
        line: the connection to ask on.
        size: how many seals to keep at hand.
        seconds: how long; so long another process may still open what it could before the key was destroyed.
    """

    def __init__(self, line: Line, *, size: int = 10_000, seconds: float = 60.0) -> None:
        self._line = line
        self._size = size
        self._seconds = seconds
        self._at_hand: OrderedDict[int, tuple[float, Seal]] = OrderedDict()
        self._find = Together(self._find_all)

    async def of(self, actor: UUID | None) -> Seal:
        """The actor's seal; a first key is made. Raises Unavailable."""
        actor = actor or NOBODY
        now = asyncio.get_running_loop().time()
        at_hand = self._at_hand.get(actor.int)
        if at_hand is not None and now - at_hand[0] < self._seconds:
            self._at_hand.move_to_end(actor.int)
            return at_hand[1]
        seal = Seal(await self._find(actor))
        self._at_hand[actor.int] = (now, seal)
        self._at_hand.move_to_end(actor.int)
        if len(self._at_hand) > self._size:
            self._at_hand.popitem(last=False)
        return seal

    async def destroy(self, actor: UUID) -> None:
        """Destroy the actor's key for good: what was sealed with it is noise from now on. Raises Unavailable."""
        await self._line.ask(DESTROY, [actor])
        self._at_hand.pop(actor.int, None)

    def forget(self) -> None:
        """Forget the seals at hand: the table may have other keys by now."""
        self._at_hand.clear()

    async def _find_all(self, actors: Sequence[UUID]) -> Sequence[bytes | None]:
        wanted = list(set(actors))
        found: dict[UUID, bytes | None] = dict(await self._line.ask(KEYS, [Uuids(wanted)]))
        missing = [actor for actor in wanted if actor not in found]
        if missing:
            await self._line.ask(MAKE, [Uuids(missing), Byteas([AESGCM.generate_key(KEY_BITS) for _ in missing])])
            # Asked, not assumed: another process may have been first.
            found.update(await self._line.ask(KEYS, [Uuids(missing)]))
        return [found[actor] for actor in actors]
