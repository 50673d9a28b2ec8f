"""Every command, in one place: the registry is made of these."""

from __future__ import annotations

from commands.registry import Command, Registry

COMMANDS: tuple[Command, ...] = ()


def registry() -> Registry:
    """All commands by name."""
    return Registry(COMMANDS)
