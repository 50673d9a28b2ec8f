"""The command line: `innkeep serve`, `innkeep demo`, and what operates a running one."""

from infra.cli.main import main

__all__ = ["main"]
