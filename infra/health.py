"""The truth about how the product is: each part says for itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio

PATIENCE = 2.0
"""Seconds that a part has to answer; one that does not is not well."""

Part = Callable[[], Awaitable[Mapping[str, Any]]]
"""Answers what is to be said of the part; a key `problem` says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class State:
    """How it is: what is wrong, by part, and what each part tells."""

    problems: dict[str, str] = field(default_factory=dict)
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def well(self) -> bool:
        """Nothing is wrong."""
        return not self.problems


async def state_of(parts: Mapping[str, Part]) -> State:
    """Asks every part, one after the other, none longer than it has patience."""
    state = State()
    for name, part in parts.items():
        told: dict[str, Any]
        try:
            with anyio.fail_after(PATIENCE):
                told = dict(await part())
        except TimeoutError:
            told = {"problem": f"did not answer within {PATIENCE:g} s"}
        except Exception as error:  # noqa: BLE001 - health tells what is wrong, whatever it is
            told = {"problem": str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}
        state.parts[name] = told
        if told.get("problem"):
            state.problems[name] = str(told["problem"])
    return state
