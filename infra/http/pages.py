"""What the whole product answers for itself: a front page, its health, its description, the sandbox's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from infra.http.edge import answer
from infra.http.envelope import APP_VERSION, Context, encode
from infra.http.mounting import Mount
from infra.http.openapi import Describe
from infra.http.postman import collection

if TYPE_CHECKING:
    from infra.product import Product

FRONT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Innkeep</title>
<style>body{font:16px/1.5 system-ui;max-width:42rem;margin:4rem auto;padding:0 1rem}</style>
<h1>Innkeep</h1><p>The backend of a marketplace for short stays.</p>
<ul><li><a href="/docs">Try the API</a> · <a href="/openapi.json">its description</a> ·
<a href="/getPostmanCollection">for Postman</a></li>
<li><a href="/login">Log in</a></li>
<li><a href="/health">Health</a> · <a href="/admin/health">in detail</a></li></ul></html>"""
ICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
    b'<path d="M8 1 1 7h2v8h4v-5h2v5h4V7h2z" fill="#b3541e"/></svg>'
)
DOWNLOAD = {"Content-Disposition": 'attachment; filename="innkeep.postman_collection.json"'}


async def health_of(product: Product) -> Response:
    """200, or 503 with what is wrong, by part."""
    state = await product.health()
    body = {"status": "OK" if state.well else "ERR", "appVersion": APP_VERSION, "problems": state.problems}
    return answer(encode(body), 200 if state.well else 503, {} if state.well else {"Retry-After": "1"})


def mount(mount: Mount, product: Product, describe: Describe) -> None:
    """Adds the pages, under every service's prefix too. What only browsers look at is no part of the description."""
    services = sorted({r.service for r in product.resources.values()})

    async def front(_request: Request, _context: Context) -> Response:
        return HTMLResponse(FRONT)

    async def swagger(_request: Request, _context: Context) -> Response:
        return RedirectResponse("/docs")

    async def icon(_request: Request, _context: Context) -> Response:
        return Response(ICON, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})

    async def postman(request: Request, _context: Context) -> Response:
        base = f"{request.scope['scheme']}://{request.headers.get('host', '127.0.0.1')}"
        return answer(encode(collection(describe.document(mount.paths), base)), headers=DOWNLOAD)

    async def health(_request: Request, _context: Context) -> Response:
        return await health_of(product)

    async def admin_health(_request: Request, _context: Context) -> Response:
        state = await product.health()
        body = {
            "status": "OK" if state.well else "ERR",
            "appVersion": APP_VERSION,
            "problems": state.problems,
            "warnings": state.warnings,
            "parts": state.parts,
        }
        return answer(encode(body), 200 if state.well else 503, {} if state.well else {"Retry-After": "1"})

    for path, page in (
        ("/", front),
        ("/swagger", swagger),
        ("/getPostmanCollection", postman),
        ("/favicon.ico", icon),
    ):
        mount.add((path,), "GET", page, services=services, anonymous=True)
    for path, page, name, summary in (
        ("/health", health, "health", "Whether all is well (503 if not), and what is not"),
        ("/admin/health", admin_health, "adminHealth", "The same, with warnings and how each part stands"),
    ):
        operation = describe.plain(name, summary, "health")
        mount.add((path,), "GET", page, services=services, anonymous=True, operation=operation)
