"""What patterns and phrases of the algebra mean, said in plain Python."""

from __future__ import annotations

import re


def wild(pattern: str) -> str:
    """A wildcard pattern as an expression of Python's."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    return "".join({"*": ".*", "?": "."}.get(part, re.escape(part[-1])) for part in parts)


def follows(said: tuple[str, ...], asked: tuple[str, ...], *, prefix: bool) -> bool:
    """Do these words follow one another, the last one whole or, with `prefix`, only begun?"""
    *whole, last = asked
    return any(
        said[at : at + len(whole)] == tuple(whole)
        and (said[at + len(whole)].startswith(last) if prefix else said[at + len(whole)] == last)
        for at in range(len(said) - len(whole))
    )
