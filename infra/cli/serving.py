"""From a command line to a running product, and cleanly back."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg
import structlog
import uvicorn

from infra.build import build
from infra.cli.main import fail
from infra.cli.reach import database, trouble_in_one_line
from infra.http.app import create_app
from infra.http.watching import watching
from infra.log import configure_logging
from infra.postgres.guards import guard
from infra.postgres.migrate import migrate
from infra.product import Product
from infra.proxies import as_seen
from infra.read_models.progress import Progress
from infra.roles import Role
from infra.settings import Mode, Settings, load_settings

LAST_REQUESTS = 5
"""Seconds that running requests have to end after SIGTERM."""

GONE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 60_000}
"""After how long a caller is given up who says nothing, or takes nothing; in seconds, the last in milliseconds."""

log = structlog.get_logger("serve")


def run(
    roles: frozenset[Role], *, host: str = "127.0.0.1", port: int = 0, data: Path, default_mode: Mode = "production"
) -> None:
    """Serve these roles until SIGTERM or Ctrl-C. Exits 2 with one line if it cannot start."""
    settings = load_settings(default_mode=default_mode)
    configure_logging(settings.log_level, settings.log_format)
    if roles == {Role.RELAY} and settings.kafka_bootstrap_servers is None:
        fail("a relay needs a Kafka: set INNKEEP_KAFKA_BOOTSTRAP_SERVERS")
    listener = listen(host, port) if Role.API in roles else None
    watched = listen(settings.metrics_host, settings.metrics_port) if settings.metrics_port else None
    with trouble_in_one_line(), contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        uvloop_run(_serve(settings, roles, host, data, listener=listener, watched=watched))


def uvloop_run(main: Coroutine[Any, Any, None]) -> None:
    """Runs on the faster event loop."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on, bound before anything else is started. Exits 2 if the port is in use."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        notice_who_is_gone(listener)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        fail(f"cannot listen on {host} port {port}: {error.strerror or error}")
    return listener


def notice_who_is_gone(listener: socket.socket) -> None:
    """Callers who are gone without a word, or take nothing any more: what it accepts inherits this, where the system
    has it. A connection that is only closed stays open for as long as there is something that nobody takes.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in GONE.items():
        if option := getattr(socket, name, None):
            listener.setsockopt(socket.IPPROTO_TCP, option, value)


@contextlib.asynccontextmanager
async def running(settings: Settings, roles: frozenset[Role], host: str, data: Path) -> AsyncIterator[Product]:
    """A product that does the work of these roles while the block runs."""
    everything = Role.API in roles and len(roles) > 1
    async with database(settings, data, shared=not everything) as conninfo:
        for warning in await guard(conninfo, production=not settings.sandbox):
            log.warning("the database could serve better", check=warning.name, told=warning.told, advice=warning.advice)
        await migrate(conninfo)
        settings.check(host=host, database_is_empty=await empty(conninfo))
        async with build(settings, conninfo=conninfo, roles=roles) as product:
            yield product


async def empty(conninfo: str) -> bool:
    """Has nothing ever happened here?"""
    async with await psycopg.AsyncConnection.connect(conninfo) as conn:
        cursor = await conn.execute("SELECT NOT EXISTS (SELECT FROM event)")
        row = await cursor.fetchone()
    return bool(row and row[0])


async def _serve(
    settings: Settings,
    roles: frozenset[Role],
    host: str,
    data: Path,
    *,
    listener: socket.socket | None,
    watched: socket.socket | None,
) -> None:
    stop_starting_when_told()
    async with running(settings, roles, host, data) as product, watching(product, watched):
        spare_the_collector()
        if listener is None:
            await until_told_to_stop()
        else:
            await server(product).serve(sockets=[listener])


def stop_starting_when_told() -> None:
    """Until it serves, SIGTERM cancels the start, so that whatever was started by then is stopped again."""
    start = asyncio.current_task()
    assert start is not None  # noqa: S101 - it runs on a loop
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, start.cancel)


def spare_the_collector() -> None:
    """What a start has made stays for good, and requests leave next to no cycles behind: the garbage collector need
    not look through the one at all, nor after every 700 of the other's objects, which took a sixth of the processor.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def server(product: Product) -> uvicorn.Server:
    """The web server over a product."""
    config = uvicorn.Config(
        create_app(product),
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=as_seen(product.settings.trusted_proxies),
        timeout_graceful_shutdown=LAST_REQUESTS,
        lifespan="off",
    )
    return Server(config, product.side.progress)


class Server(uvicorn.Server):
    """Ends with exit code 0 when it was told to stop, however it was told.

    Args:
        config: of the web server.
        progress: is told of the end, so that long polls are answered rather than cut off.
    """

    def __init__(self, config: uvicorn.Config, progress: Progress) -> None:
        super().__init__(config)
        self.progress = progress

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Told to stop."""
        self.progress.end()
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C ask it to stop; the second time at once."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.handle_exit, name, None)
        try:
            yield
        finally:
            for name in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(name)


async def until_told_to_stop() -> None:
    """Waits for SIGTERM or Ctrl-C."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, told.set)
    await told.wait()
