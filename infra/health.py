"""The truth about how the product is: each part says for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 2.0
"""Seconds that a part has to answer; one that does not is not well."""

Part = Callable[[], Awaitable[Mapping[str, Any]]]
"""Answers what is to be said of the part. A key `problem` says what is wrong with it; `warning`, what somebody should
look at although everything works.
"""


@dataclass(frozen=True, slots=True)
class State:
    """How it is: what is wrong, by part, and what each part tells."""

    problems: dict[str, str] = field(default_factory=dict)
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    """What somebody should look at, by part: it is well all the same."""

    @property
    def well(self) -> bool:
        """Nothing is wrong."""
        return not self.problems


async def state_of(parts: Mapping[str, Part]) -> State:
    """Asks every part at once, none longer than it has patience."""
    told = await asyncio.gather(*(_told(part) for part in parts.values()))
    state = State(parts=dict(zip(parts, told, strict=True)))
    state.problems.update({name: str(said["problem"]) for name, said in state.parts.items() if said.get("problem")})
    state.warnings.update({name: str(said["warning"]) for name, said in state.parts.items() if said.get("warning")})
    return state


async def _told(part: Part) -> dict[str, Any]:
    try:
        async with asyncio.timeout(PATIENCE):
            return dict(await part())
    except TimeoutError:
        return {"problem": f"did not answer within {PATIENCE:g} s"}
    except Exception as error:  # noqa: BLE001 - health tells what is wrong, whatever it is
        said = str(getattr(error, "message", error)).strip()
        return {"problem": said.splitlines()[0] if said else type(error).__name__}
