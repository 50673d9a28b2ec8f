"""The commands, what they take, and what they say. A mistake of the caller's is one clear line and exit 2."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from infra.settings import SettingsError

app = typer.Typer(
    name="innkeep",
    help="Innkeep, the backend of a marketplace for short stays.\n\n"
    "Settings come from the environment (INNKEEP_…) or .env; `innkeep settings` lists them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Data = Annotated[
    Path, typer.Option("--data", help="The folder of the embedded database; not used with INNKEEP_DATABASE_URL.")
]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.", min=0, max=65535)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DATA = Path(".innkeep")


@app.command()
def serve(host: Host = "127.0.0.1", port: Port = 8000, data: Data = DATA) -> None:
    """Serve everything in one process: API, projectors, scheduler. Ready when GET /health answers 200."""
    from infra.cli.serving import run
    from infra.roles import EVERYTHING

    run(EVERYTHING, host=host, port=port, data=data)


@app.command()
def api(host: Host = "127.0.0.1", port: Port = 8000, data: Data = DATA) -> None:
    """Serve the API alone; run projectors and a scheduler beside it, as many as wanted."""
    from infra.cli.serving import run
    from infra.roles import Role

    run(frozenset({Role.API}), host=host, port=port, data=data)


@app.command()
def projector(data: Data = DATA) -> None:
    """Build the read models from the log, alone. Of several, one works and the others stand by."""
    from infra.cli.serving import run
    from infra.roles import Role

    run(frozenset({Role.PROJECTOR}), data=data)


@app.command()
def scheduler(data: Data = DATA) -> None:
    """Act on deadlines, alone. Of several, one works and the others stand by."""
    from infra.cli.serving import run
    from infra.roles import Role

    run(frozenset({Role.SCHEDULER}), data=data)


@app.command()
def demo(
    port: Port = 8000,
    data: Data = DATA,
    exit_after: Annotated[bool, typer.Option("--exit", help="Stop after the story; exit 1 if a step failed.")] = False,
) -> None:
    """Start the product in sandbox mode, play the marketplace's story through its public API, and keep serving."""
    from infra.cli.demo import run

    run(port=port, data=data, exit_after=exit_after)


@app.command()
def rebuild(
    name: Annotated[str, typer.Argument(help="The read model, such as reservation; `all` for every one.")],
    data: Data = DATA,
) -> None:
    """Fill a read model anew from the log, beside the live one, and swap it in without an empty moment."""
    from infra.cli.operate import rebuild as run

    run(name, data)


@app.command()
def lag(data: Data = DATA, as_json: AsJson = False) -> None:
    """How far each read model is behind the log, in events and in seconds."""
    from infra.cli.operate import lag as run

    run(data, as_json=as_json)


@app.command()
def events(
    stream: Annotated[str | None, typer.Argument(help="Only this stream (an id).")] = None,
    after: Annotated[int, typer.Option(help="Only past this position.", min=0)] = 0,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=100_000)] = 50,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """Show the log, or one stream of it: position, time, command, event."""
    from infra.cli.operate import events as run

    run(stream, after, limit, data, as_json=as_json)


@app.command("rotate-key")
def rotate_key(data: Data = DATA) -> None:
    """Make a new key for access tokens. Tokens of the old one stay good until they expire."""
    from infra.cli.operate import rotate_key as run

    run(data)


@app.command()
def settings() -> None:
    """List the settings: the name of each variable, and what it is now. docs/settings.md says what each does."""
    from infra.cli.operate import list_settings as run

    run()


def main() -> None:
    """The entry point."""
    try:
        app()
    except SettingsError as error:
        fail(str(error))


def fail(line: str, code: int = 2) -> None:
    """One clear line, and out. Raises SystemExit."""
    print(f"innkeep: {line}", file=sys.stderr)  # noqa: T201 - this is the command line
    raise SystemExit(code)
