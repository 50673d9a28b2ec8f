"""A load generator that costs little itself: raw connections kept alive, one request on each at a time."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from typing import cast

PATIENCE = 30.0
"""Seconds that an answer may take before the run counts as failed."""


@dataclass
class Told:
    """What came of a run: every answer, as it came."""

    seconds: float = 0.0
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    """Status and body."""
    took: list[float] = field(default_factory=list)
    """Seconds from request to answer, in the order of the answers."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.answers) / self.seconds

    def check(self, status: int) -> None:
        """Every answer has this status. Raises AssertionError, showing one that has not."""
        for found, body in self.answers:
            if found != status:
                raise AssertionError(f"expected {status}, got {found}: {body[:500]!r}")


def request(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """One HTTP/1.1 request, ready to send."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def run(
    ports: int | Sequence[int],
    requests: Iterator[bytes],
    *,
    connections: int,
    seconds: float | None = None,
    number: int | None = None,
) -> Told:
    """Sends requests over so many connections, for so long or so many of them; every answer is read whole.

    Of several ports each has as many of the connections.
    """
    to = [ports] if isinstance(ports, int) else ports
    told = Told()
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    stop = start + seconds if seconds is not None else float("inf")
    sending = islice(requests, number) if number is not None else requests
    made = [
        loop.create_connection(lambda: _Client(sending, stop, told), "127.0.0.1", to[turn % len(to)])
        for turn in range(connections)
    ]
    clients = [client for _, client in await asyncio.gather(*made)]
    start = time.perf_counter()
    async with asyncio.timeout((seconds or 0.0) + PATIENCE):
        await asyncio.gather(*(client.done for client in clients))
    told.seconds = time.perf_counter() - start
    return told


async def paced(port: int, requests: Iterator[bytes], *, rate: float, until: asyncio.Event) -> Told:
    """Sends so many requests a second, whether or not those before are answered, until it is told to end.

    Delays count from when a request was due: one that had to wait for a connection is late as well.
    """
    told, waiting = Told(), set[asyncio.Task[None]]()
    start, number = time.perf_counter(), 0
    while not until.is_set():
        due = start + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        waiting.add(asyncio.create_task(_one(port, next(requests), due, told)))
        number += 1
    await asyncio.gather(*waiting)
    told.seconds = time.perf_counter() - start
    return told


async def _one(port: int, request: bytes, due: float, told: Told) -> None:
    one = await run(port, iter([request]), connections=1)
    told.answers += one.answers
    told.took.append(time.perf_counter() - due)


class _Client(asyncio.Protocol):
    """One connection: sends, reads the answer whole, sends the next."""

    def __init__(self, requests: Iterator[bytes], stop: float, told: Told) -> None:
        self._requests = requests
        self._stop = stop
        self._told = told
        self._read = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._read += data
        end = self._read.find(b"\r\n\r\n")
        if end < 0:
            return
        size = _content_length(self._read[:end])
        if len(self._read) < end + 4 + size:
            return
        self._told.answers.append((int(self._read[9:12]), self._read[end + 4 :]))
        self._told.took.append(time.perf_counter() - self._sent_at)
        self._read = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))

    def _next(self) -> None:
        now = time.perf_counter()
        message = next(self._requests, None) if now < self._stop else None
        if message is None:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = now
        self._transport.write(message)


def _content_length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


def keys() -> Iterator[str]:
    """Idempotency keys, each another."""
    return (f"bench-{number}" for number in count(time.time_ns()))
