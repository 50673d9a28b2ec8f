"""The commands, what they take, and what they say. A mistake of the caller's is one clear line and exit 2."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from infra.cli import dead_letters, events
from infra.cli.options import DATA, AsJson, Data, Host, Port
from infra.settings import SettingsError

app = typer.Typer(
    name="innkeep",
    help="Innkeep, the backend of a marketplace for short stays.\n\n"
    "Settings come from the environment (INNKEEP_…) or .env; `innkeep settings` lists them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(events.app, name="events")
app.add_typer(dead_letters.app, name="dead-letters")


def _tell_version(asked: bool) -> None:
    if asked:
        from infra.http.envelope import APP_VERSION

        typer.echo(f"innkeep {APP_VERSION}")
        raise typer.Exit


@app.callback()
def innkeep(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """All commands."""


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
def relay(data: Data = DATA) -> None:
    """Publish the log's events to Kafka, alone. Of several, one works and the others stand by."""
    from infra.cli.serving import run
    from infra.roles import Role

    run(frozenset({Role.RELAY}), data=data)


@app.command()
def demo(
    port: Port = 8000,
    data: Data = DATA,
    exit_after: Annotated[bool, typer.Option("--exit", help="Stop after the story; exit 1 if a step failed.")] = False,
) -> None:
    """Start the product in sandbox mode, play the marketplace's story through its public API, and keep serving."""
    from infra.cli.demo import run

    run(port=port, data=data, exit_after=exit_after)


NICE = 15
"""Of 19, as processes give way to others: what a rebuild gives."""
REBUILD_HELP = (
    "Rebuild a read model from the log, beside the live one, and swap it in without downtime.\n\n"
    "After a kill the next one continues it, unless the model's declaration has changed by then. Before "
    "the swap, counts and a sample of rows are compared with the live table. The replaced table is kept until "
    "--drop-old, or the next rebuild of this model; --back puts it in place again, brought up to date.\n\n"
    "It gives way to requests that are served meanwhile: it works in small pieces with rests between, at the lowest "
    "CPU priority. With --hurry it does not.\n\n"
    "--json prints the results as one array; the progress goes to standard error then."
)


@app.command(help=REBUILD_HELP)
def rebuild(
    name: Annotated[
        str,
        typer.Argument(
            help="The read model, such as reservation, or search:listing; `all`, or search:all, for every one."
        ),
    ],
    data: Data = DATA,
    *,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Drop the table that the last rebuild replaced.")
    ] = False,
    afresh: Annotated[bool, typer.Option("--afresh", help="Begin again: do not continue a killed one.")] = False,
    back: Annotated[bool, typer.Option("--back", help="Go back to the table that the last rebuild replaced.")] = False,
    hurry: Annotated[bool, typer.Option("--hurry", help="Do not give way: for when nobody is served.")] = False,
    as_json: AsJson = False,
) -> None:
    """A read model anew."""
    from infra.cli import rebuilds, searching

    if not hurry:
        os.nice(NICE)
    if drop_old + back + afresh > 1:
        fail("--afresh, --back and --drop-old exclude each other")
    if name.startswith("search:"):
        if drop_old or back:
            (searching.drop_old if drop_old else searching.go_back)(name, data, as_json=as_json)
        else:
            searching.rebuild(name, data, afresh=afresh, as_json=as_json)
    elif drop_old:
        rebuilds.drop_old(name, data, as_json=as_json)
    else:
        rebuilds.rebuild(name, data, back=back, afresh=afresh, hurry=hurry, as_json=as_json)


@app.command()
def lag(data: Data = DATA, as_json: AsJson = False) -> None:
    """How far each read model is behind the log, in events and in seconds."""
    from infra.cli.operate import lag as run

    run(data, as_json=as_json)


RESTORED_HELP = (
    "Run this once after the database was restored from an older copy, before anything else of Innkeep is started.\n\n"
    "Asks Kafka and OpenSearch, if they are set, how far they are; makes the next event take a position past that, so "
    "that no position outsiders know is given to another event; and sets the relay back to its position in the log. "
    "Prints what is lost, and what else to do. docs/operations.md has all the steps. Running it twice does no harm."
)


@app.command(help=RESTORED_HELP)
def restored(data: Data = DATA) -> None:
    """Go on after a restore."""
    from infra.cli.restoring import run

    run(data)


HEALTH_HELP = (
    "Ask the Innkeep that runs on this machine whether it is well: on INNKEEP_METRICS_PORT if that is set, else on "
    "--port. Every role answers for its own work. Made for health checks of containers.\n\n"
    "Exit 0 if it is; exit 1 with a line for each part that is not, or if nobody answers."
)


@app.command(help=HEALTH_HELP)
def health(port: Annotated[int | None, typer.Option(help="Of the API. Default: 8000.")] = None) -> None:
    """Is it well?"""
    from infra.cli.well import run

    run(port)


DOCTOR_HELP = (
    "Examine settings and database, say what is wrong and what to do about it. Changes nothing.\n\n"
    "Looked at: settings (unknown names, contradictions, what is not safe in production), the database and its "
    "migrations, what could make readers of the log miss events, transactions that hold it back, clocks, read models, "
    "deadlines, housekeeping, the signing key, superAdmins, room on the disk.\n\n"
    "Each finding is fine (✓), a warning (!) or a problem (✗). Exit 0 if there is no problem, whatever the warnings; "
    "exit 1 if there is one. No secret is printed.\n\n"
    "Works beside a running Innkeep, and on a data folder that stands still: its database is started meanwhile. A "
    "sandbox is examined as one with INNKEEP_MODE=sandbox; without it, all is judged as in production."
)


@app.command(help=DOCTOR_HELP)
def doctor(data: Data = DATA, as_json: AsJson = False) -> None:
    """What is right and wrong, and what to do."""
    from infra.cli.doctor import run

    run(data, as_json=as_json)


@app.command("rotate-key")
def rotate_key(data: Data = DATA) -> None:
    """Make a new signing key for access tokens. Tokens of the old one stay valid until they expire."""
    from infra.cli.operate import rotate_key as run

    run(data)


@app.command()
def settings() -> None:
    """List the settings with their present values, secrets masked. docs/settings.md says what each does."""
    from infra.cli.operate import list_settings as run

    run()


def main() -> None:
    """The entry point."""
    try:
        app()
    except SettingsError as error:
        fail(str(error))


def fail(line: str, code: int = 2) -> NoReturn:
    """One clear line, and out. Raises SystemExit."""
    print(f"innkeep: {line}", file=sys.stderr)  # noqa: T201 - this is the command line
    raise SystemExit(code)
