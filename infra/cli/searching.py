"""What operates the search indexes: `innkeep rebuild search:NAME`, and `innkeep dead-letters retry search:NAME`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from commands.ports import Unavailable
from infra.cli.main import fail
from infra.cli.operate import console, operate, print_json
from infra.event_store import PostgresEventStore
from infra.opensearch.client import Refused
from infra.opensearch.comparing import RebuildDiffers
from infra.opensearch.rejects import SEARCH, model_of
from infra.opensearch.side import SearchSide
from infra.opensearch.wiring import opensearch_of
from infra.read_models.side import NoSuchModel, ReadSide
from infra.settings import Settings
from read_api.ports import ReadBehind

Work = Callable[[SearchSide, str], Awaitable[dict[str, Any]]]
"""On one index of these; answers what a program is told of it."""


def rebuild(name: str, data: Path, *, afresh: bool, as_json: bool) -> None:
    """Fills one index, or all, anew with a progress bar."""
    _on_indexes(name, data, partial(_rebuilt, afresh=afresh, aside=as_json), as_json=as_json)


def go_back(name: str, data: Path, *, as_json: bool) -> None:
    """Shows the version that the last rebuild replaced."""
    _on_indexes(name, data, partial(_shown_again, aside=as_json), as_json=as_json)


def drop_old(name: str, data: Path, *, as_json: bool) -> None:
    """Drops the versions that rebuilds replaced, and kept."""
    _on_indexes(name, data, partial(_dropped, aside=as_json), as_json=as_json)


def retry(name: str, document: UUID, data: Path) -> None:
    """Tries anew a document that was rejected."""

    async def tried(search: SearchSide, index: str) -> dict[str, Any]:
        await search.retry(index, document)
        console().print(f"{model_of(index)} has taken in {document}")
        return {}

    _on_indexes(name, data, tried, as_json=False)


def _on_indexes(name: str, data: Path, work: Work, *, as_json: bool) -> None:
    done = []

    async def run(settings: Settings, conninfo: str, store: PostgresEventStore, side: ReadSide) -> None:
        async with _opened(settings, conninfo, store, side) as search:
            for index in _named(name, search):
                try:
                    done.append({"model": model_of(index)} | await work(search, index))
                except (RebuildDiffers, ReadBehind, Unavailable) as error:
                    fail(str(error))
                except Refused as refused:
                    fail(f"OpenSearch refuses it: {refused}")

    operate(data, run)
    if as_json:
        print_json(done)


@asynccontextmanager
async def _opened(
    settings: Settings, conninfo: str, store: PostgresEventStore, side: ReadSide
) -> AsyncIterator[SearchSide]:
    found = opensearch_of(settings, conninfo, store, side)
    if found is None:
        fail("there are no search indexes without INNKEEP_OPENSEARCH_URL")
    async with found as search:
        yield search


def _named(name: str, search: SearchSide) -> list[str]:
    wanted = name.removeprefix(SEARCH)
    if wanted == "all":
        return sorted(search.indexes)
    if wanted not in search.indexes:
        raise NoSuchModel(f"There is no search index {wanted}; there are {', '.join(sorted(search.indexes))}.")
    return [wanted]


async def _rebuilt(search: SearchSide, index: str, *, afresh: bool, aside: bool) -> dict[str, Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("documents"))
    with Progress(*columns, TimeRemainingColumn(), console=console(aside=aside)) as bar:
        task = bar.add_task(model_of(index), total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        position = await search.rebuilds.run(index, told, afresh=afresh)
    return _shown(index, position, aside=aside)


async def _shown_again(search: SearchSide, index: str, *, aside: bool) -> dict[str, Any]:
    return _shown(index, await search.rebuilds.go_back(index), aside=aside)


def _shown(index: str, position: int, *, aside: bool) -> dict[str, Any]:
    name = model_of(index)
    console(aside=aside).print(
        f"{name}: shown as of position {position:,}; the version before is kept until"
        f" `innkeep rebuild {name} --back` or `--drop-old`"
    )
    return {"position": position}


async def _dropped(search: SearchSide, index: str, *, aside: bool) -> dict[str, Any]:
    gone = await search.rebuilds.drop_old(index)
    console(aside=aside).print(f"{model_of(index)}: {', '.join(gone) or 'nothing'} dropped")
    return {"dropped": bool(gone)}
