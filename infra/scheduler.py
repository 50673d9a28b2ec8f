"""Acts on deadlines, in the order in which they are due, each as of its own instant.

Any number of schedulers may run on one database: a lock lets one of them act at a time, and acting twice does no harm.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, LiteralString, Protocol

import structlog

from commands.bus import Ask, Bus, Done
from commands.ports import Answer, Unavailable
from commands.registry import Registry
from commands.wire import Message
from commands.work import Work
from domain.actor import SYSTEM
from domain.errors import DomainError
from domain.kernel import Recorded
from infra.agenda import Agenda, Agendas, Deadline, Key
from infra.clock import Clock
from infra.postgres.line import Line
from infra.postgres.trouble import Outage

TAKE: LiteralString = "SELECT pg_try_advisory_lock(hashtextextended('innkeep scheduler of ' || current_schema(), 0))"
LEAVE: LiteralString = "SELECT pg_advisory_unlock(hashtextextended('innkeep scheduler of ' || current_schema(), 0))"

TICK = 0.2
"""Seconds between two looks at the table, at most."""
TURN = 0.02
"""Seconds between two attempts to be the one that acts."""
LONGEST_PAUSE = 10.0
"""Seconds until one that keeps failing as a whole begins anew, at most."""
LATE = timedelta(seconds=30)
"""How late a deadline may be acted on before that is a problem."""
CAUGHT_UP = 30.0
"""Seconds that the read models have to show what was done."""


class Seen(Protocol):
    """The read models, to wait for."""

    async def until_now(self, models: Collection[str], seconds: float) -> int:
        """Return once all of these models have taken in what is recorded by now."""
        ...


@dataclass(slots=True)
class Failing:
    """A deadline that could not be acted on."""

    tries: int
    again_at: float
    """By the event loop's clock."""
    error: str
    given_up: bool = False
    """Has somebody waited for it in vain? Nobody waits for it again; it is tried further, and health says so."""


