"""A rebuilt table beside the live one: how many rows each has, and in what those differ that should be the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from infra.read_models.model import Connection

SAMPLE = 1_000
"""Rows compared, of each table, about: whole pages of a table are picked, and not equally full."""
MOST = 2 * SAMPLE
SHOWN = 3
"""Differences told of."""

KEY = """SELECT a.attname FROM pg_index AS i
  JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
  WHERE i.indrelid = to_regclass(%s) AND i.indisprimary ORDER BY array_position(i.indkey::int[], a.attnum::int)"""
COUNT = sql.SQL("SELECT count(*) FROM {}")
SOME = sql.SQL("""SELECT coalesce(jsonb_agg(jsonb_build_object({pairs})), '[]')
  FROM (SELECT {key} FROM {table} TABLESAMPLE SYSTEM (%s) LIMIT %s) AS picked""")
# Where one table has rows that the other has not come to yet, only what is in both, and older, can be compared.
DIFFERENT = sql.SQL("""SELECT to_jsonb(one), to_jsonb(other)
  FROM (SELECT DISTINCT {key} FROM jsonb_populate_recordset(NULL::{live}, %(keys)s)) AS wanted
  LEFT JOIN {live} AS one USING ({key}) LEFT JOIN {fresh} AS other USING ({key})
  WHERE to_jsonb(one) IS DISTINCT FROM to_jsonb(other)
    AND (%(level)s OR (one.position <= %(same)s AND other.position <= %(same)s))""")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a rebuilt table compares with the live one."""

    live: int
    """Its rows."""
    fresh: int
    """Those of the rebuilt one."""
    compared: int
    """Rows that were looked at."""
    different: int
    """Of those."""
    such_as: tuple[str, ...]
    """Some differences: which row, and in which fields, but not what stands there."""

    def __str__(self) -> str:
        counts = f"{self.fresh:,} rows, the live table {self.live:,}"
        if not self.different:
            return f"{counts}; none of {self.compared:,} compared differs"
        return f"{counts}; {self.different:,} of {self.compared:,} compared differ, such as {'; '.join(self.such_as)}"


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows to compare once both tables stand at one position, and how many there were when they were picked."""

    live: str
    fresh: str
    key: tuple[str, ...]
    counts: tuple[int, int]
    rows: list[Row]

    @classmethod
    async def of(cls, connection: Connection, live: str, fresh: str) -> Sample:
        """Rows of both, on pages of the tables that are picked by chance."""
        key = tuple(name for (name,) in await (await connection.execute(KEY, [f'"{live}"'])).fetchall())
        columns = [sql.Identifier(name) for name in key]
        pairs = [part for name in key for part in (sql.Literal(name), sql.Identifier(name))]
        counts, rows = [], []
        for table in (live, fresh):
            name = sql.Identifier(table)
            ((count,),) = await (await connection.execute(COUNT.format(name))).fetchall()
            share = min(100.0, 100.0 * SAMPLE / max(1, count))
            query = SOME.format(pairs=sql.SQL(", ").join(pairs), key=sql.SQL(", ").join(columns), table=name)
            ((some,),) = await (await connection.execute(query, [share, MOST])).fetchall()
            counts.append(count)
            rows += some
        return cls(live, fresh, key, (counts[0], counts[1]), rows)

    async def compared(self, connection: Connection, stand: tuple[int, int]) -> Comparison:
        """How these rows are in the live table and in the fresh one, which stand at those positions."""
        query = DIFFERENT.format(
            key=sql.SQL(", ").join(map(sql.Identifier, self.key)),
            live=sql.Identifier(self.live),
            fresh=sql.Identifier(self.fresh),
        )
        asked = {"keys": Jsonb(self.rows), "level": stand[0] == stand[1], "same": min(stand)}
        found = await (await connection.execute(query, asked)).fetchall()
        told = tuple(self._told(one, other) for one, other in found[:SHOWN])
        distinct = len({tuple(row.values()) for row in self.rows})
        return Comparison(*self.counts, distinct, len(found), told)

    def _told(self, live: Row | None, fresh: Row | None) -> str:
        which = " ".join(str((live or fresh or {})[name]) for name in self.key)
        if live is None:
            return f"{which} is not in the live table"
        if fresh is None:
            return f"{which} is not in the rebuilt one"
        return f"{which} in {', '.join(_apart(live, fresh))}"


def _apart(row: Row, twin: Row) -> list[str]:
    """The fields in which two rows differ; of a document, its own."""
    found: list[str] = []
    for name in sorted(row.keys() | twin.keys()):
        one, other = row.get(name), twin.get(name)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            found += [f"{name}.{inner}" for inner in _apart(one, other)]
        else:
            found.append(name)
    return found
