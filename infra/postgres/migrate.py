"""Versioned migrations: numbered SQL files, applied once and in order."""

from __future__ import annotations

import re
from pathlib import Path

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from infra.postgres.connected import connected

FOLDER = Path(__file__).with_name("migrations")
FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('innkeep migrations of ' || current_schema(), 0))"
TABLE = """CREATE TABLE IF NOT EXISTS migration (
  number int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"""


class MigrationError(Exception):
    """The database cannot be brought to where this code needs it; the message says why."""


class DatabaseTooNew(MigrationError):
    """A newer Innkeep has migrated this database: this one does not know what it would do to it."""


async def migrate(conninfo: str, folder: Path = FOLDER) -> list[str]:
    """Apply what is missing, all of it or nothing, and answer the names of what was applied.

    It works in the first schema of the connection's search_path. Any number of processes may do this at once: one
    migrates, the others wait for it and find nothing left to do.

    Raises:
        DatabaseTooNew: the database has a migration that this code does not.
        MigrationError: there is no schema to work in, or a file is misnamed.
    """
    known = _files(folder)
    async with connected(conninfo, autocommit=False) as connection:  # one transaction, committed at the end
        await _take_turn(connection)
        applied = await _applied(connection)
        unknown = [name for number, name in sorted(applied.items()) if number not in known]
        if unknown:
            raise DatabaseTooNew(
                f"the database was migrated by a newer Innkeep ({', '.join(unknown)}); start that version or newer"
            )
        missing = [(number, file) for number, file in sorted(known.items()) if number not in applied]
        for number, file in missing:
            await connection.execute(file.read_text(encoding="utf-8"))
            await connection.execute("INSERT INTO migration (number, name) VALUES (%s, %s)", [number, file.stem])
        return [file.stem for _, file in missing]


def _files(folder: Path) -> dict[int, Path]:
    files: dict[int, Path] = {}
    for file in sorted(folder.glob("*.sql")):
        name = FILE_NAME.fullmatch(file.name)
        if name is None:
            raise MigrationError(f"{file.name} is no name of a migration, such as 0007_what_it_does.sql")
        number = int(name[1])
        if number in files:
            raise MigrationError(f"{files[number].name} and {file.name} have the same number")
        files[number] = file
    return files


async def _take_turn(connection: AsyncConnection[TupleRow]) -> None:
    cursor = await connection.execute("SELECT current_schema()")
    if await cursor.fetchone() in {None, (None,)}:
        raise MigrationError("no schema of the connection's search_path exists: create it first")
    await connection.execute(LOCK)


async def _applied(connection: AsyncConnection[TupleRow]) -> dict[int, str]:
    await connection.execute(TABLE)
    cursor = await connection.execute("SELECT number, name FROM migration")
    return dict(await cursor.fetchall())
