"""Tables beside the live ones: one that a rebuild fills, and the one that it has replaced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg import sql
from psycopg.rows import class_row

from infra.read_models.catalogue import DROP, make_table
from infra.read_models.dead_letters import DeadLetters
from infra.read_models.model import Connection, Model

Place = Literal["rebuild", "old"]

FIND = """SELECT b.model, b.place, b.version, b.declaration, b.position, b.since
  FROM read_model_beside AS b WHERE model = %s AND place = %s"""
ALL = "SELECT model, place, version, declaration, position, since FROM read_model_beside ORDER BY model, place"
THERE = "SELECT to_regclass(%s) IS NOT NULL"
FORGET = "DELETE FROM read_model_beside WHERE model = %s AND place = %s"
NOTE = """INSERT INTO read_model_beside (model, place, version, declaration, position) VALUES (%s, %s, %s, %s, %s)
  ON CONFLICT (model, place) DO UPDATE SET version = excluded.version, declaration = excluded.declaration,
    position = excluded.position, since = excluded.since"""
ADVANCE = "UPDATE read_model_beside SET position = %s WHERE model = %s AND place = 'rebuild'"
LIVE = "SELECT version, declaration, position FROM read_model WHERE name = %s"
PLACE = """UPDATE read_model SET version = %s, declaration = %s, position = %s, state = 'live', failed_position = NULL,
  failed_event = NULL, error = NULL, epoch = epoch + 1, updated_at = now() WHERE name = %s"""
RENAME = sql.SQL("ALTER TABLE {} RENAME TO {}")
# The vacuum gives way to who waits for its lock a second, but not to the short patience of a swap; who reads or
# writes does not meet it.
KEPT = sql.SQL("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE")
KEEPING = "SET LOCAL lock_timeout = '10s'"


@dataclass(frozen=True, slots=True)
class Beside:
    """A table beside a live one."""

    model: str
    place: Place
    version: int
    declaration: str
    position: int
    """Of the log: all up to it is in the table."""
    since: datetime
    """When it was begun, or replaced."""

    def is_of(self, model: Model) -> bool:
        """Was it made by what is declared now?"""
        return (self.version, self.declaration) == (model.version, model.declaration)


def table_beside(model: Model, place: Place) -> str:
    """The name of that table."""
    return f"{model.table}_{place}"


def letters_beside(model: Model, place: Place) -> str:
    """What the dead letters of that table go by."""
    return f"{model.name}/{place}"


async def find(connection: Connection, model: Model, place: Place) -> Beside | None:
    """The table in that place, if there is one."""
    if not await _there(connection, table_beside(model, place)):
        return None
    async with connection.cursor(row_factory=class_row(Beside)) as cursor:
        await cursor.execute(FIND, [model.name, place])
        return await cursor.fetchone()


async def every(connection: Connection) -> list[Beside]:
    """All that there are, by model."""
    async with connection.cursor(row_factory=class_row(Beside)) as cursor:
        await cursor.execute(ALL)
        return await cursor.fetchall()


async def begin(connection: Connection, model: Model) -> None:
    """An empty table to fill, in place of whatever was begun before."""
    async with connection.transaction():
        await drop(connection, model, "rebuild")
        await make_table(connection, model, table_beside(model, "rebuild"))
        await connection.execute(NOTE, [model.name, "rebuild", model.version, model.declaration, 0])


async def drop(connection: Connection, model: Model, place: Place) -> None:
    """Drop the table in that place, with its dead letters, in the caller's transaction."""
    await connection.execute(DROP.format(sql.Identifier(table_beside(model, place))))
    await connection.execute(FORGET, [model.name, place])
    await DeadLetters(connection).clear(letters_beside(model, place))


async def take_back(connection: Connection, model: Model) -> None:
    """The table that was replaced is the one to fill from now on, from where it was left."""
    async with connection.transaction():
        await drop(connection, model, "rebuild")
        old, fresh = (sql.Identifier(table_beside(model, place)) for place in ("old", "rebuild"))
        await connection.execute(RENAME.format(old, fresh))
        moved = "UPDATE read_model_beside SET place = 'rebuild', since = clock_timestamp() WHERE model = %s"
        await connection.execute(moved, [model.name])
        letters = DeadLetters(connection)
        await letters.replace(letters_beside(model, "rebuild"), letters_beside(model, "old"))


async def keep_from_vacuum(connection: Connection, model: Model) -> None:
    """Until the end of the caller's transaction no vacuum works at the tables that a swap renames or drops.

    Waits for one that does, and holds nothing that others need meanwhile. Raises psycopg.errors.LockNotAvailable.
    """
    await connection.execute(KEEPING)
    for table in (model.table, table_beside(model, "old")):
        if await _there(connection, table):
            await connection.execute(KEPT.format(sql.Identifier(table)))


async def swap(connection: Connection, model: Model, position: int) -> None:
    """The filled table becomes the live one, which is kept as the old one; an older one is dropped. In the caller's
    transaction, which holds `read_model`.
    """
    row = await (await connection.execute(LIVE, [model.name])).fetchone()
    await drop(connection, model, "old")
    live, fresh, old = (
        sql.Identifier(table) for table in (model.table, table_beside(model, "rebuild"), table_beside(model, "old"))
    )
    letters = DeadLetters(connection)
    if row is not None:
        await connection.execute(RENAME.format(live, old))
        await connection.execute(NOTE, [model.name, "old", *row])
        await letters.replace(letters_beside(model, "old"), model.name)
    await connection.execute(RENAME.format(fresh, live))
    await connection.execute(FORGET, [model.name, "rebuild"])
    await letters.replace(model.name, letters_beside(model, "rebuild"))
    await connection.execute(PLACE, [model.version, model.declaration, position, model.name])


async def _there(connection: Connection, table: str) -> bool:
    return (await (await connection.execute(THERE, [f'"{table}"'])).fetchone()) == (True,)
