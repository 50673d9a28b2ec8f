"""What several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path, typer.Option("--data", help="The folder of the embedded database; not used with INNKEEP_DATABASE_URL.")
]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.", min=0, max=65535)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DATA = Path(".innkeep")

Names = Annotated[
    list[str] | None,
    typer.Option(
        "--name",
        help="Only events of this name; * and ? stand for anything; may be said several times.",
        metavar="NAME",
    ),
]
Actors = Annotated[
    str | None,
    typer.Option("--actor", help="Only what this user did (an id), or a role (such as system) did.", metavar="WHO"),
]
Since = Annotated[
    str | None,
    typer.Option(
        help="Only from this instant on: ISO 8601, UTC unless it says otherwise; product time.", metavar="INSTANT"
    ),
]
Until = Annotated[
    str | None, typer.Option(help="Only up to and including this instant; a date is its midnight.", metavar="INSTANT")
]
After = Annotated[int, typer.Option(help="Only past this position of the log.", metavar="POSITION", min=0)]
Last = Annotated[int | None, typer.Option(help="Only the last so many of them.", metavar="N", min=0, max=100_000)]
Lines = Annotated[bool, typer.Option("--json", help="Print one JSON object a line, for programs.")]
Personal = Annotated[
    bool,
    typer.Option(
        "--personal",
        help="Show what tells of people (names, e-mail addresses, what they wrote, hashes of passwords), "
        "which is ••• otherwise. It then stands on your screen and in whatever you pipe it to: mind who reads that.",
    ),
]
