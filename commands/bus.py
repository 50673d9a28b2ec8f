"""The one way in: who may ask, once per idempotency key, decide, save, answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from commands.ports import Answer, Cause, Conflict, EventStore, Kept, Key, KeyTaken, Unavailable
from commands.registry import Command, Handler
from commands.services import Services
from commands.wire import Message
from commands.work import Course, Work
from domain.access import holds
from domain.actor import Actor
from domain.errors import DomainError, NotAllowed
from domain.kernel import Aggregate

POLL = 0.02
"""Seconds between two looks for a twin's answer."""

Shown = dict[str, Any] | list[dict[str, Any]] | None
Render = Callable[[Answer, Shown], bytes]
"""Makes the body of an answer from what is to be told and the resource, or resources, that it is about."""


class Unauthenticated(DomainError):
    """Nobody, or bad credentials, where somebody is needed (401)."""

    code = "UNAUTHENTICATED"


class KeyReused(DomainError):
    """The idempotency key was used for something else (422)."""

    code = "KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request.")


class StillRunning(DomainError):
    """The first command with this idempotency key has not answered yet (409 with Retry-After)."""

    code = "KEY_IN_USE"


class Ask(NamedTuple):
    """What the edge knows of one request."""

    actor: Actor
    at: datetime
    """The product's time."""
    real_now: datetime
    """The wall's time."""
    render: Render
    request_id: str = ""
    address: str | None = None
    key: Key | None = None
    ahead: Sequence[Aggregate] = ()
    """Drafts of what the command said it will read, as the log has them now."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was answered, and where the log stood after it."""

    body: bytes
    status: int | None
    """Absent: as the command's route says."""
    position: int
    recorded: bool = True
    replayed: bool = False
    headers: dict[str, str] = field(default_factory=dict)


