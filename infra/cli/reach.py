"""From a command line to the product's database, and what is said when there is no way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import psycopg

from commands.ports import Unavailable
from infra.cli.main import fail
from infra.log import configure_logging
from infra.postgres.conninfo import bounded, each_host
from infra.postgres.embedded import EmbeddedPostgresError, embedded_postgres, joined_postgres, may_be_there
from infra.postgres.guards import DatabaseRefused
from infra.postgres.migrate import MigrationError
from infra.postgres.trouble import TROUBLE
from infra.settings import Settings, SettingsError, load_settings

NO_ADDRESS = "INNKEEP_DATABASE_URL is no address of a database, such as postgresql://innkeep@db.example/innkeep"


@contextlib.contextmanager
def trouble_in_one_line() -> Iterator[None]:
    """Whatever keeps the product from starting is said in one line."""
    try:
        yield
    except (SettingsError, EmbeddedPostgresError, MigrationError, DatabaseRefused, Unavailable) as error:
        fail(" ".join(str(error).split()))
    except TROUBLE as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        fail(f"the database cannot be {'used' if error.sqlstate else 'reached'}: {words}")


@contextlib.asynccontextmanager
async def database(settings: Settings, data: Path, *, shared: bool) -> AsyncIterator[str]:
    """The database to work on, with limits on how long nobody notices that one of the two is gone: the one that was
    named, else the embedded one of the data folder.

    `shared` joins the server of another live Innkeep on the same folder. Raises SettingsError if what was named is no
    address, and as `embedded_postgres`.
    """
    idle = settings.database_idle_seconds
    if settings.database_url is not None:
        yield bounded(address(settings.database_url.get_secret_value()), idle_seconds=idle)
        return
    start = joined_postgres if shared else embedded_postgres
    async with start(data / "postgres") as conninfo:
        yield bounded(conninfo, idle_seconds=idle)


def address(url: str) -> str:
    """The address, if it is one. Raises SettingsError, which does not repeat it: there may be a password in it."""
    try:
        each_host(url)
    except (psycopg.ProgrammingError, IndexError):  # as where there are fewer ports than hosts
        raise SettingsError(NO_ADDRESS) from None
    return url


def on_database(data: Path, run: Callable[[Settings, str], Coroutine[Any, Any, None]]) -> None:
    """Runs something on the product's database. Exits 2 with one line if that cannot be reached."""
    settings = load_settings()
    configure_logging("error", "console")
    if settings.database_url is None and not may_be_there(data / "postgres"):
        fail(no_database(data))

    async def on_it() -> None:
        async with database(settings, data, shared=True) as conninfo:
            await run(settings, conninfo)

    with trouble_in_one_line():
        asyncio.run(on_it())


def no_database(data: Path) -> str:
    """What is said of a folder that has none."""
    return f"there is no database in {data}: name its folder with --data, or set INNKEEP_DATABASE_URL"
