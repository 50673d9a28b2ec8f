"""What was seen, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from infra.log import mask
from infra.settings import Settings

State = Literal["fine", "warning", "problem"]
STATES: tuple[State, ...] = ("fine", "warning", "problem")
"""The better first."""
HIDDEN = "•••"
SHORTEST_SECRET = 4
"""Shorter ones stand in half of all words."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    check: str
    state: State
    seen: str
    """One line."""
    todo: str = ""
    """One line; empty where there is nothing to do."""


def worst(findings: Iterable[Finding]) -> State:
    """The state of the whole: that of its worst part."""
    return max((finding.state for finding in findings), key=STATES.index, default="fine")


@dataclass(frozen=True, slots=True)
class Secrets:
    """Texts that nobody is to see, wherever they turn up: in what a server says of an address, for one."""

    texts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Secrets:
        """Every secret of the settings, and the password in each of their addresses."""
        found = {
            value.get_secret_value()
            for name in Settings.model_fields
            if isinstance(value := getattr(settings, name), SecretStr)
        }
        found |= {password for text in found for password in _passwords(text)}
        return cls(frozenset(text for text in found if len(text) >= SHORTEST_SECRET))

    def hide(self, finding: Finding) -> Finding:
        """The finding without them, on one line."""
        return finding._replace(seen=self._without(finding.seen), todo=" ".join(finding.todo.split()))

    def _without(self, text: str) -> str:
        for secret in sorted(self.texts, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return mask(" ".join(text.split()))


def _passwords(address: str) -> set[str]:
    """The password in the address of a database, as it is and as an address has it."""
    try:
        password = conninfo_to_dict(address).get("password")
    except psycopg.ProgrammingError:
        password = address.rpartition("@")[0].rpartition(":")[2]
    return {str(password), quote(str(password), safe=""), unquote(str(password))} if password else set()
