"""What operates the search indexes: `innkeep rebuild search:NAME`, and their lines in `innkeep lag`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

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


def rebuild(name: str, data: Path, *, drop_old: bool) -> None:
    """Fills one index, or all, anew with a progress bar; or drops the versions that the last rebuild replaced."""

    async def run(settings: Settings, conninfo: str, store: PostgresEventStore, side: ReadSide) -> None:
        async with _opened(settings, conninfo, store, side) as search:
            for index in _named(name, search):
                try:
                    await (_dropped(search, index) if drop_old else _rebuilt(search, index))
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


async def _rebuilt(search: SearchSide, index: str) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("documents"))
    with Progress(*columns, TimeRemainingColumn(), console=console()) as bar:
        task = bar.add_task(model_of(index), total=None)
        position = await search.rebuilds.run(index, lambda done, total: bar.update(task, completed=done, total=total))
    again = f"innkeep rebuild {model_of(index)} --drop-old"
    console().print(f"{model_of(index)}: shown as of position {position:,}; the version before is kept until `{again}`")


async def _dropped(search: SearchSide, index: str) -> None:
    gone = await search.rebuilds.drop_old(index)
    console().print(f"{model_of(index)}: {', '.join(gone) or 'nothing'} dropped")
