"""The table `read_model`: which read models there are, how far each has come, and what is wrong with it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg import sql

from infra.postgres.connected import connected
from infra.read_models.model import Connection, Model

State = Literal["live", "stopped", "rebuild due", "missing"]

TURN = "SELECT pg_advisory_xact_lock(hashtextextended('innkeep read models of ' || current_schema(), 0))"
KNOWN = "SELECT name FROM read_model"
EXISTS = "SELECT to_regclass(%s) IS NOT NULL"
COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
PATIENCE = "SET LOCAL lock_timeout = '250ms'"
AGAIN_SECONDS = 0.25
"""Between two attempts to get such a lock."""
ADD = sql.SQL("ALTER TABLE {} ADD COLUMN {} {}")
DROP = sql.SQL("DROP TABLE IF EXISTS {}")
ENTER = """INSERT INTO read_model (name, version, declaration) VALUES (%s, %s, %s)
  ON CONFLICT (name) DO UPDATE SET version = excluded.version, declaration = excluded.declaration, position = 0,
    state = 'live', failed_position = NULL, failed_event = NULL, error = NULL, updated_at = now(),
    epoch = read_model.epoch + 1"""
# What stands at one position, as most do, is counted once.
HEALTH = """WITH at AS MATERIALIZED (SELECT p.position,
    (SELECT count(*) FROM (SELECT FROM event AS e WHERE e.position > p.position LIMIT %s) AS behind) AS events,
    coalesce((SELECT greatest(0, extract(epoch FROM clock_timestamp() - c.recorded_at)) FROM event AS e
      JOIN command AS c ON c.id = e.command WHERE e.position > p.position ORDER BY e.position LIMIT 1), 0)::float8
      AS seconds
    FROM (SELECT DISTINCT position FROM read_model) AS p)
  SELECT r.name, r.version, r.declaration, r.position, r.state, at.events, at.seconds,
    r.failed_position, r.failed_event, r.error,
    (SELECT count(DISTINCT d.subject) FROM dead_letter AS d WHERE d.model = r.name)
  FROM read_model AS r JOIN at USING (position) ORDER BY r.name"""

MOST_COUNTED = 10_000
"""Events that health says a read model is behind: so many are so many or more, as anybody may ask, and as often."""


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """How one read model does."""

    name: str
    state: State
    position: int
    events_behind: int
    """Events of the log that it has not taken in."""
    seconds_behind: float
    """How long ago, by the wall clock, the oldest of those was recorded."""
    failed_position: int | None = None
    """Of the event that stopped it."""
    failed_event: str | None = None
    error: str | None = None
    dead_letters: int = 0
    """Streams that it leaves out, as it cannot take in one of their events."""

    @property
    def follows(self) -> bool:
        """Does it take in the log? One that is due for a rebuild does, as it was declared once."""
        return self.state in {"live", "rebuild due"}


async def prepare(conninfo: str, models: Mapping[str, Model]) -> list[str]:
    """Make the tables that are missing, and answer the names of those models: they follow the log from its start.

    Any number of processes may do this at once. A long read that is in the way is waited for, without a lock for which
    other reads would wait meanwhile.
    """
    while True:
        with contextlib.suppress(psycopg.errors.LockNotAvailable):
            return await _prepared(conninfo, models)
        await asyncio.sleep(AGAIN_SECONDS)


async def _prepared(conninfo: str, models: Mapping[str, Model]) -> list[str]:
    async with connected(conninfo, autocommit=False) as connection:  # one transaction
        await connection.execute(TURN)
        known = {name for (name,) in await (await connection.execute(KNOWN)).fetchall()}
        made = []
        for model in models.values():
            cursor = await connection.execute(EXISTS, [f'"{model.table}"'])
            if model.name in known and (await cursor.fetchone()) == (True,):
                await _complete(connection, model)
                continue
            await make_table(connection, model, model.table)
            await connection.execute(ENTER, [model.name, model.version, model.declaration])
            made.append(model.name)
        return made


async def _complete(connection: Connection, model: Model) -> None:
    """Add, empty, the columns that a table of an earlier declaration lacks: it is due for a rebuild, and goes on until
    then. A table that lacks none is not locked.
    """
    if not model.columns:
        return
    table = sql.Identifier(model.table)
    there = {column for (column,) in await (await connection.execute(COLUMNS, [f'"{model.table}"'])).fetchall()}
    for name, of in model.columns.items():
        if name not in there:
            await connection.execute(PATIENCE)
            await connection.execute(ADD.format(table, sql.Identifier(name), sql.SQL(of)))


async def make_table(connection: Connection, model: Model, table: str) -> None:
    """An empty table of this model in place of whatever has that name, with its indexes.

    They come first: made afterwards, each would be one long write, which holds every reader of the log back.
    """
    await connection.execute(DROP.format(sql.Identifier(table)))
    for statement in (model.create(table), *model.indexes(table)):
        await connection.execute(statement)


async def health(connection: Connection, models: Mapping[str, Model], *, most: int | None = None) -> list[ModelHealth]:
    """How each declared read model does, by name: the truth of the database, whoever runs them. Of the events that one
    is behind, no more than `most` are counted.
    """
    cursor = await connection.execute(HEALTH, [most])
    found = {
        name: ModelHealth(name, _state(models[name], version, declaration, state), at, events, seconds, *told)
        for name, version, declaration, at, state, events, seconds, *told in await cursor.fetchall()
        if name in models
    }
    return [found.get(name, ModelHealth(name, "missing", 0, 0, 0.0)) for name in sorted(models)]


def due(found: Iterable[ModelHealth]) -> list[str]:
    """The names of those that should be rebuilt."""
    return [model.name for model in found if model.state == "rebuild due"]


def _state(model: Model, version: int, declaration: str, state: Literal["live", "stopped"]) -> State:
    if state == "stopped":
        return "stopped"
    return "live" if (version, declaration) == (model.version, model.declaration) else "rebuild due"
