"""What the indexer tells the database of the indexes: for other processes that wait, and for those who look after it,
whether OpenSearch is there or not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from infra.postgres.arrays import BigInts, Texts
from infra.read_models.catalogue import ModelHealth
from infra.read_models.model import Connection

TELL = """INSERT INTO search_index (name, version, position)
  SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[])
  ON CONFLICT (name) DO UPDATE SET version = excluded.version, position = excluded.position, updated_at = now()"""
FORGET = "DELETE FROM search_index WHERE name <> ALL(%s)"
POSITIONS = "SELECT name, position FROM search_index"
NAMES = "SELECT name FROM search_index"
# What stands at one position, as most do, is counted once.
HEALTH = """WITH told AS (SELECT * FROM search_index WHERE name = ANY(%s)),
  at AS MATERIALIZED (SELECT p.position,
    (SELECT count(*) FROM (SELECT FROM event AS e WHERE e.position > p.position LIMIT %s) AS behind) AS events,
    coalesce((SELECT greatest(0, extract(epoch FROM clock_timestamp() - c.recorded_at)) FROM event AS e
      JOIN command AS c ON c.id = e.command WHERE e.position > p.position ORDER BY e.position LIMIT 1), 0)::float8
      AS seconds
    FROM (SELECT DISTINCT position FROM told) AS p)
  SELECT s.name, s.version, s.position, at.events, at.seconds,
    (SELECT count(DISTINCT d.subject) FROM dead_letter AS d WHERE d.model = 'search:' || s.name)
  FROM told AS s JOIN at USING (position) ORDER BY s.name"""


@dataclass(frozen=True, slots=True)
class IndexLag:
    """How far one index is behind the log, as its keeper last told."""

    name: str
    version: str
    """The name of the version that is searched."""
    position: int
    events_behind: int
    seconds_behind: float
    """How long ago, by the wall clock, the oldest event that is not in it was recorded."""
    dead_letters: int
    """Documents that OpenSearch will not take."""


async def tell(connection: Connection, reached: Mapping[str, tuple[str, int]]) -> None:
    """Of these indexes: the version that is searched, and its position."""
    if reached:
        names, said = [*reached], [*reached.values()]
        values = [Texts(names), Texts([version for version, _ in said]), BigInts([position for _, position in said])]
        await connection.execute(TELL, values, prepare=True)


async def forget_others(connection: Connection, names: Collection[str]) -> None:
    """Of indexes that an earlier release kept, and nobody keeps any more, nothing is told: they only fall behind."""
    await connection.execute(FORGET, [list(names)])


async def lags(connection: Connection, names: Collection[str], *, most: int | None = None) -> list[IndexLag]:
    """How far each of these indexes is behind, where no more than `most` events are counted; one that was never filled
    is not in it.
    """
    cursor = await connection.execute(HEALTH, [list(names), most])
    return [IndexLag(*row) for row in await cursor.fetchall()]


async def of_indexes(connection: Connection) -> list[ModelHealth]:
    """The same of every index that was ever filled, in the words of read models."""
    names = [name for (name,) in await (await connection.execute(NAMES)).fetchall()]
    return [
        ModelHealth(
            f"search:{lag.name}",
            "live",
            lag.position,
            lag.events_behind,
            lag.seconds_behind,
            dead_letters=lag.dead_letters,
        )
        for lag in await lags(connection, names)
    ]
