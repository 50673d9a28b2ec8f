"""What operates a running product, or looks into one that stands still.

It works on the database of the settings, or on that of the data folder.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from domain.catalogue import AGGREGATES, RESOURCES
from infra.cli.main import fail
from infra.cli.out import WIDE
from infra.cli.reach import on_database
from infra.clock import wall_now
from infra.event_store import Codec, PostgresEventStore
from infra.event_store.upcasts import UPCASTS
from infra.identity.signing import SigningKeys
from infra.opensearch.told import of_indexes
from infra.postgres.line import Line
from infra.postgres.migrate import migrate
from infra.read_models.aside import TooManyAside
from infra.read_models.catalogue import ModelHealth
from infra.read_models.rebuild import NoWayBack, RebuildRunning
from infra.read_models.retrying import NoSuchLetter, StillFails
from infra.read_models.side import NoSuchModel, ReadSide
from infra.settings import PREFIX, Settings, load_settings, setting_names
from infra.standing import relays
from projections.catalogue import PROJECTIONS

Run = Callable[[Settings, str, PostgresEventStore, ReadSide], Coroutine[Any, Any, None]]
SAID = (NoSuchModel, NoWayBack, RebuildRunning, TooManyAside, NoSuchLetter, StillFails)
"""What is said in one line."""
WHOLE = partial(Column, overflow="fold")
"""A column whose text is never cut short."""


def operate(data: Path, run: Run) -> None:
    """Runs something on the product's database, with its log and read models. Exits 2 as `on_database`."""

    async def on_all(settings: Settings, conninfo: str) -> None:
        async with _opened(conninfo) as (store, side):
            await run(settings, conninfo, store, side)

    try:
        on_database(data, on_all)
    except SAID as error:
        fail(str(error))


@asynccontextmanager
async def _opened(conninfo: str) -> AsyncIterator[tuple[PostgresEventStore, ReadSide]]:
    await migrate(conninfo)
    async with (
        PostgresEventStore(conninfo, Codec(AGGREGATES, UPCASTS)) as store,
        ReadSide(conninfo, store, PROJECTIONS, RESOURCES, now=wall_now) as side,
    ):
        yield store, side


def lag(data: Path, *, as_json: bool) -> None:
    """Prints how far each read model is behind, each search index where there is an OpenSearch, and the relay where
    there is a Kafka.
    """

    async def run(settings: Settings, _conninfo: str, _store: PostgresEventStore, side: ReadSide) -> None:
        async with side.asking.connection() as connection:
            found = [*await side.health(), *(await of_indexes(connection) if settings.opensearch_url else ())]
        if settings.kafka_bootstrap_servers is not None:
            told = await relays(side, settings)
            found += [ModelHealth("relay", "live", relay.position, relay.events, relay.seconds) for relay in told]
        if as_json:
            fields = ("name", "state", "position", "events_behind", "seconds_behind", "dead_letters", "error")
            print_json([{field: getattr(model, field) for field in fields} for model in found])
            return
        heads = ("state", "position", "events behind", "seconds behind", "dead letters", "trouble")
        table = Table(WHOLE("read model"), *heads)
        for model in found:
            numbers = (model.position, model.events_behind, f"{model.seconds_behind:.1f}", model.dead_letters)
            table.add_row(model.name, model.state, *map(str, numbers), model.error or "")
        console().print(table)

    operate(data, run)


def rotate_key(data: Path) -> None:
    """Makes a new key for access tokens."""

    async def run(settings: Settings, conninfo: str, _store: PostgresEventStore, _side: ReadSide) -> None:
        line = Line(conninfo, "innkeep signing keys")
        try:
            kid = await SigningKeys(line, timedelta(hours=settings.token_hours), wall_now).rotate()
        finally:
            await line.close()
        console().print(
            f"Access tokens are signed with key {kid} from now on; those signed before stay good until they expire."
        )

    operate(data, run)


def list_settings() -> None:
    """Prints every setting. Secrets are said to be set, not shown."""
    settings = load_settings()
    table = Table("variable", "now")
    for name in sorted(setting_names()):
        field = name.removeprefix(PREFIX).lower()
        value = (
            getattr(settings.terms, field.removeprefix("terms_"))
            if field.startswith("terms_")
            else getattr(settings, field)
        )
        table.add_row(name, _as_set(value))
    console().print(table)


def _as_set(value: Any) -> str:
    """As the variable would be written."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(map(str, value))
        case time():
            return value.isoformat("minutes")
        case _:
            return str(value)


def say_indexes_lack(settings: Settings, *, aside: bool = False) -> None:
    """Of documents that changed without an event: who keeps the search indexes, if there are any, is told by events."""
    if settings.opensearch_url is not None:
        console(aside=aside).print(
            "the search indexes show documents as before: `innkeep rebuild search:all` brings them up to date"
        )


def console(*, aside: bool = False) -> Console:
    """Prints as wide as the terminal is; as wide as it takes to where there is none. `aside` of what a program reads,
    on standard error. What stands in brackets, or between colons, is a text like any other: reasons have fields there.
    """
    there = sys.stderr if aside else sys.stdout
    return Console(stderr=aside, width=None if there.isatty() else WIDE, markup=False, emoji=False)


def print_json(value: Any) -> None:
    """As programs read it."""
    console().print_json(json.dumps(value))
