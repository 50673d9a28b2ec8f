"""Every command, in one place: the registry is made of these."""

from __future__ import annotations

from commands import listings
from commands.registry import Command, Registry

COMMANDS: tuple[Command, ...] = (*listings.COMMANDS,)


def registry() -> Registry:
    """All commands by name."""
    return Registry(COMMANDS)
