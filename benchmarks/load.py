"""A load generator that costs little itself: raw connections kept alive, requests made beforehand."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Told:
    """What came of a run."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)

    def rate(self, status: int) -> float:
        """Answers with this status, a second."""
        return self.statuses[status] / self.seconds


def request(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """One HTTP/1.1 request, ready to send."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def run(port: int, requests: Iterator[bytes], *, connections: int, seconds: float) -> Told:
    """Sends requests over so many connections for so long; every answer is read whole."""
    told = Told()
    start = time.perf_counter()
    stop = start + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while time.perf_counter() < stop:
                writer.write(next(requests))
                told.statuses[await _answer(reader)] += 1
        finally:
            writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    told.seconds = time.perf_counter() - start
    return told


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.find(b"content-length:")
    if length >= 0:
        size = int(head[length + 15 : head.index(b"\r\n", length)])
        if size:
            await reader.readexactly(size)
    return int(head[9:12])
