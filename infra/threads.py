"""Calls of libraries that wait for others, in threads that keep no process from ending: they wait for as long as they
were told to.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


def begun(work: Callable[[], T]) -> tuple[threading.Thread, asyncio.Future[T]]:
    """A thread that does it, and what comes of it, for this event loop."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    thread = threading.Thread(target=_run, args=(work, loop, done), name="beside", daemon=True)
    thread.start()
    return thread, done


class Threads:
    """So many threads, at most, that do one call after the other.

    Args:
        most: of them; each is started when it is first needed.
        name: of theirs.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._started = 0
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def do(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """What comes of it, for this event loop."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        if self._started < self._most:
            self._started += 1
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        self._calls.put(lambda: None if done.cancelled() else _run(work, loop, done))
        return done

    def end(self) -> None:
        """Each ends with its call."""
        for _ in range(self._started):
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _run(work: Callable[[], T], loop: asyncio.AbstractEventLoop, done: asyncio.Future[T]) -> None:
    try:
        found = work()
    except BaseException as error:  # noqa: BLE001 - whoever waits is told
        _settle(loop, done, done.set_exception, error)
    else:
        _settle(loop, done, done.set_result, found)
    finally:
        del work, done  # an error knows this frame, and `done` the error: together they would keep the producer alive


def _settle(loop: asyncio.AbstractEventLoop, done: asyncio.Future[T], how: Callable[[Any], None], what: Any) -> None:
    def settle() -> None:
        if not done.done():
            how(what)

    with contextlib.suppress(RuntimeError):  # the loop has ended: nobody wants to know any more
        loop.call_soon_threadsafe(settle)
