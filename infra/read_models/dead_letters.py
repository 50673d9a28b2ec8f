"""Dead letters: events that a read model could not take in, and what follows of their stream.

They are set aside so that the model goes on with all others, and taken in again in order once the reason is mended.
Whichever engine keeps the documents, dead letters stand in PostgreSQL, beside the position that passed them by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from infra.postgres.arrays import BigInts, Texts

LONGEST_REASON = 2_000
"""Characters kept of a reason."""

ADD = """INSERT INTO dead_letter (model, subject, position, name, reason, tries)
  SELECT %b, %b, e.position, e.name, CASE WHEN e.place = 1 THEN %b END, CASE WHEN e.place = 1 THEN %b::int ELSE 0 END
  FROM unnest(%b::bigint[], %b::text[]) WITH ORDINALITY AS e (position, name, place)
  ON CONFLICT (model, subject, position) DO UPDATE SET reason = coalesce(excluded.reason, dead_letter.reason),
    tries = dead_letter.tries + excluded.tries"""
AGAIN = """UPDATE dead_letter AS d SET reason = %b, tries = d.tries + 1 FROM
    (SELECT model, subject, position FROM dead_letter WHERE model = %b AND subject = %b ORDER BY position LIMIT 1) AS f
  WHERE (d.model, d.subject, d.position) = (f.model, f.subject, f.position)"""
ASIDE = "SELECT DISTINCT model, subject FROM dead_letter WHERE model = ANY(%s)"
FAILED = """SELECT model, subject, name, position, reason, tries, set_aside_at,
    (SELECT count(*) FROM dead_letter AS f WHERE f.model = d.model AND f.subject = d.subject) AS events
  FROM (SELECT DISTINCT ON (model, subject) * FROM dead_letter
    WHERE (%(models)s::text[] IS NULL OR model = ANY(%(models)s))
      AND (%(subject)s::uuid IS NULL OR subject = %(subject)s)
    ORDER BY model, subject, position) AS d
  ORDER BY set_aside_at, model, subject"""
EVENTS = "SELECT position, name FROM dead_letter WHERE model = %s AND subject = %s ORDER BY position"
COUNTS = "SELECT model, count(DISTINCT subject) FROM dead_letter WHERE model = ANY(%s) GROUP BY model"
REMOVE = "DELETE FROM dead_letter WHERE model = %s AND subject = %s"
CLEAR = "DELETE FROM dead_letter WHERE model = %s"
MOVE = "UPDATE dead_letter SET model = %s WHERE model = %s"


class SetAside(NamedTuple):
    """One event that is set aside."""

    position: int
    """In the log."""
    name: str
    """Its stored name."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What is set aside of one stream (or document) for one read model."""

    model: str
    subject: UUID
    """The stream, or the document, whose events are set aside."""
    name: str
    """Of the event that could not be taken in: the first that is set aside."""
    position: int
    """Of that event."""
    reason: str | None
    tries: int
    """How often it was tried."""
    set_aside_at: datetime
    events: int
    """How many are set aside: it, and those that follow."""


class DeadLetters:
    """The dead letters, over a connection of the caller's, and so in its transaction where it has begun one.

    To set aside: in the transaction that moves the model's position past the events, so that they are either before
    the model or among its dead letters. From then on every event of a subject in `subjects` is to be set aside too.
    """

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def set_aside(
        self, model: str, subject: UUID, events: Sequence[SetAside], reason: str | None = None, *, tries: int = 1
    ) -> None:
        """Set aside events of one stream or document, in order.

        `reason` says why the first could not be taken in; None: they follow one that is set aside already. What is
        set aside already stays so, with the newest reason.
        """
        if events:
            positions, names = zip(*events, strict=True)
            told = None if reason is None else _kept(reason)
            values = [model, subject, told, tries if told is not None else 0, BigInts(positions), Texts(names)]
            await self._connection.execute(ADD, values)

    async def failed_again(self, model: str, subject: UUID, reason: str) -> None:
        """The first of what is set aside of a subject was tried once more. Nothing, if it is given up by now."""
        await self._connection.execute(AGAIN, [_kept(reason), model, subject])

    async def subjects(self, models: Collection[str]) -> dict[str, set[UUID]]:
        """What is set aside for each of these models; a model with nothing has no entry."""
        found: defaultdict[str, set[UUID]] = defaultdict(set)
        for model, subject in await (await self._connection.execute(ASIDE, [list(models)])).fetchall():
            found[model].add(subject)
        return dict(found)

    async def found(self, models: Collection[str] | None = None, subject: UUID | None = None) -> list[DeadLetter]:
        """The dead letters of these models, or of all, oldest first; one for each model and subject."""
        asked = {"models": None if models is None else list(models), "subject": subject}
        async with self._connection.cursor(row_factory=class_row(DeadLetter)) as cursor:
            await cursor.execute(FAILED, asked)
            return await cursor.fetchall()

    async def events(self, model: str, subject: UUID) -> list[SetAside]:
        """What is set aside of one subject, in order."""
        cursor = await self._connection.execute(EVENTS, [model, subject])
        return [SetAside(*row) for row in await cursor.fetchall()]

    async def counts(self, models: Collection[str]) -> dict[str, int]:
        """How many subjects are set aside for each of these models; a model with none has no entry."""
        return dict(await (await self._connection.execute(COUNTS, [list(models)])).fetchall())

    async def remove(self, model: str, subject: UUID) -> int:
        """Forget what is set aside of a subject: it was taken in, or is given up. Answers how many events."""
        return (await self._connection.execute(REMOVE, [model, subject])).rowcount

    async def replace(self, model: str, by: str) -> None:
        """The dead letters of `by` become those of the model, whose own are forgotten: as with their tables."""
        await self.clear(model)
        await self._connection.execute(MOVE, [model, by])

    async def clear(self, model: str) -> None:
        """Forget all that is set aside for this model: its table is gone."""
        await self._connection.execute(CLEAR, [model])


def _kept(reason: str) -> str:
    return reason.replace("\x00", "")[:LONGEST_REASON]
