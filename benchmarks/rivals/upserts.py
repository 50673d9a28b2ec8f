"""Documents written by hand: they are there already, as JSON, and only have to come into their tables.

A page is a transaction, as it is for the product. Two ways, both usual: `executemany` of a prepared upsert, which
psycopg sends as a pipeline, and COPY into a temporary table that one statement upserts from.
"""

from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection, sql

Row = tuple[UUID, str, str | None, int]
"""Id, document, its texts without case, position of its newest event."""
Page = Sequence[tuple[str, Sequence[Row]]]
"""What a page of events makes of each table."""

ONE = sql.SQL("""INSERT INTO {} (id, body, folded, position) VALUES (%b, %b::text::jsonb, %b::text::jsonb, %b)
  ON CONFLICT (id) DO UPDATE SET body = excluded.body, folded = excluded.folded, position = excluded.position""")
BESIDE = "CREATE TEMPORARY TABLE IF NOT EXISTS beside (id uuid, body text, folded text, position bigint)"
COPY = "COPY beside FROM STDIN (FORMAT BINARY)"
TYPES = ["uuid", "text", "text", "int8"]
ALL = sql.SQL("""INSERT INTO {} (id, body, folded, position)
  SELECT id, body::jsonb, folded::jsonb, position FROM beside
  ON CONFLICT (id) DO UPDATE SET body = excluded.body, folded = excluded.folded, position = excluded.position""")


async def by_executemany(connection: AsyncConnection, pages: Sequence[Page]) -> None:
    """Page after page."""
    for page in pages:
        async with connection.transaction(), connection.cursor() as cursor:
            for table, rows in page:
                await cursor.executemany(ONE.format(sql.Identifier(table)), rows)


async def by_copy(connection: AsyncConnection, pages: Sequence[Page]) -> None:
    """Page after page."""
    await connection.execute(BESIDE)
    for page in pages:
        async with connection.transaction(), connection.cursor() as cursor:
            for table, rows in page:
                await cursor.execute("TRUNCATE beside")
                async with cursor.copy(COPY) as copy:
                    copy.set_types(TYPES)
                    for row in rows:
                        await copy.write_row(row)
                await cursor.execute(ALL.format(sql.Identifier(table)), prepare=True)
