"""From a method and a path to an endpoint, without asking each of some hundred routes whether it is meant.

The routes stand in the framework all the same: it answers what is not found here, from unknown addresses to its own
pages. What is found here is never its business, as endpoints answer their own errors (`Edge.open`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from infra.http.edge import answer
from infra.http.envelope import failure

LONGEST_QUERY = 32 * 1024
"""Bytes of a query string, which is read as a whole. (The server's parser takes no address of 64 kB or more.)"""
Opened = Callable[[Request], Awaitable[Response]]
"""An endpoint as `Edge.open` makes it."""


class Dispatch:
    """Endpoints by method and path. A path without parameters goes before one with; then the first added wins."""

    def __init__(self) -> None:
        self._plain: dict[tuple[str, str], Opened] = {}
        self._shaped: dict[tuple[str, int], list[tuple[tuple[str, ...], Opened]]] = {}

    def add(self, method: str, path: str, endpoint: Opened) -> None:
        """One endpoint. A part of the path in braces stands for any text without a slash."""
        parts = tuple(path.split("/"))
        if "{" not in path:
            self._plain.setdefault((method, path), endpoint)
        else:
            self._shaped.setdefault((method, len(parts)), []).append((parts, endpoint))

    def find(self, method: str, path: str) -> tuple[Opened, dict[str, str]] | None:
        """The endpoint, and what stands at the path's parameters; None if there is none for this."""
        plain = self._plain.get((method, path))
        if plain is not None:
            return plain, {}
        parts = path.split("/")
        for shape, endpoint in self._shaped.get((method, len(parts)), ()):
            given = _given(shape, parts)
            if given is not None:
                return endpoint, given
        return None

    def allowed(self, path: str) -> list[str]:
        """The methods that this path takes; HEAD wherever it takes GET."""
        methods = {method for method, _ in self._plain} | {method for method, _ in self._shaped}
        taken = {method for method in methods if self.find(method, path) is not None}
        return sorted(taken | ({"HEAD"} if "GET" in taken else set()))


class Application(FastAPI):
    """The web application; what its dispatch finds, it answers at once."""

    dispatch: Dispatch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = None
        if scope["type"] == "http" and len(scope["query_string"]) > LONGEST_QUERY:
            await too_long()(scope, receive, send)
            return
        if scope["type"] == "http" and not scope.get("root_path"):
            # HEAD as GET: the framework would take the first route that fits, and not the one that GET finds.
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            found = self.dispatch.find(method, scope["path"])
        if found is None:
            await super().__call__(scope, receive, send)
            return
        endpoint, scope["path_params"] = found
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


def too_long() -> Response:
    """The answer to a query string that is too long to be looked at (414)."""
    message = f"The query string may have at most {LONGEST_QUERY} bytes."
    return answer(failure(414, "URI_TOO_LONG", message), 414)


def _given(shape: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    given: dict[str, str] = {}
    for wanted, part in zip(shape, parts, strict=True):
        if wanted.startswith("{") and part:
            given[wanted[1:-1]] = part
        elif wanted != part:
            return None
    return given