class Bus:
    """Runs commands. `attempts` bounds the decisions on conflict, `patience` (seconds) the wait for a twin's answer.

    A command whose answer is missing longer than `abandoned` seconds was cut off by a crash; who retries it resumes it.
    """

    def __init__(
        self,
        store: EventStore,
        services: Services,
        *,
        attempts: int = 64,
        patience: float = 5.0,
        abandoned: float = 30.0,
    ) -> None:
        self.store = store
        self.services = services
        self.attempts = attempts
        self.patience = patience
        self.abandoned = abandoned
        self.newest = 0
        """The newest position that this process has told anybody of."""

    async def run(self, command: Command, message: Message, ask: Ask) -> Done:
        """Decide the command and record what it decides.

        An idempotency key costs no question beforehand: the journal takes each key once, so a retry is found out when
        it would record, or would be refused, or has nothing to do.

        Raises Unauthenticated, a DomainError, KeyReused, StillRunning or Unavailable; then nothing was recorded that
        the caller is not told of when they ask again.
        """
        authorise(command, ask.actor)
        if ask.key is None:
            return await self._decide(command, message, ask, self.services.new_id())
        try:
            done = await self._decide(command, message, ask, self.services.new_id())
        except (KeyTaken, DomainError):
            # The first may have succeeded, and its success may be the very reason for this refusal.
            kept = await self.store.kept(ask.key.text)
            if kept is None:
                raise
            return await self._again(command, message, ask, kept)
        kept = None if done.recorded else await self.store.kept(ask.key.text)
        return done if kept is None else await self._again(command, message, ask, kept)

    async def check_unused(self, key: Key) -> None:
        """For a request that is no command at all: raises KeyReused if its key is that of one."""
        if await self.store.kept(key.text) is not None:
            raise KeyReused

    async def look(
        self, handler: Handler, message: Message, actor: Actor, *, at: datetime, real_now: datetime
    ) -> Answer:
        """Answer a question decided as a command would be, and record nothing. Raises DomainError, Unavailable."""
        cause = Cause(self.services.new_id(), "look", actor, at)
        return await handler(Work(self.store, self.services, cause, real_now=real_now, fresh=True), message)

    async def _again(self, command: Command, message: Message, ask: Ask, kept: Kept) -> Done:
        key = ask.key
        assert key is not None  # noqa: S101 - only asked of requests with a key
        ask = ask._replace(ahead=())  # decided on once already
        found = await self._once_answered(key, kept)
        if found is not None and found.fingerprint == key.fingerprint and found.answer is None:
            if found.age < self.abandoned:
                raise StillRunning("The first request with this Idempotency-Key is still being worked on.")
            return await self._decide(command, message, ask, found.command, begun=True)
        if found is None:
            return await self._decide(command, message, ask, self.services.new_id())
        if found.fingerprint != key.fingerprint:
            raise KeyReused
        status, _, body = (found.answer or b"").partition(b"\n")
        return Done(body, int(status) or None, found.position, recorded=False, replayed=True)

    async def _once_answered(self, key: Key, kept: Kept | None) -> Kept | None:
        """Wait a while for the first's answer."""
        for _ in range(int(self.patience / POLL)):
            if kept is None or kept.fingerprint != key.fingerprint or kept.answer is not None:
                break
            await asyncio.sleep(POLL)
            kept = await self.store.kept(key.text)
        return kept

    async def _decide(self, command: Command, message: Message, ask: Ask, id: UUID, *, begun: bool = False) -> Done:
        key = ask.key if command.idempotent else None
        course = Course(Cause(id, command.name, ask.actor, ask.at, ask.request_id, ask.address, key), begun)
        try:
            return await self._attempt(command, message, ask, course, ahead=ask.ahead)
        except KeyTaken:
            raise
        except Conflict as conflict:
            return await self._decide_anew(command, message, ask, course, conflict)

    async def _decide_anew(self, command: Command, message: Message, ask: Ask, course: Course, first: Conflict) -> Done:
        """Another was first: decide on what the log has now, a bounded number of times."""
        again = AsyncRetrying(
            retry=retry_if_exception(lambda e: isinstance(e, Conflict) and not isinstance(e, KeyTaken)),
            stop=stop_after_attempt(self.attempts - 1),
            wait=wait_random_exponential(multiplier=0.002, max=0.1),
            reraise=True,
        )
        try:
            async for attempt in again:
                with attempt:
                    return await self._attempt(command, message, ask, course, fresh=True)
        except KeyTaken:
            raise
        except Conflict as conflict:
            raise Unavailable("Too many others are changing the same thing; try again.") from conflict
        raise first  # pragma: no cover - the loop has answered or raised

    async def _attempt(
        self,
        command: Command,
        message: Message,
        ask: Ask,
        course: Course,
        *,
        fresh: bool = False,
        ahead: Sequence[Aggregate] = (),
    ) -> Done:
        work = Work(
            self.store, self.services, course.cause, real_now=ask.real_now, fresh=fresh, ahead=ahead, course=course
        )
        try:
            answer = await command.handler(work, message)
        except DomainError:
            # What refused may be a cache that others have overtaken: only the log may say no.
            if work.from_cache and work.position is None:
                return await self._attempt(command, message, ask, course, fresh=True)
            raise
        changed = work.changed
        if not changed and work.from_cache and work.position is None:
            return await self._attempt(command, message, ask, course, fresh=True)
        shown = await self._shown(work, answer)
        return await self._record(work, changed, answer, ask, shown)

    async def _record(self, work: Work, changed: Sequence[Aggregate], answer: Answer, ask: Ask, shown: Shown) -> Done:
        cause = work.cause
        body = ask.render(answer, shown)
        recorded = bool(changed) or work.position is not None or await self._begun(cause)
        if recorded and cause.key is not None:
            cause = cause._replace(answer=b"%d\n" % (answer.status or 0) + _without_secrets(ask, answer, shown, body))
        if changed:
            await work.confirm()
            work.position = await self.store.save(changed, cause)
        elif cause.answer is not None:
            await self.store.answer(cause.id, cause.answer)
        position = work.position if work.position is not None else await self.store.end()
        self.newest = max(self.newest, position)
        if isinstance(shown, dict) and answer.secret:
            body = ask.render(answer, shown | answer.secret)
        return Done(body, answer.status, position, recorded=recorded, headers=answer.headers)

    async def _begun(self, cause: Cause) -> bool:
        """Did an earlier attempt record something, and then lose to somebody who left it nothing more to do?"""
        if cause.key is None:
            return False
        kept = await self.store.kept(cause.key.text)
        return kept is not None and kept.command == cause.id

    async def _shown(self, work: Work, answer: Answer) -> Shown:
        if answer.resource is None:
            return None
        pending, documents = work.pending(), self.services.documents
        if answer.id is not None:
            return await documents.shown(answer.resource, answer.id, pending, work.actor)
        return await documents.shown_all(answer.resource, answer.ids, pending, work.actor)


def _without_secrets(ask: Ask, answer: Answer, shown: Shown, body: bytes) -> bytes:
    """The body as it is kept for retries."""
    if answer.kept is None and not answer.secret:
        return body
    told = answer if answer.kept is None else replace(answer, extra=answer.kept)
    return ask.render(told, shown | dict.fromkeys(answer.secret) if isinstance(shown, dict) else shown)


def authorise(command: Command, actor: Actor) -> None:
    """May this caller ask for this at all? Raises Unauthenticated or NotAllowed."""
    if holds(command.who, actor, {}):
        return
    if not actor.known:
        raise Unauthenticated("This needs a login: send a valid access token or API key.")
    raise NotAllowed(f"Your role may not {command.name}.")
