"""What the sandbox lets an admin do to the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol, Self

from pydantic import BeforeValidator, WithJsonSchema, model_validator

from commands.ports import Key
from commands.wire import Instant, Message
from infra.clock import Clock
from projections.projection import instant


class Deadlines(Protocol):
    """Acts on what is due."""

    async def run_until(self, until: datetime) -> None:
        """Return when every deadline up to then has been acted on, and reads show it."""
        ...


def _duration(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("P") or len(value) > 50 or not value.isascii():
        raise ValueError("is not an ISO 8601 duration, such as P3DT2H")
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration), WithJsonSchema({"type": "string", "format": "duration"})]


class MoveClock(Message):
    """Move the clock on by `advance`, or to `now`: one of the two."""

    advance: Duration | None = None
    now: Instant | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.advance is None) == (self.now is None):
            raise ValueError("say either advance or now")
        return self


def told(now: datetime) -> dict[str, Any]:
    """What time it is."""
    return {"now": instant(now)}


async def move(clock: Clock, deadlines: Deadlines, m: MoveClock, once: Key | None = None) -> datetime:
    """Move the clock, and answer what time it then is once all that became due by it has been acted on and is seen.

    What was moved `once` under a key is not moved again. Raises Invalid (back, or too far), KeyReused, NotThere where
    the clock cannot be moved, Unavailable.
    """
    moved = clock.advance(m.advance, once) if m.advance is not None else clock.set(m.now, once)  # type: ignore[arg-type]
    reached = await moved
    await deadlines.run_until(reached)
    return reached
