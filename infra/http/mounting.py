"""Where routes stand: under their service's prefix and without it, and described once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from infra.http.dispatch import Application, Opened
from infra.http.edge import Edge, Endpoint, Foresight
from infra.tracing.port import TRACEPARENT

Operation = dict[str, Any]
"""An operation object of OpenAPI."""
Scheme = dict[str, list[str]]
"""Credentials, as OpenAPI names them."""
NOTHING: Scheme = {}
TOKEN: Scheme = {"token": []}
API_AUTH: Scheme = {"apiAuth": []}
UNTRACED = frozenset({"/health", "/admin/health", "/metrics", "/favicon.ico"})
"""Asked for every few seconds, and of no interest step by step."""


def prefix_of(service: str) -> str:
    """The prefix of a service's routes, such as `/bookingmanagement-api`."""
    return f"/{service.lower()}-api"


def taken(*, public: bool, api_auth: bool, anonymous: bool) -> list[Scheme]:
    """The credentials that may come, any of these; nothing where none need to."""
    if anonymous:
        return [NOTHING]
    return [*([NOTHING] if public else []), TOKEN, *([API_AUTH] if api_auth else [])]


class Mount:
    """Adds endpoints to the application and keeps what is to be said of them."""

    def __init__(self, app: Application, edge: Edge) -> None:
        self.app = app
        self.edge = edge
        self.paths: dict[str, dict[str, Operation]] = {}
        self._addresses: Counter[str] = Counter()
        """At how many each operation stands; from the second on its id has that number."""

    def add(
        self,
        paths: Iterable[str],
        method: str,
        endpoint: Endpoint,
        *,
        services: Iterable[str] = (),
        operation: Operation | None = None,
        public: bool = True,
        api_auth: bool = False,
        anonymous: bool = False,
        changes: bool = True,
        foresees: Foresight | None = None,
        prefixed: bool = False,
    ) -> None:
        """One endpoint at all its paths, with and without the prefix of each of its services, or with it only.

        See `Edge.open`.
        """
        prefixes = [prefix_of(service) for service in services]
        opened = self.edge.open(
            endpoint, public=public, api_auth=api_auth, anonymous=anonymous, changes=changes, foresees=foresees
        )
        for path in paths:
            counted = self._traced(self._counted(opened, method, path), method, path)
            for prefix in prefixes if prefixed else ("", *prefixes):
                self._route(prefix + path, method, counted)
            if operation is not None:
                at = prefixes[0] + path if prefixed else path
                servers = [{"url": url} for url in ("/", *prefixes)] if prefixes and not prefixed else None
                needed = {"security": taken(public=public, api_auth=api_auth, anonymous=anonymous)}
                self._describe(at, method, operation | needed, servers)

    def _counted(self, opened: Opened, method: str, route: str) -> Opened:
        observe = self.edge.product.metrics.request(method, route)

        async def counted(request: Request) -> Response:
            start = time.perf_counter()
            response = await opened(request)
            observe(response.status_code, time.perf_counter() - start)
            return response

        return counted

    def _traced(self, counted: Opened, method: str, route: str) -> Opened:
        tracing = self.edge.product.tracing
        if tracing is None or route in UNTRACED:
            return counted

        async def traced(request: Request) -> Response:
            known = {"http.request.method": method, "http.route": route}
            parent = request.headers.get(TRACEPARENT)
            with tracing.span(f"{method} {route}", "server", known, parent=parent) as span:
                response = await counted(request)
                span.say("http.response.status_code", response.status_code)
                span.say("innkeep.request_id", response.headers["x-request-id"])
                if response.status_code >= 500:
                    span.failed(f"answered {response.status_code}")
                return response

        return traced

    def _route(self, path: str, method: str, endpoint: Opened) -> None:
        self.app.add_route(path, endpoint, methods=[method], include_in_schema=False)
        self.app.dispatch.add(method, path, endpoint)

    def _describe(self, path: str, method: str, operation: Operation, servers: list[dict[str, str]] | None) -> None:
        name = operation["operationId"]
        self._addresses[name] += 1
        own = {"operationId": name + (str(self._addresses[name]) if self._addresses[name] > 1 else "")}
        self.paths.setdefault(path, {})[method.lower()] = operation | own | ({"servers": servers} if servers else {})
