"""`innkeep rebuild`: a read model anew, the way back, and the end of what was kept for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from infra.cli.operate import console, operate, print_json, say_indexes_lack
from infra.cli.serving import spare_the_collector
from infra.event_store import PostgresEventStore
from infra.read_models.filling import GENTLE, USUAL
from infra.read_models.rebuild import Rebuilt, Told
from infra.read_models.side import ReadSide
from infra.settings import Settings

Make = Callable[[str, Told], Awaitable[Rebuilt]]


class RateColumn(ProgressColumn):
    """Events a second."""

    def render(self, task: Task) -> Text:
        """As of late."""
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


def rebuild(name: str, data: Path, *, back: bool, afresh: bool, hurry: bool, as_json: bool) -> None:
    """Fills one read model, or all, anew, or goes back to what was replaced; with a progress bar.

    Where a program reads what came of it, all that is for people goes to standard error.
    """
    pace = USUAL if hurry else GENTLE

    async def run(settings: Settings, _conninfo: str, _store: PostgresEventStore, side: ReadSide) -> None:
        spare_the_collector()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("events"))
        make = side.go_back if back else partial(side.rebuild, afresh=afresh, pace=pace)
        models = _named(name, side)
        with Progress(*columns, RateColumn(), TimeRemainingColumn(), console=console(aside=as_json)) as bar:
            made = [await _rebuilt(model, make, bar, back=back) for model in models]
        say_indexes_lack(settings, aside=as_json)
        if as_json:
            print_json([_plain(rebuilt) for rebuilt in made])

    operate(data, run)


def drop_old(name: str, data: Path, *, as_json: bool) -> None:
    """Drops what rebuilds have replaced, and kept."""

    async def run(_settings: Settings, _conninfo: str, _store: PostgresEventStore, side: ReadSide) -> None:
        dropped = {model: await side.drop_old(model) for model in _named(name, side)}
        if as_json:
            print_json([{"model": model, "dropped": there} for model, there in dropped.items()])
            return
        for model, there in dropped.items():
            console().print(f"{model}: the replaced table is dropped" if there else f"{model}: no table was kept")

    operate(data, run)


def _named(name: str, side: ReadSide) -> list[str]:
    """Raises NoSuchModel."""
    return sorted(side.models) if name == "all" else [side.model(name).name]


async def _rebuilt(model: str, make: Make, bar: Progress, *, back: bool) -> Rebuilt:
    begun = "the table before is brought up to date" if back else "goes on with a rebuild that was not ended"
    task = bar.add_task(model, total=None)

    def told(done: int, total: int) -> None:
        if bar.tasks[task].total is None and done:
            bar.console.print(f"{model}: {begun}, from position {done:,}")
            bar.reset(task, total=total, completed=done)
        bar.update(task, completed=done, total=total)

    rebuilt = await make(model, told)
    bar.console.print(f"{model}: swapped in at position {rebuilt.position:,}; {rebuilt.comparison}")
    if rebuilt.set_aside:
        said = f"{model}: {rebuilt.set_aside} streams are set aside; see `innkeep dead-letters list --model {model}`"
        bar.console.print(said)
    again = f"`innkeep rebuild {model} --back` or `--drop-old`"
    bar.console.print(f"{model}: the replaced table is kept, on as much disk again, until you say {again}")
    return rebuilt


def _plain(rebuilt: Rebuilt) -> dict[str, Any]:
    compared = rebuilt.comparison
    return {
        "model": rebuilt.model,
        "position": rebuilt.position,
        "rows": compared.fresh,
        "rows_before": compared.live,
        "compared": compared.compared,
        "different": compared.different,
        "such_as": list(compared.such_as),
        "set_aside": rebuilt.set_aside,
    }
