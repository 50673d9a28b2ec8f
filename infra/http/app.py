"""The web application: every route of the product, mounted from what the rooms declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from infra.http import command_routes, operator_routes, pages, read_routes
from infra.http.edge import Edge, answer
from infra.http.envelope import APP_VERSION, failure
from infra.http.mounting import Mount
from infra.http.openapi import describe

if TYPE_CHECKING:
    from infra.product import Product

TITLE = "Innkeep"
CODES = {404: ("NOT_FOUND", "There is nothing at this address."), 405: ("METHOD_NOT_ALLOWED", "This address does not take that method.")}


def create_app(product: Product) -> FastAPI:
    """All surfaces over one product."""
    app = FastAPI(title=TITLE, version=APP_VERSION, docs_url="/docs", redoc_url=None, openapi_url="/openapi.json")
    edge = Edge(product)
    mount = Mount(app, edge)
    for command in product.registry:
        if command.route is not None:
            mount.add(
                (command.route.path, *command.aliases),
                command.route.method,
                command_routes.endpoint(edge, command, command.route),
                service=command.route.service,
                api_auth=command.route.service == "operators",
                describe=describe.command(command, command.route, product),
            )
    read_routes.mount(mount, product)
    operator_routes.mount(mount, product)
    pages.mount(mount, product)
    app.add_exception_handler(HTTPException, unknown_address)
    return app


async def unknown_address(request: Request, error: Exception) -> Response:
    """What the router itself refuses, in the one form of errors."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code, message = CODES.get(status, ("ERROR", str(getattr(error, "detail", error))))
    headers = dict(getattr(error, "headers", None) or {})
    return answer(failure(status, code, message, {"path": request.url.path}), status, headers)
