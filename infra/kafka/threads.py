"""Calls of Kafka's library in threads that keep no process from ending: it waits for as long as it was told to."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def begun(work: Callable[[], T]) -> tuple[threading.Thread, asyncio.Future[T]]:
    """A thread that does it, and what comes of it, for this event loop."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    thread = threading.Thread(target=_run, args=(work, loop, done), name="kafka", daemon=True)
    thread.start()
    return thread, done


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
