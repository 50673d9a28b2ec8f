"""What others have added: to streams past a version, and by sessions last. Asked together, answered together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from psycopg.rows import TupleRow

from infra.event_store.together import Together
from infra.postgres.arrays import Ints, Uuids
from infra.postgres.line import Line

STREAMS = """SELECT e.stream, e.version, e.name, e.state
  FROM unnest(%b::uuid[], %b::int[]) AS w (stream, version)
  JOIN event AS e ON e.stream = w.stream AND e.version > w.version ORDER BY e.stream, e.version"""
# The same, and a row without a version for each session.
STREAMS_AND_SESSIONS = """SELECT e.stream, e.version, e.name, e.state, NULL::bigint
  FROM unnest(%b::uuid[], %b::int[]) AS w (stream, version)
  JOIN event AS e ON e.stream = w.stream AND e.version > w.version
  UNION ALL SELECT s.session, NULL, NULL, NULL,
    (SELECT c.position FROM command AS c WHERE c.session = s.session ORDER BY c.position DESC LIMIT 1)
  FROM unnest(%b::uuid[]) AS s (session) ORDER BY 1, 2"""


class Past(NamedTuple):
    """Asks for what a stream has past a version: rows of its id, the version, the event's name and its state."""

    stream: UUID
    version: int


class By(NamedTuple):
    """Asks for the position of what a session or API key caused last: `position_in` reads it."""

    session: UUID


Question = Past | By


class News(Together[Question, Sequence[TupleRow]]):
    """Answers such questions on one connection: those that come while it is busy share the next statement."""

    def __init__(self, line: Line) -> None:
        super().__init__(self._answers)
        self._line = line

    async def _answers(self, asked: Sequence[Question]) -> Sequence[Sequence[TupleRow]]:
        """A stream that several ask for is read once."""
        oldest: dict[int, Past] = {}
        sessions: dict[int, UUID] = {}
        for question in asked:
            if isinstance(question, By):
                sessions[question.session.int] = question.session
                continue
            known = oldest.get(question.stream.int)
            if known is None or question.version < known.version:
                oldest[question.stream.int] = question
        found: dict[int, list[TupleRow]] = {}
        last: dict[int, Sequence[TupleRow]] = {}
        for row in await self._rows(oldest.values(), sessions.values()):
            if row[1] is None:
                last[row[0].int] = (row,)
            else:
                found.setdefault(row[0].int, []).append(row)
        return [
            last[question.session.int]
            if isinstance(question, By)
            else [row for row in found.get(question.stream.int, ()) if row[1] > question.version]
            for question in asked
        ]

    async def _rows(self, streams: Collection[Past], sessions: Collection[UUID]) -> list[TupleRow]:
        past = [Uuids([stream.stream for stream in streams]), Ints([stream.version for stream in streams])]
        if not sessions:
            return await self._line.ask(STREAMS, past)
        return await self._line.ask(STREAMS_AND_SESSIONS, [*past, Uuids([*sessions])])


def position_in(answer: Sequence[TupleRow]) -> int:
    """The position that a session was asked about; 0 if it has caused nothing."""
    ((*_, position),) = answer
    return position or 0
