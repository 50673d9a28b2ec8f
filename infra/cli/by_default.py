"""Groups of commands that list when no command is said."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

LIST = "list"
PAIRED = frozenset(
    {"--name", "--actor", "--since", "--until", "--after", "--last", "--limit", "--data", "--model"},
)
"""Options whose value is a word of its own."""


class ListsByDefault(TyperGroup):
    """Without a command it means `list`, whatever else is said; the command may stand behind options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command first."""
        return super().parse_args(ctx, with_command(args, self.commands))


def with_command(args: list[str], commands: Any) -> list[str]:
    """The arguments with their command in front."""
    for at, word in enumerate(args):
        if word in commands and (at == 0 or args[at - 1] not in PAIRED):
            return [word, *args[:at], *args[at + 1 :]]
    return args if args[:1] == ["--help"] else [LIST, *args]
