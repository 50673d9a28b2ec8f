"""`GET /metrics`: what Prometheus asks for, every few seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from domain.errors import NotAllowed
from infra.http.envelope import Context
from infra.http.mounting import Mount
from infra.settings import is_loopback
from infra.standing import measured

if TYPE_CHECKING:
    from infra.product import Product

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


def mount(mount: Mount, product: Product) -> None:
    """Adds the page. It is no part of the API, and not described there."""

    async def metrics(_request: Request, context: Context) -> Response:
        if not (context.actor.admin or from_here(context)):
            raise NotAllowed("Metrics are for admins, and for callers on this machine.")
        return Response(await measured(product), headers={"Content-Type": CONTENT_TYPE_LATEST})

    mount.add(("/metrics",), "GET", metrics)


def from_here(context: Context) -> bool:
    """Does somebody on this machine call, for themselves? Behind a proxy, everybody's address may be this one."""
    forwarded = any(name in context.headers for name in FORWARDED)
    return context.address is not None and is_loopback(context.address) and not forwarded
