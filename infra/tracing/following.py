"""What becomes of events after they are recorded, as steps of the traces that their commands were part of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from commands.ports import Unavailable
from domain.kernel import Recorded
from infra.postgres.arrays import Uuids
from infra.postgres.line import Line
from infra.tracing.port import Begun, Known, Tracing

KNOWN = "SELECT command, parent FROM command_trace WHERE command = ANY(%b::uuid[])"
FORGET = """DELETE FROM command_trace WHERE command IN (SELECT command FROM command_trace
    WHERE recorded_at <= clock_timestamp() - %b::interval ORDER BY recorded_at LIMIT %b)
  RETURNING command"""
FORGET_AT_ONCE = 1_000
"""Rows in one transaction: of a day's commands one alone would take longer than it may, each time anew."""
KEEP = timedelta(hours=24)
"""A reader of the log that is further behind tells no steps of what it takes in."""

Concerns = Callable[[Recorded], bool]


class Steps:
    """Tells the steps of those who follow the log.

    Args:
        tracing: where they are told.
        line: to ask on which trace a command was part of.
    """

    def __init__(self, tracing: Tracing, line: Line) -> None:
        self._tracing = tracing
        self._line = line

    async def parents(self, commands: Iterable[UUID]) -> Mapping[UUID, str]:
        """The traceparents of those of these commands that have one; none while the database does not tell."""
        wanted = list(dict.fromkeys(commands))
        try:
            return dict(await self._line.ask(KNOWN, [Uuids(wanted)])) if wanted else {}
        except Unavailable:
            return {}

    async def took_in(self, verb: str, readers: Mapping[str, Concerns], events: Sequence[Recorded], began: int) -> None:
        """Each of these readers has, since that time (nanoseconds since 1970), done so with events that concern it."""
        parents = await self.parents(event.command for event in events)
        if not parents:
            return
        for name, concerns in readers.items():
            last = {event.command: event for event in events if event.command in parents and concerns(event)}
            for command, event in last.items():
                known: Known = {
                    "innkeep.reader": name,
                    "innkeep.position": event.position,
                    "innkeep.stream": str(event.stream),
                }
                self._tracing.begin(f"{verb} {name}", "consumer", known, parent=parents[command], began=began).end()

    def sends(self, topic: str, parent: str, position: int) -> Begun:
        """An event is on its way to that topic."""
        known: Known = {"messaging.system": "kafka", "messaging.destination.name": topic, "innkeep.position": position}
        return self._tracing.begin(f"send {topic}", "producer", known, parent=parent)

    async def forget(self) -> int:
        """Drop what nobody will ask for any more; answers of how many commands. Raises Unavailable."""
        forgotten = 0
        while True:
            rows = await self._line.ask(FORGET, [KEEP, FORGET_AT_ONCE])
            forgotten += len(rows)
            if len(rows) < FORGET_AT_ONCE:
                return forgotten
