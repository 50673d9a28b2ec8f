"""The web application: every route of the product, mounted from what the rooms declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from infra.http import (
    bff_routes,
    clock_routes,
    command_routes,
    identity_routes,
    metric_routes,
    operator_routes,
    pages,
    quote_routes,
    read_routes,
    search_routes,
)
from infra.http.dispatch import Application, Dispatch
from infra.http.edge import Edge, answer
from infra.http.envelope import APP_VERSION, failure
from infra.http.mounting import Mount
from infra.http.openapi import Describe

if TYPE_CHECKING:
    from infra.product import Product

TITLE = "Innkeep"
CODES = {
    404: ("NOT_FOUND", "There is nothing at this address."),
    405: ("METHOD_NOT_ALLOWED", "This address does not take that method."),
}


def create_app(product: Product) -> FastAPI:
    """All surfaces over one product."""
    app = Application(title=TITLE, version=APP_VERSION, docs_url="/docs", redoc_url=None, openapi_url="/openapi.json")
    app.dispatch = Dispatch()
    mount = Mount(app, Edge(product))
    describe = Describe(product.resources)
    mount_commands(mount, product, describe)
    clock_routes.mount(mount, product, describe)
    quote_routes.mount(mount, product, describe)
    identity_routes.mount(mount, product, describe)
    operator_routes.mount(mount, product, describe)
    operator_routes.mount_history(mount, product, describe)
    read_routes.mount(mount, product, describe)
    search_routes.mount(mount, product, describe)
    bff_routes.mount(mount, product, describe)
    pages.mount(mount, product, describe)
    metric_routes.mount(mount, product)
    app.openapi = lambda: describe.document(mount.paths)  # type: ignore[method-assign]
    app.add_exception_handler(HTTPException, unknown_address)
    return app


def mount_commands(mount: Mount, product: Product, describe: Describe) -> None:
    """The write routes, from the registry."""
    for command in product.registry:
        route = command.route
        if route is None:
            continue
        mount.add(
            (route.path, *command.aliases),
            route.method,
            command_routes.endpoint(mount.edge, command, route),
            foresees=command_routes.foresight(mount.edge, command, route) if command.ahead else None,
            services=(route.service,),
            prefixed=route.prefixed,
            operation=describe.command(command, route),
            api_auth=route.service == operator_routes.SERVICE,
            public=command.public,
        )


async def unknown_address(request: Request, error: Exception) -> Response:
    """What the router itself refuses, in the one form of errors."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code, message = CODES.get(status, ("ERROR", str(getattr(error, "detail", error))))
    headers = dict(getattr(error, "headers", None) or {})
    if status == 405:  # the framework names the methods of one of the routes at this address
        headers["Allow"] = ", ".join(request.app.dispatch.allowed(request.url.path))
    return answer(failure(status, code, message, {"path": request.url.path}), status, headers)
