"""Answers that are sent as they are made, to readers who go on reading."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Self

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from commands.ports import Unavailable

PATIENCE = 30.0
"""Seconds that one write may take; less than PostgreSQL lets the transaction behind it rest."""
log = structlog.get_logger("http")


class Streamed(Response):
    """A JSON answer in pieces. As each holds something of the house while it waits (a connection to the database), a
    reader who takes nothing for a while is cut off, and whatever happens the pieces are closed.

    Args:
        first: the first piece.
        pieces: those behind it.
        patience: seconds that one write may take.
    """

    def __init__(self, first: bytes, pieces: AsyncGenerator[bytes, None], patience: float = PATIENCE) -> None:
        self.status_code, self.background = 200, None
        self.raw_headers = [(b"content-type", b"application/json")]
        self._first, self._pieces, self._patience = first, pieces, patience

    @classmethod
    async def of(cls, pieces: AsyncGenerator[bytes, None]) -> Self:
        """The answer of these pieces, the first of which is there. Raises what making it raises."""
        return cls(await anext(pieces), pieces)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it all, or leave it unfinished, which closes the connection to the reader."""
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await self._all(send, gone)
        except (TimeoutError, Unavailable) as why:
            reason = str(why) or f"its reader took nothing for {self._patience:g} seconds"
            log.warning("a stream was cut off", path=scope["path"], why=reason)
        finally:
            gone.cancel()

    async def _all(self, send: Send, gone: asyncio.Future[None]) -> None:
        async with contextlib.aclosing(self._pieces) as pieces:
            async with asyncio.timeout(self._patience):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await send({"type": "http.response.body", "body": self._first, "more_body": True})
            async for piece in pieces:
                if gone.done():
                    return
                async with asyncio.timeout(self._patience):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        async with asyncio.timeout(self._patience):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    """Returns when the reader has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
