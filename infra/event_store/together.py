"""Questions that wait at the same moment are asked in one go."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from commands.ports import Unavailable

Q = TypeVar("Q")
R = TypeVar("R")


class Together(Generic[Q, R]):
    """While one query is under way, the questions that come meanwhile gather for the next.

    A query for each of many callers releases them one by one, and what they save then is committed one by one;
    asked together they come back together, and are committed together.

    Args:
        ask: answers many questions at once, in their order.
        most: questions in one query.
        waiting: questions that may wait; more are Unavailable.
    """

    def __init__(
        self, ask: Callable[[Sequence[Q]], Awaitable[Sequence[R]]], *, most: int = 200, waiting: int = 10_000
    ) -> None:
        self._ask = ask
        self._most = most
        self._room = waiting
        self._waiting: deque[tuple[Q, asyncio.Future[R]]] = deque()
        self._at_work: asyncio.Task[None] | None = None

    async def __call__(self, question: Q) -> R:
        """The answer. Raises what asking raised, and Unavailable if too many wait."""
        return await self._put(question)

    async def all(self, questions: Sequence[Q]) -> list[R]:
        """The answers to questions of one caller, in their order; raises as for one."""
        return await asyncio.gather(*map(self._put, questions))

    def _put(self, question: Q) -> asyncio.Future[R]:
        if len(self._waiting) >= self._room:
            raise Unavailable("too many readers are waiting for the database")
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._at_work is None:
            self._at_work = asyncio.create_task(self._work())
        return answer

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                await self._answer([(question, answer) for question, answer in batch if not answer.done()])
        finally:
            self._at_work = None

    async def _answer(self, batch: Sequence[tuple[Q, asyncio.Future[R]]]) -> None:
        try:
            answers = await self._ask([question for question, _ in batch])
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
        else:
            for result, (_, answer) in zip(answers, batch, strict=True):
                if not answer.done():
                    answer.set_result(result)
