"""From a command line to the product's database, and what is said when there is no way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from commands.ports import Unavailable
from infra.cli.main import fail
from infra.log import configure_logging
from infra.postgres.embedded import EmbeddedPostgresError, embedded_postgres, joined_postgres
from infra.postgres.guards import DatabaseRefused
from infra.postgres.migrate import MigrationError
from infra.settings import Settings, SettingsError, load_settings

NO_ADDRESS = "INNKEEP_DATABASE_URL is no address of a database, such as postgresql://innkeep@db.example/innkeep"


@contextlib.contextmanager
def trouble_in_one_line() -> Iterator[None]:
    """Whatever keeps the product from starting is said in one line."""
    try:
        yield
    except (SettingsError, EmbeddedPostgresError, MigrationError, DatabaseRefused) as error:
        fail(str(error))
    except psycopg.OperationalError as error:
        fail(f"the database cannot be reached: {str(error).strip().splitlines()[0]}")


@contextlib.asynccontextmanager
async def database(settings: Settings, data: Path, *, shared: bool) -> AsyncIterator[str]:
    """The database to work on: the one that was named, else the embedded one of the data folder.

    `shared` joins the server of another live Innkeep on the same folder. Raises SettingsError if what was named is no
    address, and as `embedded_postgres`.
    """
    if settings.database_url is not None:
        yield address(settings.database_url.get_secret_value())
        return
    start = joined_postgres if shared else embedded_postgres
    async with start(data / "postgres") as conninfo:
        yield conninfo


def address(url: str) -> str:
    """The address, if it is one. Raises SettingsError, which does not repeat it: there may be a password in it."""
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise SettingsError(NO_ADDRESS) from None
    return url


def on_database(data: Path, run: Callable[[Settings, str], Coroutine[Any, Any, None]]) -> None:
    """Runs something on the product's database. Exits 2 with one line if that cannot be reached."""
    settings = load_settings()
    configure_logging("error", "console")
    if settings.database_url is None and not (data / "postgres").is_dir():
        fail(no_database(data))

    async def on_it() -> None:
        async with database(settings, data, shared=True) as conninfo:
            await run(settings, conninfo)

    with trouble_in_one_line():
        try:
            asyncio.run(on_it())
        except Unavailable as error:
            fail(str(error))


def no_database(data: Path) -> str:
    """What is said of a folder that has none."""
    return f"there is no database in {data}: name its folder with --data, or set INNKEEP_DATABASE_URL"
