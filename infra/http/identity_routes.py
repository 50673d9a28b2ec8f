"""What callers read of themselves: the login page, the present session, powers, and the key that checks tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from infra.http.edge import answer, credentials_of
from infra.http.envelope import Context, encode
from infra.http.mounting import Mount
from infra.http.openapi import Describe
from infra.identity.login_page import LOGIN_PAGE
from infra.identity.views import current_user, permission, permissions, public_key

if TYPE_CHECKING:
    from infra.product import Product


def mount(mount: Mount, product: Product, describe: Describe) -> None:
    """Adds them under every service's prefix, as the reference does; the login page and the key under that of auth."""
    services = sorted({r.service for r in product.resources.values()})

    async def page(_request: Request, _context: Context) -> Response:
        return HTMLResponse(LOGIN_PAGE)

    async def key(request: Request, _context: Context) -> Response:
        return answer(encode(await public_key(product.signing_keys, request.query_params.get("keyId"))))

    async def user(request: Request, context: Context) -> Response:
        token = credentials_of(request, context).token
        return answer(encode(await current_user(product.store, context.actor, token)))

    async def powers(_request: Request, context: Context) -> Response:
        return answer(encode(permissions(product.registry, context.actor)))

    async def power(request: Request, context: Context) -> Response:
        return answer(encode(permission(product.registry, context.actor, request.path_params["permissionName"])))

    mount.add(("/login",), "GET", page, services=("auth",), anonymous=True)
    key_id = {"name": "keyId", "in": "query", "required": False, "schema": {"type": "string"}}
    mount.add(
        ("/publickey",),
        "GET",
        key,
        services=("auth",),
        anonymous=True,
        operation=describe.plain("publicKey", "The key that checks access tokens", "auth", parameters=(key_id,)),
    )
    mount.add(
        ("/currentuser",),
        "GET",
        user,
        services=services,
        public=False,
        operation=describe.plain("currentUser", "The present session", "auth"),
    )
    mount.add(
        ("/permissions",),
        "GET",
        powers,
        services=services,
        public=False,
        operation=describe.plain("permissions", "What the caller may do", "auth"),
    )
    mount.add(
        ("/permissions/{permissionName}",),
        "GET",
        power,
        services=services,
        public=False,
        operation=describe.plain("permission", "May the caller do that?", "auth", path="/permissions/{permissionName}"),
    )