class Scheduler:
    """Acts on what is due until it is cancelled; or, asked by whoever moves the clock, up to an instant.

    Args:
        line: a connection of its own, as a lock is held on it.
        agendas: what is due.
        bus: runs the command that is registered under the kind of the deadline.
        registry: the commands.
        clock: the product's.
        seen: the read models.
        models: their names.
        retry: the first and the longest time, in seconds, until a deadline that failed is tried again.
        patience: seconds that `run_until` keeps trying one that fails.
    """

    def __init__(
        self,
        line: Line,
        agendas: Agendas,
        bus: Bus,
        registry: Registry,
        clock: Clock,
        *,
        seen: Seen,
        models: Collection[str],
        retry: tuple[float, float] = (0.5, 60.0),
        patience: float = 10.0,
    ) -> None:
        self._line = line
        self._agendas = agendas
        self._bus = bus
        self._registry = registry
        self._clock = clock
        self._seen = seen
        self._models = models
        self._retry = retry
        self._patience = patience
        self._acting = asyncio.Lock()
        self._failing: dict[Key, Failing] = {}
        self._log = structlog.get_logger("scheduler")

    async def run(self) -> None:
        """Act on what is due when it is due, whatever happens to the database meanwhile."""
        outage, longer = Outage("scheduler"), TICK
        while True:
            pause = TICK
            try:
                pause = await self._look()
                outage.over()
                longer = TICK
            except Unavailable as away:
                outage.lasts(away)
            except Exception:  # noqa: BLE001 - a fault here must not end the product's time
                pause = longer = min(2 * longer, LONGEST_PAUSE)
                self._log.exception("the scheduler failed and begins anew", seconds=pause)
            await asyncio.sleep(pause)

    async def run_until(self, until: datetime) -> None:
        """Return when every deadline up to that instant, those they set included, is acted on and seen by reads.

        Raises Unavailable if one of them keeps failing, ReadBehind if the read models do not follow. Whoever asks again
        is not kept waiting by that same one.
        """
        async with self._turn(wait=True):
            for failing in self._failing.values():
                failing.again_at = 0.0 if failing.given_up else failing.again_at  # one more try is fair
            await self._act_until(until, give_up_at=_loop_time() + self._patience)
        await self._seen.until_now(self._models, CAUGHT_UP)

    async def health(self) -> dict[str, Any]:
        """What is due and what fails; a `problem` if nobody acts, or if something cannot be acted on."""
        now = self._clock.now()
        due, first = await self._agendas.overdue(now)
        # Right after the clock was moved much is due, and none of it late.
        since_moved = self._clock.real_now() - self._clock.moved_at
        late = min(now - first, since_moved) if first is not None else timedelta()
        told: dict[str, Any] = {
            "due": due,
            "failing": len(self._failing),
            "lateSeconds": round(late.total_seconds(), 3),
        }
        worst = max(self._failing.items(), key=lambda item: item[1].tries, default=None)
        if worst is not None:
            (kind, subject), failing = worst
            told["problem"] = f"{kind} of {subject} failed {failing.tries} times: {failing.error}"
        elif late > LATE:
            told["problem"] = f"{due} deadlines are due, the first since {late.total_seconds():.0f} s"
        return told

    async def _look(self) -> float:
        """Act if something is due; answers how long to rest, in seconds."""
        now, first = self._clock.now(), await self._agendas.first_due()
        if first is None or first > now:
            return min(TICK, (first - now).total_seconds() if first else TICK)
        async with self._turn(wait=False) as mine:
            if mine:
                await self._act_until(now)
        return TICK

    @contextlib.asynccontextmanager
    async def _turn(self, *, wait: bool) -> AsyncIterator[bool]:
        """Be the one that acts, here and on the database; without waiting, perhaps not."""
        async with self._acting:
            mine = await self._take()
            while wait and not mine:
                await asyncio.sleep(TURN)
                mine = await self._take()
            try:
                yield mine
            finally:
                if mine:
                    with contextlib.suppress(Unavailable):
                        await self._line.ask(LEAVE)

    async def _take(self) -> bool:
        ((taken,),) = await self._line.ask(TAKE)
        return bool(taken)

    async def _act_until(self, until: datetime, give_up_at: float | None = None) -> None:
        """Act on everything up to that instant; what fails is passed over, and with a time to give up tried again."""
        agenda = await self._agendas.until(until)
        await self._agendas.bring_up(agenda)
        while True:
            # What fails may take long to: a provider that is silent must not keep what has nothing to do with it.
            found = agenda.first(but=self._resting(), last=self._failing)
            if found is not None:
                await self._act(agenda, found)
                continue
            await self._agendas.bring_up(agenda)
            if agenda.first(but=self._resting()) is not None:
                continue
            if not agenda.whole:  # nothing of it can be acted on now: read on, past what fails
                agenda = await self._agendas.until(until, self._failing if agenda.due else ())
                await self._agendas.bring_up(agenda)
            elif give_up_at is None or not (waited_for := self._not_given_up(agenda)):
                self._forget(agenda)
                return
            elif _loop_time() > give_up_at:
                for deadline in waited_for:
                    self._failing[deadline.kind, deadline.subject].given_up = True
                failing = waited_for[0]
                raise Unavailable(f"{failing.kind} of {failing.subject} cannot be acted on now")
            else:
                await asyncio.sleep(TURN)

    async def _act(self, agenda: Agenda, deadline: Deadline) -> None:
        key = (deadline.kind, deadline.subject)
        try:
            done, events = await self._run(deadline)
        except Exception as error:  # noqa: BLE001 - the others must not wait for this one
            self._rest(key, error)
            return
        self._failing.pop(key, None)
        if events is not None:
            self._agendas.foresee(agenda, events)
        elif done.recorded:
            await self._agendas.bring_up(agenda, done.position)
        if agenda.due.get(key) == deadline:
            self._log.warning(
                "a deadline was acted on and not cleared", kind=deadline.kind, subject=str(deadline.subject)
            )
            del agenda.due[key]
            await self._agendas.strike(deadline)

    async def _run(self, deadline: Deadline) -> tuple[Done, Sequence[Recorded] | None]:
        """What the command answered, and what it recorded; None where only the log tells."""
        command = self._registry[deadline.kind]
        events: Sequence[Recorded] | None = None

        async def watched(work: Work, message: Message) -> Answer:
            nonlocal events
            answer = await command.handler(work, message)
            events = work.pending() if work.position is None else None
            return answer

        message = command.message.model_validate({"subject": deadline.subject})
        ask = Ask(SYSTEM, at=deadline.due, real_now=self._clock.real_now(), render=lambda _answer, _shown: b"")
        done = await self._bus.run(replace(command, handler=watched), message, ask)
        return done, events

    def _rest(self, key: Key, error: Exception) -> None:
        first, longest = self._retry
        tries = self._failing[key].tries + 1 if key in self._failing else 1
        pause = min(first * 2 ** min(tries - 1, 30), longest)
        told = f"{type(error).__name__}: {error}"
        # Health is for everybody, and an error may quote what it met: what it said stands in the log.
        given_up = key in self._failing and self._failing[key].given_up
        self._failing[key] = Failing(tries, _loop_time() + pause, type(error).__name__, given_up)
        unexpected = None if isinstance(error, DomainError | Unavailable) else error
        self._log.error("a deadline failed", kind=key[0], subject=str(key[1]), error=told, exc_info=unexpected)

    def _forget(self, agenda: Agenda) -> None:
        """What failed and is not due any more fails no more."""
        if agenda.whole and not agenda.but:
            self._failing = {key: failing for key, failing in self._failing.items() if key in agenda.due}

    def _not_given_up(self, agenda: Agenda) -> list[Deadline]:
        """What is due, fails, and is still worth waiting for."""
        return [d for key, d in agenda.due.items() if key not in self._failing or not self._failing[key].given_up]

    def _resting(self) -> set[Key]:
        now = _loop_time()
        return {key for key, failing in self._failing.items() if failing.again_at > now}


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
