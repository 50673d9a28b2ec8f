"""Documents written by hand: they are there already, as JSON, and only have to come into their tables.

A page is a transaction, as it is for the product. Two ways, both usual: `executemany` of a prepared upsert, which
psycopg sends as a pipeline, and COPY into a temporary table that one statement upserts from.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from psycopg import AsyncConnection, sql

Row = tuple[UUID, str, str | None, int] | tuple[UUID, str, str | None, int, str]
"""Id, document, its texts without case, position of its newest event, and in some tables the terms of its words."""


class Table(NamedTuple):
    """A table to write into."""

    name: str
    told: bool
    """Has it a column for terms?"""


Page = Sequence[tuple[Table, Sequence[Row]]]
"""What a page of events makes of each table."""

NAMES = {False: ("id", "body", "folded", "position"), True: ("id", "body", "folded", "position", "terms")}
CASTS = {"body": "::jsonb", "folded": "::jsonb", "terms": "::tsvector"}
BESIDE = "CREATE TEMPORARY TABLE IF NOT EXISTS beside (id uuid, body text, folded text, position bigint, terms text)"
TYPES = ["uuid", "text", "text", "int8", "text"]


async def by_executemany(connection: AsyncConnection, pages: Sequence[Page]) -> None:
    """Page after page."""
    for page in pages:
        async with connection.transaction(), connection.cursor() as cursor:
            for table, rows in page:
                await cursor.executemany(_one(table), rows)


async def by_copy(connection: AsyncConnection, pages: Sequence[Page]) -> None:
    """Page after page."""
    await connection.execute(BESIDE)
    for page in pages:
        async with connection.transaction(), connection.cursor() as cursor:
            for table, rows in page:
                await cursor.execute("TRUNCATE beside")
                async with cursor.copy(_copy(table)) as copy:
                    copy.set_types(TYPES[: len(NAMES[table.told])])
                    for row in rows:
                        await copy.write_row(row)
                await cursor.execute(_all(table), prepare=True)


def _one(table: Table) -> sql.Composed:
    """The upsert of one row."""
    names = NAMES[table.told]
    values = [sql.SQL("%b::text" + cast if (cast := CASTS.get(name)) else "%b") for name in names]
    return _upsert(table, sql.SQL("VALUES ({})").format(sql.SQL(", ").join(values)))


def _all(table: Table) -> sql.Composed:
    """The upsert of all that was copied."""
    values = [sql.SQL(name + CASTS.get(name, "")) for name in NAMES[table.told]]
    return _upsert(table, sql.SQL("SELECT {} FROM beside").format(sql.SQL(", ").join(values)))


def _copy(table: Table) -> sql.Composed:
    names = map(sql.Identifier, NAMES[table.told])
    return sql.SQL("COPY beside ({}) FROM STDIN (FORMAT BINARY)").format(sql.SQL(", ").join(names))


def _upsert(table: Table, rows: sql.Composable) -> sql.Composed:
    names = NAMES[table.told]
    return sql.SQL("INSERT INTO {} ({}) {} ON CONFLICT (id) DO UPDATE SET {}").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        rows,
        sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in names[1:]),
    )
