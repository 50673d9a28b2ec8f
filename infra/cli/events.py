"""`innkeep events`: a piece of the log, its end as it grows, or the life of one stream."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli.by_default import LIST, ListsByDefault
from infra.cli.options import DATA, Actors, After, AsJson, Data, Last, Lines, Names, Personal, Since, Until

HELP = (
    "Show the log: every fact that the marketplace has recorded, in the one order that all read models follow.\n\n"
    "Without a command it shows the log's beginning or, with --last, its end; `tail` follows it; `show` prints the "
    "history of one stream. All take the same filters, all of which must match, such as "
    "`--name 'reservation.*' --actor ID --since 2027-05-01`.\n\n"
    "Only what is settled is shown: no event can appear later between two lines. Times are the product's, as "
    "recorded. Personal data is ••• unless --personal is given. An event that this version does not know is "
    "shown as it is stored, with a note."
)
LIST_HELP = (
    "Part of the log, or of one stream, from its beginning or past a position; with --last, its end.\n\n"
    "This is what `innkeep events` does without a command. --json prints one array.\n\n"
    "Example: `innkeep events --name 'dispute.*' --since 2027-05-01T00:00Z`"
)
TAIL_HELP = (
    "Follow the log: its last events, and each new one once it is settled, until Ctrl-C (exit 0).\n\n"
    "While the database is down it waits; nothing is skipped and nothing shown twice. A program continues where it "
    "was with --after and the position of the last line that it has seen. If no Innkeep serves the data folder, its "
    "database is started for as long as this runs.\n\n"
    "Example: `innkeep events tail --name 'reservation.*' --json | jq .stream`"
)
SHOW_HELP = (
    "The history of one stream: its events in order, each with who, when, by which command, and all its fields.\n\n"
    "A stream is one listing, reservation, user …: what has an id in the API. Exit 1 if nothing is recorded of it.\n\n"
    "Example: `innkeep events show 0197c0de-0000-7000-8000-000000000001 --json`"
)

app = typer.Typer(
    cls=ListsByDefault,
    help=HELP,
    pretty_exceptions_enable=False,
)


@app.command(LIST, help=LIST_HELP)
def list_(
    stream: Annotated[str | None, typer.Argument(help="Only this stream (an id).")] = None,
    *,
    name: Names = None,
    actor: Actors = None,
    since: Since = None,
    until: Until = None,
    after: After = 0,
    limit: Annotated[int, typer.Option(help="At most so many.", metavar="N", min=1, max=100_000)] = 50,
    last: Last = None,
    data: Data = DATA,
    as_json: AsJson = False,
    personal: Personal = False,
) -> None:
    """A piece of the log."""
    from infra.cli.look import Look, listed

    listed(
        Look.of(data, stream, names=name, actor=actor, since=since, until=until, personal=personal),
        after,
        limit,
        last,
        as_json=as_json,
    )


@app.command(help=TAIL_HELP)
def tail(
    *,
    name: Names = None,
    actor: Actors = None,
    since: Since = None,
    until: Until = None,
    after: Annotated[
        int | None,
        typer.Option(help="Begin past this position of the log, instead of near its end.", metavar="POSITION", min=0),
    ] = None,
    last: Annotated[
        int | None,
        typer.Option(help="Begin with the last so many of them.", metavar="N", min=0, max=100_000, show_default="10"),
    ] = None,
    data: Data = DATA,
    as_json: Lines = False,
    personal: Personal = False,
) -> None:
    """The log as it grows."""
    from infra.cli.look import Look, followed

    followed(
        Look.of(data, None, names=name, actor=actor, since=since, until=until, personal=personal),
        after,
        last,
        as_json=as_json,
    )


@app.command(help=SHOW_HELP)
def show(
    stream: Annotated[str, typer.Argument(help="The id of the listing, the reservation, the user …")],
    *,
    name: Names = None,
    actor: Actors = None,
    since: Since = None,
    until: Until = None,
    after: After = 0,
    last: Last = None,
    data: Data = DATA,
    as_json: Lines = False,
    personal: Personal = False,
) -> None:
    """One stream."""
    from infra.cli.look import Look, shown

    shown(
        Look.of(data, stream, names=name, actor=actor, since=since, until=until, personal=personal),
        after,
        last,
        as_json=as_json,
    )
