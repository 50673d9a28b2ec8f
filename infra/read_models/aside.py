"""What a read model leaves out: streams with an event that it cannot take in, until somebody retries or drops them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import psycopg

from commands.ports import Unavailable
from domain.kernel import Recorded
from infra.read_models.dead_letters import DeadLetters, SetAside
from infra.read_models.model import Connection, Model, Write

MOST = 100
"""Streams that a model may leave out. Where more fail, it is not the events that are wrong."""

POISON = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded)
"""What the database says of a value that it cannot hold; all else that it says is not an event's fault."""


class TooManyAside(Exception):
    """So many streams cannot be taken in that the model itself must be wrong."""


class Aside:
    """The streams that one table of a model leaves out, and what is still to be written of that.

    Args:
        model: what leaves them out.
        key: what its dead letters go by.
        subjects: the streams that are set aside already.
    """

    def __init__(self, model: Model, key: str, subjects: Iterable[UUID] = ()) -> None:
        self.subjects = set(subjects)
        self._model = model
        self._key = key
        self._events: dict[UUID, list[SetAside]] = {}
        self._why: dict[UUID, tuple[str, int]] = {}

    def concerns(self, events: Iterable[Recorded]) -> bool:
        """Is any of these to be left out?"""
        return bool(self.subjects) and any(event.stream in self.subjects for event in events)

    def let_through(self, events: Sequence[Recorded]) -> Sequence[Recorded]:
        """Those of them that are not left out; the others are to be written."""
        if not self.concerns(events):
            return events
        through = []
        for event in events:
            if event.stream not in self.subjects:
                through.append(event)
            elif self._model.handles is None or type(event.fact) in self._model.handles:
                self._events.setdefault(event.stream, []).append(SetAside(event.position, event.name))
        return through

    def add(self, event: Recorded, error: Exception, tries: int = 1) -> None:
        """From this event on its stream is left out. Raises the error if the model cannot do without, or if it is not
        the event's fault, and TooManyAside.
        """
        if not self._model.sets_aside or not is_poison(error):
            raise error
        if event.stream not in self.subjects and len(self.subjects) >= MOST:
            why = f"{len(self.subjects)} streams are set aside for {self._model.name} already, and another fails"
            raise TooManyAside(f"{why}: {told(error)}") from error
        self.subjects.add(event.stream)
        self._events.setdefault(event.stream, []).append(SetAside(event.position, event.name))
        self._why[event.stream] = (told(error), tries)

    def changes(self) -> Write:
        """What is to be written since this was last asked for."""
        events, why = self._events, self._why
        self._events, self._why = {}, {}

        async def write(connection: Connection) -> None:
            letters = DeadLetters(connection)
            for stream, some in events.items():
                reason, tries = why.get(stream, (None, 0))
                await letters.set_aside(self._key, stream, some, reason, tries=tries)

        return write


def is_poison(error: Exception) -> bool:
    """Is it the event's fault, and not that of the database or of the log?"""
    return isinstance(error, POISON) or not isinstance(error, (psycopg.Error, Unavailable))


def told(error: Exception) -> str:
    """The error in one text."""
    return f"{type(error).__name__}: {error}"[:1000].replace("\x00", "")
