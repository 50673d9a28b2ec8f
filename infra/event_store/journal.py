"""The journal of commands: idempotency keys, and the answers kept for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from commands.ports import Cause, Kept
from infra.event_store.feed import NAIL
from infra.event_store.sealing import ActorKeys
from infra.event_store.together import Together
from infra.postgres.arrays import Texts
from infra.postgres.line import Line

TAKEN: LiteralString = "greatest(at, recorded_at)"
"""When a command took its key, by the product's clock: that is never behind the wall's, whichever machine's `at` is."""
LONG_AGO: LiteralString = "(SELECT clock_timestamp() + ahead * interval '1 microsecond' FROM clock) - %b::interval"
"""By the product's clock, so long ago."""
KEPT: LiteralString = f"""SELECT key, id, actor, fingerprint, answer, position,
    extract(epoch FROM clock_timestamp() - recorded_at)::float8 FROM command
  WHERE key = ANY(%b::text[]) AND {TAKEN} > {LONG_AGO}"""  # noqa: S608 - it is ours
# A key that nobody has tidied away yet is free all the same once it is old.
FREE: LiteralString = f"""UPDATE command SET key = NULL, fingerprint = NULL, answer = NULL
  WHERE key = ANY(%b::text[]) AND {TAKEN} <= {LONG_AGO}"""  # noqa: S608 - it is ours
ACTOR = "SELECT actor FROM command WHERE id = %b"
ANSWER = "UPDATE command SET answer = %b::bytea WHERE id = %b"
ADDRESS = "SELECT actor, address FROM command WHERE id = %b"
FORGET = """UPDATE command SET key = NULL, fingerprint = NULL, answer = NULL WHERE id IN (
    SELECT id FROM command WHERE (key IS NOT NULL OR answer IS NOT NULL)
      AND recorded_at <= clock_timestamp() - %b::interval ORDER BY recorded_at LIMIT %b FOR UPDATE SKIP LOCKED)
  RETURNING id"""

FORGET_AT_ONCE = 1000
"""Rows in one transaction of the housekeeping, so that it holds nobody up."""


class Row(NamedTuple):
    """A command as its table has it, less what the database adds: the columns in the order of `append_events`."""

    id: UUID
    name: str
    actor: UUID | None
    role: str
    session: UUID | None
    tenant: str
    request_id: str
    address: bytes | None
    at: Any
    key: str | None
    fingerprint: bytes | None
    answer: bytes | None


class Journal:
    """What the journal is asked, and what is filed in it beside the events.

    Args:
        line: the connection to ask on.
        keys: the actors' keys, which seal addresses and answers.
        keep: how long an idempotency key and its answer are kept, by the product's clock.
    """

    def __init__(self, line: Line, keys: ActorKeys, keep: timedelta) -> None:
        self._line = line
        self._keys = keys
        self._keep = keep
        self.kept = Together(self._kept_all)
        """What is known of an idempotency key, or None. Raises Unavailable."""

    async def row(self, cause: Cause) -> Row:
        """The command's row, its address and answer sealed. Raises Unavailable."""
        seal = await self._keys.of(cause.actor.id)
        address = None if cause.address is None else cause.address.encode()
        actor, key = cause.actor, cause.key
        return Row(
            cause.id,
            cause.name,
            actor.id,
            actor.role,
            actor.session,
            cause.tenant,
            cause.request_id,
            seal.seal(address, _address_of(cause.id)),
            cause.at,
            key.text if key else None,
            key.fingerprint if key else None,
            seal.seal(cause.answer, _answer_of(cause.id)),
        )

    async def answer(self, command: UUID, answer: bytes) -> None:
        """File the answer of a command that has its row. Raises LookupError if it has none, and Unavailable."""
        found = await self._line.ask(ACTOR, [command])
        if not found:
            raise LookupError(f"no command {command} is recorded")
        seal = await self._keys.of(found[0][0])
        await self._line.ask(ANSWER, [seal.seal(answer, _answer_of(command)), command])

    async def address(self, command: UUID) -> str | None:
        """Where the command's caller called from, for whoever looks into an abuse; None if unknown or erased."""
        for actor, address in await self._line.ask(ADDRESS, [command]):
            plain = (await self._keys.of(actor)).open(address, _address_of(command))
            return None if plain is None else plain.decode()
        return None

    async def forget(self) -> int:
        """Drop the answers, and free the keys, that have been kept long enough in real time; answers of how many
        commands. By the product's clock, which may be ahead of it, they have not counted for as long by then.
        """
        forgotten = 0
        while True:
            rows = await self._line.ask(FORGET, [self._keep, FORGET_AT_ONCE])
            forgotten += len(rows)
            if len(rows) < FORGET_AT_ONCE:
                return forgotten

    async def _kept_all(self, keys: Sequence[str]) -> Sequence[Kept | None]:
        found: dict[str, Kept] = {}
        for row in await self._line.ask(KEPT, [Texts(keys), self._keep]):
            key, command, actor, fingerprint, answer, position, age = row
            plain = (await self._keys.of(actor)).open(answer, _answer_of(command))
            found[key] = Kept(command, fingerprint, plain, position, age)
        if any(kept.answer is not None for kept in found.values()):
            await self._line.ask(NAIL)  # to repeat an answer is to promise it: only what is in its place is promised
        return [found.get(key) for key in keys]


def _answer_of(command: UUID) -> bytes:
    return b"answer of " + command.bytes


def _address_of(command: UUID) -> bytes:
    return b"address of " + command.bytes
