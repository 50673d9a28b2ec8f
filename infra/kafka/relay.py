"""The relay: the settled log, in order, onto Kafka.

Of several relays one works and the others stand by: whoever holds the lock of the database does. A relay that lost it
without knowing cannot do harm: whoever took over has fenced it at Kafka, where the position stands with the messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol
from uuid import UUID

import psycopg
import structlog
from msgspec.structs import replace

from commands.ports import Unavailable
from infra.kafka.ahead import PAGE, Ahead, Piece
from infra.kafka.lanes import Told
from infra.kafka.messages import LogRow, Messages, Outgoing
from infra.kafka.standstill import LOOK_SECONDS, Place, Standstill, standing_still
from infra.kafka.wire import Fenced, KafkaAway, Wire
from infra.postgres.connected import connected, still_there
from infra.postgres.trouble import TROUBLE
from infra.tracing.following import Steps
from infra.tracing.port import TRACEPARENT, Begun

LEAD = "SELECT pg_try_advisory_lock(hashtextextended('innkeep relay of ' || current_schema(), 0))"
NAMED = "SELECT set_config('application_name', 'innkeep relay', false)"
KNOWN = "SELECT coalesce(max(position), 0) FROM relay"
SAME = "SELECT FROM event WHERE position = %s AND command::text = %s"
REACHED = """INSERT INTO relay (name, position) VALUES (%s, %s)
  ON CONFLICT (name) DO UPDATE SET position = excluded.position, updated_at = now()"""

MOST = 20_000
"""Events in one transaction, about, where there is so much to tell. Each costs some 0.1 s whatever is in it: Kafka
takes partitions into it only once the one before is marked as ended in all of its own.
"""
STANDBY_SECONDS = 0.5
"""Between two attempts to take the lead."""
LONGEST_PAUSE = 5.0
"""Seconds between two attempts, at most."""
NAP_SECONDS = 1.0
"""That a quiet log is waited for, before the lead is made sure of."""


class LogBehind(Exception):
    """Kafka was told of events that this log does not have, as it was restored from an older copy."""

    def __init__(self, told: int) -> None:
        super().__init__(
            f"Kafka was told of events up to position {told} that this log does not have: was it restored from a copy? "
            "Run `innkeep restored`"
        )


EXPECTED = (KafkaAway, Fenced, LogBehind, *TROUBLE, Unavailable)
"""What a relay meets and goes on after."""


class SettledLog(Protocol):
    """The log, as far as it is settled."""

    async def rows(self, after: int, limit: int) -> tuple[Sequence[tuple[Any, ...]], int]:
        """The stored rows past that position, in order, ids and instants as texts, and where to read on."""
        ...

    async def wait_for_events(self, after: int, timeout: float) -> bool:  # noqa: ASYNC109 - it answers, it does not raise
        """Return once something is settled past that position, or when the time (seconds) is over."""
        ...

    async def end(self) -> int:
        """The newest position drawn, settled or not."""
        ...


class Relay:
    """Tells Kafka what happened, until it is cancelled.

    Args:
        conninfo: the database, for the lock and for what is told of the position.
        log: the log.
        messages: what events look like.
        wire: a fresh wire each time the lead is taken.
        name: of the wire and of the row in which the position is told.
        lanes: what the product's own projectors are told, if any of them follow Kafka.
        look_seconds: between two looks whether readers get on.
    """

    def __init__(
        self,
        conninfo: str,
        log: SettledLog,
        messages: Messages,
        wire: Callable[[], Wire],
        *,
        name: str,
        lanes: Told | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._conninfo = conninfo
        self._log = log
        self._messages = messages
        self._wire = wire
        self._name = name
        self._lanes = lanes
        self._look_seconds = look_seconds
        self.position = 0
        self._sent = 0
        """Up to there Kafka was told; past it, to `position`, nothing has happened."""
        self._pieces = Ahead(self._piece)
        self.leads = False
        self.steps: Steps | None = None
        """Told of what is sent, if anybody wants to know it step by step."""
        self.trouble: str | None = None
        """What keeps it from going on, if anything does."""
        self.standing: Sequence[Place] = ()
        """Partitions whose readers do not get on, though the relay does."""
        self._told = structlog.get_logger("relay")

    async def run(self) -> None:
        """Follow the log, whatever happens to Kafka and the database meanwhile."""
        pause = STANDBY_SECONDS
        while True:
            try:
                async with connected(self._conninfo) as connection:
                    await connection.execute(NAMED)
                    await self._stand_by(connection)
                    async with self._wire() as wire:
                        with self._said():  # before the wire is closed, which may take its time
                            await self._lead(connection, wire)
            except EXPECTED as trouble:
                self._say(trouble)
                pause = STANDBY_SECONDS if self.leads else min(2 * pause, LONGEST_PAUSE)
            except Exception as fault:  # noqa: BLE001 - nobody would tell Kafka until a restart
                self._say(fault)
                pause = min(2 * pause, LONGEST_PAUSE)
                self._told.exception("the relay failed and begins anew", seconds=pause)
            finally:
                self.leads = False
                await self._pieces.drop()
            await asyncio.sleep(pause)

    async def health(self) -> Mapping[str, Any]:
        """Where it stands, and what keeps it from going on."""
        said: dict[str, Any] = {"leads": self.leads, "position": self.position}
        if self.trouble:
            said["problem"] = self.trouble
        if self.standing:
            said["warning"] = standing_still(self.standing)
        return said

    async def _stand_by(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            cursor = await connection.execute(LEAD)
            if await cursor.fetchone() == (True,):
                return
            await asyncio.sleep(STANDBY_SECONDS)

    async def _lead(self, connection: psycopg.AsyncConnection[Any], wire: Wire) -> None:
        known = await self._known(connection)
        # Kafka forgets the offsets of a group that was silent for days: then the database says where it was.
        topics = [*self._messages.topics, *([self._lanes.topic] if self._lanes else [])]
        told = await wire.open(topics)
        await self._make_sure(connection, told, wire.mark)
        self.position = self._sent = told or known
        self._told.info("the relay leads", position=self.position)
        self.leads = True
        watching = asyncio.create_task(self._watch(wire.standstill(topics)))
        try:
            while True:
                if await self._tell(wire):
                    await connection.execute(REACHED, [self._name, self.position])
                else:
                    await self._log.wait_for_events(self.position, NAP_SECONDS)
                    await still_there(connection)
        finally:
            watching.cancel()
            self.standing = ()

    async def _watch(self, standstill: Standstill) -> None:
        """Tell of readers that stand still."""
        while True:
            await asyncio.sleep(self._look_seconds)
            before, self.standing = self.standing, await standstill.look()
            if self.standing and self.standing != before:
                self._told.warning("readers of Kafka stand still", reason=standing_still(self.standing))

    async def _tell(self, wire: Wire) -> bool:
        """One transaction of what has happened: page after page, others made while it is sent and ends. Anything?"""
        pieces: list[Piece] = []
        position, sent = self.position, self._sent
        while True:
            piece = await self._pieces.next(position, sent)
            if piece.events:
                await wire.put(piece.messages)
            pieces.append(piece._replace(events=piece.events[-1:], messages=[]))  # Kafka's library has them now
            if not piece.full or PAGE * len(pieces) >= MOST:
                return await self._ended(wire, pieces)
            position = sent = piece.position

    async def _ended(self, wire: Wire, pieces: Sequence[Piece]) -> bool:
        """Commit what was put. Did it bring anything, if only that a stretch of the log is empty?"""
        told = [piece for piece in pieces if piece.events]
        if told:
            await wire.commit(told[-1].position, told[-1].events[-1].command)
            self._sent = told[-1].position
            for step in (step for piece in told for step in piece.steps):
                step.end()
        before, self.position = self.position, pieces[-1].position
        self.trouble = None
        return self.position > before

    async def _piece(self, after: int, sent: int) -> Piece:
        """The next piece of the log, past what Kafka was sent of it."""
        rows, position = await self._log.rows(after, PAGE)
        events = [LogRow._make(row) for row in rows]
        messages, steps = await self._made(events)
        if self._lanes and events:
            messages += self._lanes.of(events, sent, position)
        return Piece(events, position, messages, steps)

    async def _made(self, events: Sequence[LogRow]) -> tuple[list[Outgoing], list[Begun]]:
        """The messages of these events, and the steps that sending them is."""
        if self.steps is None:
            return [message for event in events for message in self._messages.of(event)], []
        known = await self.steps.parents(UUID(event.command) for event in events)
        parents = {str(command): parent for command, parent in known.items()}
        made: list[Outgoing] = []
        begun: list[Begun] = []
        for event in events:
            for message in self._messages.of(event):
                if event.command in parents:
                    step = self.steps.sends(message.topic, parents[event.command], event.position)
                    begun.append(step)
                    headers = {**message.headers, TRACEPARENT: step.traceparent}
                    made.append(replace(message, headers=headers))
                else:
                    made.append(message)
        return made, begun

    async def _make_sure(self, connection: psycopg.AsyncConnection[Any], told: int, mark: str) -> None:
        """Is this the log that Kafka was told of? With an older copy events might be left out. Raises LogBehind."""
        same = told <= await self._log.end()
        if same and mark:
            same = await (await connection.execute(SAME, [told, mark])).fetchone() is not None
        if not same:
            raise LogBehind(told)

    async def _known(self, connection: psycopg.AsyncConnection[Any]) -> int:
        row = await (await connection.execute(f"{KNOWN} WHERE name = %s", [self._name])).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except Exception as trouble:
            self._say(trouble)
            raise

    def _say(self, trouble: Exception) -> None:
        """Once for each kind of trouble, not at every attempt."""
        told = f"{type(trouble).__name__}: {trouble}"
        if told != self.trouble:
            self._told.warning("the relay waits", reason=told)
        self.trouble = told
