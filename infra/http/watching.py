"""Health and metrics on a port of their own: also for roles that serve no API, and for those who must not reach it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.http.pages import health_of
from infra.standing import measured

if TYPE_CHECKING:
    from infra.product import Product


def create_watching(product: Product) -> Starlette:
    """The two pages. Whoever reaches the port may read them: nothing there tells of people, or holds secrets."""

    async def metrics(_request: Request) -> Response:
        return Response(await measured(product), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(_request: Request) -> Response:
        return await health_of(product)

    return Starlette(routes=[Route("/metrics", metrics), Route("/health", health)])


@contextlib.asynccontextmanager
async def watching(product: Product, listener: socket.socket | None) -> AsyncIterator[None]:
    """Answers there while the block runs; nothing happens without a listener."""
    if listener is None:
        yield
        return
    server = _Beside(
        uvicorn.Config(
            create_watching(product),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class _Beside(uvicorn.Server):
    """Leaves signals to whom it is beside."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None of them."""
        yield
