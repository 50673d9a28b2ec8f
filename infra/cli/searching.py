"""What operates the search indexes: `innkeep rebuild search:NAME`, and `innkeep dead-letters retry search:NAME`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import UUID

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from commands.ports import Unavailable
from infra.cli.main import fail
from infra.cli.operate import console, operate
from infra.event_store import PostgresEventStore
from infra.opensearch.comparing import RebuildDiffers
from infra.opensearch.rejects import SEARCH, model_of
from infra.opensearch.side import SearchSide
from infra.opensearch.wiring import opensearch_of
from infra.read_models.side import NoSuchModel, ReadSide
from infra.settings import Settings
from read_api.ports import ReadBehind

Work = Callable[[SearchSide, str], Awaitable[None]]
"""On one index of these."""


def rebuild(name: str, data: Path, *, afresh: bool) -> None:
    """Fills one index, or all, anew with a progress bar."""
    _on_indexes(name, data, partial(_rebuilt, afresh=afresh))


def go_back(name: str, data: Path) -> None:
    """Shows the version that the last rebuild replaced."""
    _on_indexes(name, data, _shown_again)


def drop_old(name: str, data: Path) -> None:
    """Drops the versions that rebuilds replaced, and kept."""
    _on_indexes(name, data, _dropped)


def retry(name: str, document: UUID, data: Path) -> None:
    """Tries anew a document that was rejected."""

    async def tried(search: SearchSide, index: str) -> None:
        await search.retry(index, document)
        console().print(f"{model_of(index)} has taken in {document}")

    _on_indexes(name, data, tried)


def _on_indexes(name: str, data: Path, work: Work) -> None:
    async def run(settings: Settings, conninfo: str, store: PostgresEventStore, side: ReadSide) -> None:
        async with _opened(settings, conninfo, store, side) as search:
            for index in _named(name, search):
                try:
                    await work(search, index)
                except (RebuildDiffers, ReadBehind, Unavailable) as error:
                    fail(str(error))

    operate(data, run)


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


async def _rebuilt(search: SearchSide, index: str, *, afresh: bool) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("documents"))
    with Progress(*columns, TimeRemainingColumn(), console=console()) as bar:
        task = bar.add_task(model_of(index), total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        position = await search.rebuilds.run(index, told, afresh=afresh)
    _say_shown(index, position)


async def _shown_again(search: SearchSide, index: str) -> None:
    _say_shown(index, await search.rebuilds.go_back(index))


def _say_shown(index: str, position: int) -> None:
    name = model_of(index)
    console().print(
        f"{name}: shown as of position {position:,}; the version before is kept until"
        f" `innkeep rebuild {name} --back` or `--drop-old`"
    )


async def _dropped(search: SearchSide, index: str) -> None:
    gone = await search.rebuilds.drop_old(index)
    console().print(f"{model_of(index)}: {', '.join(gone) or 'nothing'} dropped")
