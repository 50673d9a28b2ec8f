"""`innkeep dead-letters`: what read models leave out, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from infra.cli.by_default import LIST, ListsByDefault
from infra.cli.options import DATA, AsJson, Data

app = typer.Typer(
    name="dead-letters",
    cls=ListsByDefault,
    help="Streams that a read model leaves out, as it cannot process one of their events. Without a command "
    "they are listed.\n\n"
    "What follows in such a stream is set aside too, so that its order is kept. Mend the reason (most often: start a "
    "release whose projection can process the event), then retry; or drop what cannot be mended.",
)

Model = Annotated[str, typer.Argument(help="The read model, such as reservation, or search:listing.")]
Stream = Annotated[UUID, typer.Argument(help="The stream, or the document, that is set aside.")]
OfModel = Annotated[str | None, typer.Option("--model", help="Only those of this read model.")]


@app.command(LIST)
def listed(model: OfModel = None, data: Data = DATA, as_json: AsJson = False) -> None:
    """What is set aside: one line a read model and stream, the oldest first."""
    from infra.cli.operate import WHOLE, console, print_json

    found = _found(data, model)
    if as_json:
        print_json([_plain(letter) for letter in found])
        return
    table = Table("model", WHOLE("stream"), "event", "position", "events", "tries", "since", WHOLE("reason"))
    for letter in found:
        numbers = (letter.position, letter.events, letter.tries, f"{letter.set_aside_at:%Y-%m-%d %H:%M:%S}")
        table.add_row(letter.model, str(letter.subject), letter.name, *map(str, numbers), letter.reason)
    console().print(table if found else "nothing is set aside")


@app.command()
def show(model: Model, stream: Stream, data: Data = DATA, as_json: AsJson = False) -> None:
    """One dead letter, with every event that is set aside."""
    from infra.cli.main import fail
    from infra.cli.operate import console, print_json

    found = _found(data, model, stream)
    if not found:
        fail(f"nothing of {stream} is set aside for {model}", 1)
    letter, events = found[0], _events(data, model, stream)
    if as_json:
        print_json(_plain(letter) | {"set_aside": [event._asdict() for event in events]})
        return
    console().print(f"{letter.model}, stream {letter.subject}, since {letter.set_aside_at:%Y-%m-%d %H:%M:%S}")
    console().print(f"{letter.reason} ({letter.tries} tries)")
    for event in events:
        console().print(f"{event.position:>12} {event.name}")


@app.command()
def retry(model: Model, stream: Stream, data: Data = DATA) -> None:
    """Take in what is set aside of a stream, in order, in one transaction. Exit 2 if it still fails.

    A document that a search index rejected is written anew, as it is by now.
    """
    from infra.cli import searching
    from infra.cli.operate import console, operate, say_indexes_lack
    from infra.opensearch.rejects import SEARCH
    from infra.read_models.retrying import retry as run

    if model.startswith(SEARCH):
        searching.retry(model, stream, data)
        return

    async def on_all(settings: Any, conninfo: str, store: Any, side: Any) -> None:
        taken = await run(conninfo, store, side.model(model), stream)
        console().print(f"{model} has taken in {taken} events of {stream}")
        say_indexes_lack(settings)

    operate(data, on_all)


@app.command()
def drop(model: Model, stream: Stream, data: Data = DATA) -> None:
    """Give up what is set aside of a stream. Its document stays without these events until the next rebuild.

    Of a search index: its document is tried again when it changes, or in a rebuild.
    """
    from infra.cli.operate import console, operate
    from infra.read_models.retrying import drop as run

    async def on_all(_settings: Any, conninfo: str, _store: Any, _side: Any) -> None:
        dropped = await run(conninfo, model, stream)
        console().print(f"{dropped} events of {stream} are given up for {model}")

    operate(data, on_all)


def _found(data: Path, model: str | None, stream: UUID | None = None) -> list[Any]:
    from infra.cli.operate import operate
    from infra.opensearch.rejects import SEARCH
    from infra.postgres.connected import connected
    from infra.read_models.dead_letters import DeadLetters

    found: list[Any] = []

    async def ask(_settings: Any, conninfo: str, _store: Any, side: Any) -> None:
        async with connected(conninfo) as connection:
            letters = await DeadLetters(connection).found(None if model is None else [model], stream)
            found.extend(letter for letter in letters if "/" not in letter.model or letter.model == model)
        if model is not None and not found and not model.startswith(SEARCH):
            side.model(model.partition("/")[0])  # of one that there is not, nothing can be set aside

    operate(data, ask)
    return found


def _events(data: Path, model: str, stream: UUID) -> Sequence[Any]:
    from infra.cli.operate import operate
    from infra.postgres.connected import connected
    from infra.read_models.dead_letters import DeadLetters

    found: list[Any] = []

    async def ask(_settings: Any, conninfo: str, _store: Any, _side: Any) -> None:
        async with connected(conninfo) as connection:
            found.extend(await DeadLetters(connection).events(model, stream))

    operate(data, ask)
    return found


def _plain(letter: Any) -> dict[str, Any]:
    names = ("model", "name", "position", "reason", "tries", "events")
    plain = {name: getattr(letter, name) for name in names}
    return {"subject": str(letter.subject), "set_aside_at": letter.set_aside_at.isoformat()} | plain
