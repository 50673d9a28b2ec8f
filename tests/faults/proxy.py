"""A network that can be bad: a TCP proxy that delays what passes, and cuts connections."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
CHUNK = 65_536
SECONDS = 30.0


class Network:
    """An event loop in a thread of its own, for any number of proxies."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()
        self._proxies: list[Proxy] = []

    def to_port(self, port: int, own: int = 0) -> Proxy:
        """A proxy in front of a port of the loopback address."""
        return self._proxy(lambda: asyncio.open_connection("127.0.0.1", port), own)

    def to_socket(self, path: str) -> Proxy:
        """A proxy in front of a unix socket."""
        return self._proxy(lambda: asyncio.open_unix_connection(path), 0)

    def close(self) -> None:
        """Cut everything, and listen no more."""
        for proxy in self._proxies:
            proxy.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    def _proxy(self, reach: Callable[[], Awaitable[Ends]], port: int) -> Proxy:
        proxy = Proxy(self, reach)
        self.run(proxy.listen(port))
        self._proxies.append(proxy)
        return proxy


class Proxy:
    """Passes bytes on, both ways, as slowly as it is told. Where nobody can be reached it hangs up."""

    def __init__(self, network: Network, reach: Callable[[], Awaitable[Ends]]) -> None:
        self.port = 0
        self.delay = 0.0
        """Seconds that every piece waits, each way."""
        self._network = network
        self._reach = reach
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def listen(self, port: int) -> None:
        """Begin."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> int:
        """Break every connection there is, whatever is under way; answers how many. New ones may come at once."""

        async def cut() -> int:
            tasks = [*self._open]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            return len(tasks)

        return self._network.run(cut())

    def close(self) -> None:
        """Cut, and listen no more."""

        async def stop() -> None:
            if self._server is not None:
                self._server.close()

        self._network.run(stop())
        self.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._pass_on((reader, writer))
        except (OSError, asyncio.CancelledError):
            pass  # the one was told, the other is how a cut reaches us
        finally:
            self._open.discard(task)
            _drop(writer)

    async def _pass_on(self, near: Ends) -> None:
        far = await self._reach()
        ways = [
            asyncio.create_task(self._pump(near[0], far[1])),
            asyncio.create_task(self._pump(far[0], near[1])),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            _drop(far[1])

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while piece := await source.read(CHUNK):
            if self.delay:
                await asyncio.sleep(self.delay)
            target.write(piece)
            await target.drain()


def _drop(writer: asyncio.StreamWriter) -> None:
    """Hang up without a goodbye: a reset, as of a network that broke."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.family == socket.AF_INET:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()
