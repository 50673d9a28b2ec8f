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
        most: callers in one query.
        waiting: callers that may wait; more are Unavailable.
    """

    def __init__(
        self, ask: Callable[[Sequence[Q]], Awaitable[Sequence[R]]], *, most: int = 200, waiting: int = 10_000
    ) -> None:
        self._ask = ask
        self._most = most
        self._room = waiting
        self._waiting: deque[tuple[Sequence[Q], asyncio.Future[Sequence[R]]]] = deque()
        self._at_work: asyncio.Task[None] | None = None

    async def __call__(self, question: Q) -> R:
        """The answer. Raises what asking raised, and Unavailable if too many wait."""
        (answer,) = await self.all((question,))
        return answer

    async def all(self, questions: Sequence[Q]) -> Sequence[R]:
        """The answers to questions of one caller, in their order; raises as for one."""
        if len(self._waiting) >= self._room:
            raise Unavailable("Too many readers are waiting for the database.")
        answers: asyncio.Future[Sequence[R]] = asyncio.get_running_loop().create_future()
        self._waiting.append((questions, answers))
        if self._at_work is None:
            self._at_work = asyncio.create_task(self._work())
        return await answers

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                await self._answer([(questions, answers) for questions, answers in batch if not answers.done()])
        finally:
            self._at_work = None

    async def _answer(self, batch: Sequence[tuple[Sequence[Q], asyncio.Future[Sequence[R]]]]) -> None:
        try:
            found = await self._ask([question for questions, _ in batch for question in questions])
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            for _, answers in batch:
                if not answers.done():
                    answers.set_exception(error)
            return
        end = 0
        for questions, answers in batch:
            start, end = end, end + len(questions)
            if not answers.done():
                answers.set_result(found[start:end])
