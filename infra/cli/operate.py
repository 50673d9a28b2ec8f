"""What operates a running product, or looks into one that stands still.

It works on the database of the settings, or on that of the data folder.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from commands.ports import Unavailable
from domain.catalogue import AGGREGATES, RESOURCES
from domain.kernel import Recorded
from infra.cli.main import fail
from infra.cli.serving import database, trouble_in_one_line
from infra.clock import wall_now
from infra.event_store import Codec, PostgresEventStore
from infra.event_store.upcasts import UPCASTS
from infra.identity.signing import SigningKeys
from infra.log import configure_logging
from infra.postgres.line import Line
from infra.postgres.migrate import migrate
from infra.read_models.rebuild import RebuildRunning
from infra.read_models.side import NoSuchModel, ReadSide
from infra.settings import PREFIX, Settings, load_settings, setting_names
from projections.catalogue import PROJECTIONS
from projections.projection import instant

Run = Callable[[Settings, str, PostgresEventStore, ReadSide], Coroutine[Any, Any, None]]
PAGE = 500
WIDE = 200
"""Characters of a line that no terminal limits."""
WHOLE = partial(Column, overflow="fold")
"""A column whose text is never cut short."""


def operate(data: Path, run: Run) -> None:
    """Runs something on the product's database. Exits 2 with one line if that cannot be reached."""
    settings = load_settings()
    configure_logging("error", "console")
    if settings.database_url is None and not (data / "postgres").is_dir():
        fail(f"there is no database in {data}: name its folder with --data, or set INNKEEP_DATABASE_URL")
    with trouble_in_one_line():
        try:
            asyncio.run(_operate(settings, data, run))
        except (NoSuchModel, RebuildRunning, Unavailable) as error:
            fail(str(error))


async def _operate(settings: Settings, data: Path, run: Run) -> None:
    async with database(settings, data, shared=True) as conninfo, _opened(conninfo) as (store, side):
        await run(settings, conninfo, store, side)


@asynccontextmanager
async def _opened(conninfo: str) -> AsyncIterator[tuple[PostgresEventStore, ReadSide]]:
    await migrate(conninfo)
    async with (
        PostgresEventStore(conninfo, Codec(AGGREGATES, UPCASTS)) as store,
        ReadSide(conninfo, store, PROJECTIONS, RESOURCES, now=wall_now) as side,
    ):
        yield store, side


def rebuild(name: str, data: Path) -> None:
    """Fills one read model, or all, anew, with a progress bar."""

    async def run(_settings: Settings, _conninfo: str, _store: PostgresEventStore, side: ReadSide) -> None:
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("events"),
            TimeRemainingColumn(),
        )
        with bar:
            for model in sorted(side.models) if name == "all" else [name]:
                await _rebuilt(side, model, bar)

    operate(data, run)


async def _rebuilt(side: ReadSide, model: str, bar: Progress) -> None:
    task = bar.add_task(model, total=None)

    def told(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)

    done = await side.rebuild(model, told)
    bar.update(task, completed=done, total=done)


def lag(data: Path, *, as_json: bool) -> None:
    """Prints how far each read model is behind."""

    async def run(_settings: Settings, _conninfo: str, _store: PostgresEventStore, side: ReadSide) -> None:
        found = await side.health()
        if as_json:
            fields = ("name", "state", "position", "events_behind", "seconds_behind", "error")
            _print_json([{field: getattr(model, field) for field in fields} for model in found])
            return
        table = Table(WHOLE("read model"), "state", "position", "events behind", "seconds behind", "trouble")
        for model in found:
            behind = f"{model.seconds_behind:.1f}"
            table.add_row(
                model.name, model.state, str(model.position), str(model.events_behind), behind, model.error or ""
            )
        console().print(table)

    operate(data, run)


def events(stream: str | None, after: int, limit: int, data: Path, *, as_json: bool) -> None:
    """Prints a piece of the log, or of one stream."""
    try:
        wanted = UUID(stream) if stream else None
    except ValueError:
        fail(f"{stream} is no stream: an id (a UUID) is expected")

    async def run(_settings: Settings, _conninfo: str, store: PostgresEventStore, _side: ReadSide) -> None:
        if wanted is not None:
            found = [event for event in await store.history([wanted]) if event.position > after][:limit]
        else:
            found = await _piece(store, after, limit)
        if as_json:
            _print_json([_told(event) for event in found])
            return
        table = Table("position", WHOLE("at"), WHOLE("stream"), WHOLE("event"), "command", "role")
        for event in found:
            name = f"{event.name} ({event.version})"
            table.add_row(
                str(event.position), instant(event.at), str(event.stream), name, event.command_name, event.role
            )
        console().print(table)

    operate(data, run)


async def _piece(store: PostgresEventStore, after: int, limit: int) -> list[Recorded]:
    found: list[Recorded] = []
    while len(found) < limit:
        page = await store.read(after, min(PAGE, limit - len(found)))
        found += page.events
        if page.position == after:
            break
        after = page.position
    return found


def _told(event: Recorded) -> dict[str, Any]:
    actor = str(event.actor) if event.actor else None
    head = {"position": event.position, "at": instant(event.at), "stream": str(event.stream), "version": event.version}
    return head | {
        "event": event.name,
        "command": event.command_name,
        "actor": actor,
        "role": event.role,
        "fields": _fields(event),
    }


def _fields(event: Recorded) -> Any:
    own = (field.name for field in fields(event.fact) if field.name not in {"originator_id", "originator_version"})
    return msgspec.to_builtins({name: getattr(event.fact, name) for name in own})


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
        table.add_row(name, "" if value is None else str(value))
    console().print(table)


def console() -> Console:
    """Prints as wide as the terminal is; as wide as it takes to where there is none."""
    return Console() if sys.stdout.isatty() else Console(width=WIDE)


def _print_json(value: Any) -> None:
    console().print_json(json.dumps(value))
